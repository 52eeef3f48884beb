"""A person at the command line: never the operator, always whoever the file says."""

import json
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest

from limen.core.signin.levels import EVERYBODY, FactorPolicy
from limen.core.tokens.issuing import IssuedTokens
from limen.core.users.model import UserPolicy
from limen.entrypoints.cli.exits import Exit
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly
from limen.testing.passkeys import Authenticator, a_passkey
from limen.testing.policies import Policies
from tests.unit.entrypoints.cli.person import ADA, Person
from tests.unit.entrypoints.cli.shell import Shell
from tests.unit.entrypoints.cli.terminal import terminal

OTHER = "another long sentence"


@pytest.fixture
def ada(shell: Shell, tmp_path: Path) -> Person:
    """Somebody without an account."""
    return Person(shell, tmp_path / "state" / "ada.json")


async def _root(limen: Assembly) -> IssuedTokens:
    await limen.administrator()
    return await limen.enter("root@example.org")


async def _with_passkey(limen: Assembly) -> None:
    user = await limen.register(ADA)
    async with limen.unit_of_work() as uow:
        await uow.passkeys.add(a_passkey(user.id))
        await uow.commit()


# --- getting in ----------------------------------------------------------------------------------


def test_somebody_registers_proves_the_address_and_signs_in(ada: Person) -> None:
    ada.shell.wait(ada.limen.keys.ensure(actor=OPERATOR))
    made = ada.data("register", ADA, "--name=Ada", "--locale=de-AT", given=(PASSWORD,))
    assert (made["email"], made["name"], made["email_verified"]) == (ADA, "Ada", False)
    proved = ada.data("verify", given=(ada.mail()["link"], PASSWORD))
    assert (proved["user"]["email_verified"], proved["reset_token"]) == (True, None)
    assert ada("login", ADA, given=(PASSWORD,)).out == f"Signed in as {ADA}.\n"
    assert ada.data("show")["email"] == ADA


def test_a_masked_registration_tells_nothing(ada: Person) -> None:
    policies = Policies(users=UserPolicy(allows_unverified_sign_in=False))
    ada.shell.limen = Assembly(policies=policies)
    told = {ada("register", ADA, given=(PASSWORD,)).out for _ in range(2)}
    assert told == {"Mail is on its way to this address. What to do next stands in it.\n"}


def test_an_address_is_proved_by_a_code_sent_again(ada: Person) -> None:
    ada.enter()
    ada("logout")
    assert "mail is on its way" in ada("resend", ADA).out
    ended = ada("verify", ADA, given=(ada.mail()["code"],))
    assert "limen account reset" in ended.err
    token = dict(line.split(maxsplit=1) for line in ended.out.splitlines() if line.split()[1:])
    assert ada("reset", given=(token["reset_token"], OTHER)).code == Exit.DONE
    assert ada("login", ADA, given=(OTHER,)).code == Exit.DONE


def test_who_is_signed_in_needs_neither_name_nor_password_for_a_code(ada: Person) -> None:
    ada.enter()
    assert ada.data("verify", given=(ada.mail()["code"],))["reset_token"] is None


def test_a_lost_password_is_set_anew_and_sessions_end(ada: Person) -> None:
    ada.enter()
    assert "mail is on its way" in ada("forgot", ADA).out
    assert ada("reset", ADA, given=(ada.mail()["code"], OTHER)).code == Exit.DONE
    ended = ada("show")
    assert (ended.code, "limen account login" in ended.err) == (Exit.UNAUTHENTICATED, True)
    assert ada.code("login", ADA, given=(PASSWORD,)) == "signin.invalid_credentials"


def test_somebody_signs_in_by_mail(ada: Person) -> None:
    ada.enter()
    ada.data("logout")
    assert ada.code("link", "complete", given=("code",)) == "proof.invalid"
    asked = ada.data("link", "ask", ADA)
    assert ada.kept() == {"browser_token": asked["browser_token"]}
    ada.data("link", "complete", "--label=Desk", given=(ada.mail()["link"],))
    assert ada.data("sessions", "list")[0]["label"] == "Desk"


def test_asking_for_a_link_keeps_the_sign_in(ada: Person) -> None:
    ada.enter()
    assert "limen account link complete" in ada("link", "ask", ADA).out
    assert ada.data("show")["email"] == ADA
    ada.data("link", "complete", ADA, given=(ada.mail()["code"],))
    assert set(ada.kept()) == {"access_token", "refresh_token"}


def test_a_second_factor_is_awaited(ada: Person) -> None:
    ada.enter()
    app = ada.enrol_app()
    told = ada("login", ADA, given=(PASSWORD,))
    assert "limen account factor" in told.out
    assert set(ada.kept()) == {"partial_token"}
    waiting = ada("show")
    assert (waiting.code, "limen account factor" in waiting.err) == (Exit.FORBIDDEN, True)
    assert ada.code("factor", given=("no code",)) == "factor.invalid"
    assert ada("factor", given=(app.at(ada.now),)).out == f"Signed in as {ADA}.\n"
    assert ada.data("sessions", "list")[0]["methods"] == ["pwd", "otp", "mfa"]
    assert ada.code("factor", given=("x",)) == "access.not_signed_in"


def test_a_sign_in_that_waits_is_given_up(ada: Person) -> None:
    ada.enter()
    ada.enrol_app()
    assert ada.login()["state"] == "partial"
    assert ada("logout").out == "You are signed out.\n"
    assert not ada.file.exists()


def test_one_who_must_have_a_second_factor_sets_it_up_at_once(ada: Person) -> None:
    policies = Policies(factors=FactorPolicy(required_for=frozenset({EVERYBODY})))
    ada.shell.limen = limen = Assembly(policies=policies)
    ada.shell.wait(limen.register())
    told = ada("login", ADA, given=(PASSWORD,)).out.splitlines()
    assert told == [
        "Not signed in yet: this account must have a second factor first.",
        "Go on with: limen account required-factor begin",
    ]
    app = pyotp.TOTP(ada.data("required-factor", "begin")["secret"])
    code = app.at(limen.clock.now())
    told = ada("required-factor", "confirm", given=(code,)).out.splitlines()
    assert told[0] == f"Signed in as {ADA}; the app counts from now on."
    assert len(told) == 12
    assert ada.data("show")["email"] == ADA
    assert ada.code("required-factor", "begin") == "access.not_signed_in"


# --- the file ------------------------------------------------------------------------------------


def test_the_sign_in_is_for_its_owner_alone(ada: Person) -> None:
    ada.enter()
    assert ada.file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in ada.file.parent.iterdir()] == ["ada.json"]


def test_without_an_option_it_lies_in_the_data_directory(
    ada: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIMEN_DATA_DIR", str(tmp_path / "var"))
    ada.shell.wait(ada.limen.register())
    ada.shell("account", "login", ADA, "--stdin", stdin=PASSWORD)
    assert (tmp_path / "var" / "account.json").exists()
    assert ada.shell("account", "show").code == Exit.DONE


def test_an_access_token_that_is_over_is_exchanged(ada: Person) -> None:
    ada.enter()
    before = ada.kept()
    ada.limen.clock.advance(timedelta(minutes=20))
    assert ada.data("show")["email"] == ADA
    after = ada.kept()
    assert after["access_token"] != before["access_token"]
    assert after["refresh_token"] != before["refresh_token"]


def test_a_sign_in_that_is_over_says_so(ada: Person) -> None:
    ada.enter()
    ada.limen.clock.advance(timedelta(days=400))
    assert ada.code("show") == "token.refresh_invalid"
    assert ada("logout").code == Exit.UNAUTHENTICATED
    assert not ada.file.exists()


def test_without_a_sign_in_one_is_nobody(ada: Person) -> None:
    for words in (("show",), ("sessions", "list"), ("logout",), ("totp", "begin")):
        ended = ada(*words)
        assert ended.code == Exit.UNAUTHENTICATED
        assert "Sign in: limen account login" in ended.err


@pytest.mark.parametrize("content", ["", "[]", '{"password": "x"}', "\xff"])
def test_a_file_that_holds_something_else_is_left_alone(ada: Person, content: str) -> None:
    ada.file.parent.mkdir()
    ada.file.write_text(content, encoding="latin-1")
    ended = ada("show")
    assert (ended.code, "holds no sign-in" in ended.err) == (Exit.INVALID, True)
    assert ada.file.read_text(encoding="latin-1") == content


def test_where_nothing_can_be_kept_it_is_said(ada: Person, tmp_path: Path) -> None:
    ada.shell.wait(ada.limen.register())
    (tmp_path / "state").write_text("in the way")
    ended = ada("login", ADA, given=(PASSWORD,))
    assert (ended.code, "Traceback" in ended.err) == (Exit.INVALID, False)


def test_a_person_acts_as_themselves(ada: Person) -> None:
    ada.enter()
    other = ada.shell.wait(_root(ada.limen))
    assert ada.code("sessions", "end", str(other.session_id)) == "session.not_found"
    ada.data("update", "--name=Ada")
    actor = ada.shell.wait(ada.limen.last_event()).actor
    assert (actor.kind, actor.address) == ("user", None)


# --- secrets -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("register", ADA),
        ("login", ADA),
        ("verify",),
        ("reset",),
    ],
)
def test_what_is_secret_needs_a_terminal_or_a_pipe(ada: Person, words: tuple[str, ...]) -> None:
    ended = ada(*words)
    assert (ended.code, "--stdin" in ended.err) == (Exit.INVALID, True)


def test_an_empty_pipe_is_no_secret(ada: Person) -> None:
    ended = ada("login", ADA, "--stdin")
    assert (ended.code, "There is no password on standard input." in ended.err) == (2, True)


# --- the account ---------------------------------------------------------------------------------


def test_one_changes_what_is_ones_own(ada: Person) -> None:
    ada.enter()
    changed = ada.data("update", "--username=ada", "--name=Ada", "--locale=en-GB", "--version=1")
    assert (changed["username"], changed["name"], changed["version"]) == ("ada", "Ada", 2)
    gone = ada.data("update", "--no-username", "--no-locale")
    assert (gone["username"], gone["locale"]) == (None, None)
    assert ada.code("update", "--name=A", "--version=1") == "storage.version_mismatch"
    for words in (("--username=a", "--no-username"), ("--locale=de", "--no-locale")):
        assert ada("update", *words).code == Exit.INVALID


def test_what_could_take_the_account_needs_a_fresh_sign_in(ada: Person) -> None:
    ada.enter()
    ada.limen.clock.advance(timedelta(minutes=11))
    for words, given in (
        (("change-email", "ada@example.com"), ()),
        (("change-password",), (PASSWORD, OTHER)),
        (("totp", "begin"), ()),
        (("passkeys", "options"), ()),
        (("api-keys", "create", "Backup"), ()),
        (("delete", "--yes"), ()),
    ):
        ended = ada(*words, given=given)
        assert ended.code == Exit.FORBIDDEN
        assert ended.err.endswith("Prove it: limen account step-up\n")
    assert ada("step-up", given=(PASSWORD,)).out == "Your sign-in is fresh for ten minutes.\n"
    assert ada("change-email", "ada@example.com").code == Exit.DONE


def test_a_step_up_needs_the_second_factor_too(ada: Person) -> None:
    ada.enter()
    app = ada.enrol_app()
    assert ada.code("step-up", given=(PASSWORD,)) == "input.invalid"
    risen = ada.data("step-up", given=(PASSWORD, app.at(ada.now)))
    assert ada.kept()["access_token"] == risen["access_token"]


def test_an_address_changes_when_it_is_proved(ada: Person) -> None:
    ada.enter()
    assert "Mail is on its way to both" in ada("change-email", "ada@example.com").out
    link = ada.shell.wait(ada.limen.read_mail("ada@example.com"))["link"]
    assert ada.data("verify", given=(link,))["user"]["email"] == "ada@example.com"


def test_a_change_waits_for_its_other_end(ada: Person) -> None:
    ada.enter()
    ada.data("verify", given=(ada.mail()["code"],))
    ada("change-email", "ada@example.com")
    link = ada.shell.wait(ada.limen.read_mail("ada@example.com"))["link"]
    assert "waits for the mail" in ada("verify", given=(link,)).err


def test_a_password_is_changed(ada: Person) -> None:
    ada.enter()
    assert ada.code("change-password", given=("wrong", OTHER)) == "password.current_wrong"
    assert "is changed" in ada("change-password", given=(PASSWORD, OTHER)).out
    assert ada.data("login", ADA, given=(OTHER,))["state"] == "full"


def test_sessions_are_seen_and_ended(ada: Person) -> None:
    ada.enter()
    for _ in range(3):
        ada.shell.wait(ada.limen.enter())
    live = ada.data("sessions", "list")
    assert [session["is_current"] for session in live].count(True) == 1
    other = next(session["id"] for session in live if not session["is_current"])
    assert ada.data("sessions", "end", other) == {"ended": 1}
    assert ada("sessions", "end", "--others").out == "2 ended.\n"
    assert "is_current" in ada("sessions", "list").out
    assert ada("sessions", "end").code == Exit.INVALID


def test_browsers_that_remember_one_are_seen_and_forget(ada: Person) -> None:
    ada.enter()
    assert ada.data("remembered", "list") == []
    remembering = ada.limen.sign_in.sign_in_by_cookie(
        identifier=ADA, password=PASSWORD, is_remembered=True
    )
    ada.shell.wait(remembering)
    (known,) = ada.data("remembered", "list")
    assert ada("remembered", "revoke", known["id"]).out == "Forgotten.\n"
    assert ada.code("remembered", "revoke", known["id"]) == "session.remembered_not_found"


def test_an_account_is_deleted(ada: Person) -> None:
    ada.enter()
    assert ada("delete").code == Exit.INVALID
    assert ada("delete", "--yes").out == "Your account is deleted.\n"
    assert not ada.file.exists()
    assert ada.shell("users", "show", ADA).code == Exit.NOT_FOUND


# --- what proves who one is ----------------------------------------------------------------------


def test_an_app_is_set_up_shown_and_given_up(ada: Person) -> None:
    ada.enter()
    begun = ada("totp", "begin").out
    secret = begun.partition("Or type it in: ")[2].splitlines()[0]
    confirmed = ada("totp", "confirm", given=(pyotp.TOTP(secret).at(ada.now),)).out
    assert len(confirmed.splitlines()) == 12
    assert ada.data("factors")["recovery_codes_left"] == 10
    assert len(ada.data("recovery-codes")["recovery_codes"]) == 10
    assert len(ada("recovery-codes").out.splitlines()) == 11
    assert "does not count any more" in ada("totp", "remove").out
    assert ada.data("factors") == {"totp": None, "recovery_codes_left": 0, "reset": None}


def test_a_passkey_is_enrolled_renamed_used_and_removed(ada: Person, tmp_path: Path) -> None:
    ada.enter()
    authenticator, answer = Authenticator(), tmp_path / "answer.json"

    def answered(ceremony: str, credential: object) -> str:
        answer.write_text(json.dumps({"ceremony": ceremony, "credential": credential}))
        return str(answer)

    asked = ada.data("passkeys", "options")
    words = answered(asked["ceremony"], authenticator.create(asked["options"]))
    made = ada.data("passkeys", "enrol", words, "--name=Laptop")
    assert ada.data("passkeys", "rename", made["id"], "Desk")["name"] == "Desk"
    assert "Desk" in ada("passkeys", "list").out
    ada("logout")
    asked = ada.data("passkey", "options", ADA)
    words = answered(asked["ceremony"], authenticator.get(asked["options"]))
    assert ada.data("passkey", "complete", words, "--label=Desk")["state"] == "full"
    assert ada("passkeys", "remove", made["id"]).out == "The passkey is removed.\n"
    assert ada.data("passkeys", "list") == []


def test_a_passkey_finishes_a_sign_in_and_steps_up(ada: Person, tmp_path: Path) -> None:
    ada.enter()
    authenticator, answer = Authenticator(), tmp_path / "answer.json"
    asked = ada.data("passkeys", "options")
    credential = authenticator.create(asked["options"])
    answer.write_text(json.dumps({"ceremony": asked["ceremony"], "credential": credential}))
    ada.data("passkeys", "enrol", str(answer))
    ada.enrol_app()
    assert ada.login()["factors"] == ["totp", "recovery_code", "passkey"]
    for use in ("factor", "step-up"):
        asked = ada.data("passkey", "options", f"--for={use}")
        credential = authenticator.get(asked["options"])
        answer.write_text(json.dumps({"ceremony": asked["ceremony"], "credential": credential}))
        assert ada("passkey", "complete", str(answer), f"--for={use}").code == Exit.DONE
    assert ada("passkey", "options", ADA, "--for=step-up").code == Exit.INVALID
    assert ada.code("passkey", "options", "--for=factor") == "access.not_signed_in"


def test_where_only_a_passkey_finishes_it_is_told_how(ada: Person) -> None:
    policies = Policies(factors=FactorPolicy(required_for=frozenset({EVERYBODY})))
    ada.shell.limen = ada.limen = Assembly(policies=policies)
    ada.shell.wait(_with_passkey(ada.limen))
    told = ada("login", ADA, given=(PASSWORD,)).out
    assert "this needs a passkey.\nGo on with: limen account passkey options --for factor" in told


@pytest.mark.parametrize("answer", ["", "[]", "{}", "[" * 70_000])
def test_an_answer_that_is_none_is_refused(ada: Person, tmp_path: Path, answer: str) -> None:
    file = tmp_path / "answer.json"
    file.write_text(answer)
    for words in (("passkey", "complete", str(file)), ("passkeys", "enrol", str(file))):
        ended = ada(*words)
        assert (ended.code, "answer" in ended.err) == (Exit.INVALID, True)


def test_api_keys_are_made_rotated_listed_and_ended(ada: Person) -> None:
    ada.enter()
    made = ada("api-keys", "create", "Backup", "--scope=me.read", "--until=2027-01-01T00:00:00Z")
    assert "limen_ak_" in made.out
    assert "shown this once" in made.err
    (key,) = ada.data("api-keys", "list")
    assert (key["name"], key["scopes"], key["status"]) == ("Backup", ["me.read"], "active")
    assert ada.code("api-keys", "rotate", key["id"], f"--overlap={10**12}") == "input.invalid"
    rotated = ada.data("api-keys", "rotate", key["id"], "--overlap=60")["api_key"]["id"]
    assert ada("api-keys", "revoke", rotated).out == "The key has ended.\n"
    assert [key["status"] for key in ada.data("api-keys", "list")] == ["revoked", "rotated"]
    assert "there is more: --cursor" in ada("api-keys", "list", "--limit=1").err


# --- at a terminal -------------------------------------------------------------------------------


def test_at_a_terminal_the_password_is_asked_for_and_not_shown(tmp_path: Path) -> None:
    file = str(tmp_path / "ada.json")
    asked = terminal(
        f'do("keys", "rotate") or do("account", "register", "{ADA}")'
        f' or do("account", "login", "{ADA}", "--session", {file!r})'
    )
    for prompt in ("Password", "Repeat", "Password"):
        assert prompt in asked.read_until(prompt)
        asked.type("correct horse battery\n", is_hidden=True)
    shown, code = asked.end()
    assert (code, "battery" in shown) == (0, False)
    assert "Signed in as ada@example.org." in shown


def test_at_a_terminal_a_pipe_is_refused() -> None:
    shown, code = terminal('do("account", "login", "ada@example.org", "--stdin")').end()
    assert (code, "A terminal would show" in shown) == (Exit.INVALID, True)


def test_at_a_terminal_a_sign_in_goes_on_to_the_second_factor(tmp_path: Path) -> None:
    file = str(tmp_path / "ada.json")
    helpers = "__import__('tests.unit.entrypoints.cli.person', fromlist=['print_codes'])"
    asked = terminal(
        f'runner.run({helpers}.print_codes(limen)) or do("account", "login", "{ADA}", "--session",'
        f' {file!r}) or do("account", "step-up", "--session", {file!r})'
    )
    codes = asked.read_until("Password: ").partition("codes: ")[2].split()
    asked.type(f"{PASSWORD}\n", is_hidden=True)
    assert "Code: " in asked.read_until("Code: ")
    asked.type(f"{codes[0]}\n")
    assert f"Signed in as {ADA}." in asked.read_until("Password: ")
    asked.type(f"{PASSWORD}\n", is_hidden=True)
    assert "Code (empty for none): " in asked.read_until("none): ")
    asked.type(f"{codes[1]}\n")
    shown, code = asked.end()
    assert (code, "fresh for ten minutes" in shown) == (Exit.DONE, True)
