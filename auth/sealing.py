"""Secrets at rest: a proxy's password is stored sealed, because a worker needs it in clear to use the proxy.

The keys lie in a file beside the database and not in it (`auth/key_file.py`), so a copy of the database alone opens
nothing. The newest key seals, all of them open, and what is sealed says which one: `key:ID:` and a Fernet token.
Secrets of before, which do not say, are tried with all keys.

Keys change while processes run (`heliograph key`): the file is looked at before each sealing, so that nothing is
sealed with a key that is on its way out, and when something is to be opened with a key that is not known here.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from cryptography.fernet import Fernet, InvalidToken

from auth.key_file import Content, Key, State, make, named, read, state_of
from core.errors import HeliographError, Misconfigured

LABEL = b"key:"


class SealBroken(HeliographError):
    """A stored secret does not open with any key of the file: the file is another one, or lost a key."""

    def __init__(self) -> None:
        super().__init__("A stored password does not open with the keys at hand; store it anew.")


class _Ring(NamedTuple):
    """The keys of one state of the file, in their order."""

    keys: tuple[Key, ...]
    by_id: dict[str, Fernet]
    state: State | None = None


class Sealer:
    """Seals text and opens what any key of its file sealed. May be used by several threads; `repr` shows no key."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise ValueError("A sealer needs at least one key.")
        self._path: Path | None = None
        self._ring = _ring(tuple(named(key) for key in keys))

    def __repr__(self) -> str:
        return f"<Sealer {len(self._ring.keys)} keys>"

    @classmethod
    def from_file(cls, path: Path) -> "Sealer":
        """The sealer with the keys of a file, which is made with mode 0600 if there is none.

        Raises:
            Misconfigured: the file cannot be made or read, others can read it, or it holds something else than keys.
        """
        make(path)
        content = read(path)
        sealer = cls([key.secret for key in content.keys])
        sealer._path, sealer._ring = path, _ring_of(content)
        return sealer

    @property
    def key_ids(self) -> tuple[str, ...]:
        """What the keys are called, the newest first."""
        return tuple(key.id for key in self._newest_ring().keys)

    def seal(self, secret: str) -> bytes:
        """Encrypt and sign with the newest key."""
        ring = self._newest_ring()
        newest = ring.keys[0].id
        return label(newest) + ring.by_id[newest].encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """What was sealed.

        Raises:
            SealBroken: no key of the file made this.
        """
        return self._opened(sealed)[1]

    def key_of(self, sealed: bytes) -> str:
        """The id of the key that opens a secret; raises SealBroken as `open` does."""
        return self._opened(sealed)[0]

    def _opened(self, sealed: bytes) -> tuple[str, str]:
        key_id, token = _parts(sealed)
        ring = self._ring
        if key_id is None or key_id not in ring.by_id:
            ring = self._newest_ring()
        for tried in [*ring.by_id] if key_id is None else [key_id]:
            fernet = ring.by_id.get(tried)
            with suppress(InvalidToken):
                if fernet is not None:
                    return tried, fernet.decrypt(token).decode()
        raise SealBroken

    def _newest_ring(self) -> _Ring:
        """The keys as the file has them now. One that cannot be used any more leaves those that are known."""
        if self._path is not None:
            with suppress(Misconfigured, OSError):
                if state_of(self._path) != self._ring.state:
                    self._ring = _ring_of(read(self._path))
        return self._ring


def label(key_id: str) -> bytes:
    """How everything begins that this key sealed."""
    return LABEL + key_id.encode() + b":"


def _parts(sealed: bytes) -> tuple[str | None, bytes]:
    """The id of the key, None where a secret of before does not say, and the token."""
    if not sealed.startswith(LABEL):
        return None, sealed
    key_id, _, token = sealed.removeprefix(LABEL).partition(b":")
    return key_id.decode("ascii", "replace"), token


def _ring_of(content: Content) -> _Ring:
    return _ring(content.keys, content.state)


def _ring(keys: tuple[Key, ...], state: State | None = None) -> _Ring:
    return _Ring(keys, {key.id: Fernet(key.secret) for key in keys}, state)
