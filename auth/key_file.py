"""The file of the keys that seal secrets: one Fernet key on a line, the newest first.

The newest seals, all of them open, so that keys are changed while processes run. A key is called by its id, a part of
its hash, so that a sealed secret can say which key opens it and that name tells nothing of the key.

The file has its name only when it is complete, and is replaced as a whole: whoever reads it finds the old keys or the
new ones. It belongs to whoever it belonged to, and nobody else may read it: a file that others can read is refused.
Whoever changes it holds a lock on its folder, which ends with the process, so that of two changes none is lost.
"""

import fcntl
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from cryptography.fernet import Fernet

from core.errors import Misconfigured

SETTING = "HELIOGRAPH_SECRET_KEY_FILE"

_ID_LENGTH = 8
_FOR_OTHERS = 0o077


class Key(NamedTuple):
    """One key and what it is called by."""

    id: str
    secret: bytes


class State(NamedTuple):
    """What of a file is another once it was written to or replaced."""

    inode: int
    changed_at: int
    size: int


class Content(NamedTuple):
    """The keys of a file, the newest first, and its state from before they were read."""

    keys: tuple[Key, ...]
    state: State


def named(secret: bytes) -> Key:
    """A key with its id."""
    return Key(hashlib.sha256(b"heliograph key id " + secret).hexdigest()[:_ID_LENGTH], secret)


def fresh() -> Key:
    """A new key."""
    return named(Fernet.generate_key())


def state_of(path: Path) -> State:
    """The present state; OSError if there is no such file."""
    return _state(path.stat())


def read(path: Path) -> Content:
    """What is in the file now.

    Raises:
        Misconfigured: it cannot be read, others can read it, or it holds something else than Fernet keys.
    """
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            lines = file.read().split()
    except OSError as error:
        raise _unusable(path, error) from error
    if mode := stat.S_IMODE(found.st_mode) & _FOR_OTHERS:
        raise Misconfigured(
            f"{SETTING}: {path} can be used by others than its owner (mode {mode | 0o600:04o}):"
            f" `chmod 600 {path}`, and think about a new key (`heliograph key rotate`)"
        )
    return Content(_checked(path, lines), _state(found))


def make(path: Path) -> None:
    """Make the file with a new key if there is none; of two processes that do it at once the second changes nothing.

    Raises:
        Misconfigured: it cannot be made.
    """
    try:
        if not path.exists():
            _make(path)
    except OSError as error:
        raise _unusable(path, error) from error


def change(path: Path, edit: Callable[[tuple[Key, ...]], Sequence[Key]]) -> tuple[Key, ...]:
    """Replace the keys by what `edit` makes of them; gives the new ones. What `edit` raises leaves them as they are.

    Raises:
        Misconfigured: the file cannot be read or replaced.
    """
    # Where the name is a link, the file behind it is the one to replace.
    path = path.resolve()
    try:
        with _sole_change(path.parent):
            keys = tuple(edit(read(path).keys))
            _replace(path, b"".join(key.secret + b"\n" for key in keys))
    except OSError as error:
        raise _unusable(path, error) from error
    return keys


def _checked(path: Path, lines: Sequence[bytes]) -> tuple[Key, ...]:
    try:
        for line in lines:
            Fernet(line)
    except ValueError:
        lines = ()
    if not lines:
        raise Misconfigured(
            f"{SETTING}: {path} must hold Fernet keys (32 bytes in URL-safe base64), one per line"
        )
    return tuple(named(line) for line in dict.fromkeys(lines))


def _state(found: os.stat_result) -> State:
    return State(found.st_ino, found.st_mtime_ns, found.st_size)


def _unusable(path: Path, error: OSError) -> Misconfigured:
    return Misconfigured(f"{SETTING}: {path}: {error.strerror or error}")


def _make(path: Path) -> None:
    # mkstemp makes the file 0600; the link gives it its name only when it is complete and the name is free.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        _write(handle, fresh().secret + b"\n")
        try:
            os.link(name, path)
        except FileExistsError:
            return
    finally:
        Path(name).unlink()


def _replace(path: Path, content: bytes) -> None:
    # Always under the same name, so that a change that was cut short leaves nothing that the next does not take away.
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    owner, mine = path.stat(), os.fstat(handle)
    if (owner.st_uid, owner.st_gid) != (mine.st_uid, mine.st_gid):
        os.fchown(handle, owner.st_uid, owner.st_gid)
    _write(handle, content)
    new.replace(path)
    _sync(path.parent)


def _write(handle: int, content: bytes) -> None:
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _sole_change(folder: Path) -> Iterator[None]:
    """Wait until nobody else changes a file of this folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
