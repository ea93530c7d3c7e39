"""Secrets at rest: a proxy's password is stored sealed, because a worker needs it in clear to use the proxy.

The key lies in a file beside the database and not in it, so a copy of the database alone opens nothing. The
file has one Fernet key per line: the first seals, all of them open, so a key is changed by putting a new one
on top. It is made on first start, readable by its owner only, and complete from the moment it has its name:
of two processes that start at once the second finds the key of the first.
"""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from core.errors import HeliographError, Misconfigured

SETTING = "HELIOGRAPH_SECRET_KEY_FILE"


class SealBroken(HeliographError):
    """A stored secret does not open with any key of the file: the file is another one, or lost a key."""

    def __init__(self) -> None:
        super().__init__("A stored password does not open with the keys at hand; store it anew.")


class Sealer:
    """Seals text and opens what it, or an older key of the same file, sealed. `repr` shows no key."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise ValueError("A sealer needs at least one key.")
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._count = len(keys)

    def __repr__(self) -> str:
        return f"<Sealer {self._count} keys>"

    @classmethod
    def from_file(cls, path: Path) -> "Sealer":
        """The sealer with the keys of a file, which is made with mode 0600 if there is none.

        Raises:
            Misconfigured: the file cannot be made or read, or holds something else than Fernet keys.
        """
        try:
            if not path.exists():
                _make(path)
            lines = path.read_bytes().split()
        except OSError as error:
            raise Misconfigured(f"{SETTING}: {path}: {error.strerror or error}") from error
        try:
            return cls(lines)
        except ValueError as error:
            raise Misconfigured(
                f"{SETTING}: {path} must hold Fernet keys (32 bytes in URL-safe base64), one per line"
            ) from error

    def seal(self, secret: str) -> bytes:
        """Encrypt and sign."""
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """What was sealed.

        Raises:
            SealBroken: no key of the file made this.
        """
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise SealBroken from error


def _make(path: Path) -> None:
    # mkstemp makes the file 0600; the link gives it its name only when it is complete and the name is free.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(name, path)
        except FileExistsError:
            return
    finally:
        Path(name).unlink()
