"""Files that are there whole or not at all, in a folder that nobody else can write to."""

import os
import stat
from pathlib import Path
from typing import Final

from limen.core.errors import SettingsInvalid

DRAFT: Final = ".draft"
_OF_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH


def make_private(folder: Path) -> None:
    """Make a folder for this user alone, if there is none.

    Raises `SettingsInvalid` where others may write: they could put links in the place of files.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    about = folder.stat()
    if about.st_uid != os.geteuid() or about.st_mode & _OF_OTHERS:
        message = f"others may write to {folder}: have it belong to this user, with mode 700"
        raise SettingsInvalid(message)


def open_lock(path: Path, *, is_made: bool = False) -> int:
    """Open the file that is locked, and never through a link; with `is_made`, make it first."""
    return os.open(path, os.O_RDWR | os.O_NOFOLLOW | (os.O_CREAT if is_made else 0), 0o600)


def write_whole(path: Path, content: bytes, *, is_durable: bool) -> None:
    """Write a file for this user alone; whoever looks meanwhile finds what was there before.

    Whoever writes is alone: a draft that lies here already is left from somebody who died.
    """
    draft = path.with_name(path.name + DRAFT)
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        if is_durable:
            os.fsync(descriptor)
    draft.replace(path)


def persist(folder: Path) -> None:
    """Wait until the disk knows the names of the files in a folder as well."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
