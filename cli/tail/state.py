"""Where a follower is, in a file, so that a later one goes on from there.

The file is written after a frame was printed and flushed, never before: what is killed in between prints that frame
again and leaves none out. It is replaced as a whole, so a reader finds the old one or the new one. A slow stream is
written frame by frame; a fast one some times a second, and at the end.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from core.errors import Misconfigured
from events import cursor

PAUSE_SECONDS = 0.05


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is in the file: the stream, how it was asked for, what that meant, which log it is of, and how far it is.

    What was asked for is kept beside its meaning, so that a campaign by name stays that campaign when it is renamed
    or deleted, and a server that is away need not be asked.
    """

    stream: str
    asked: dict[str, Any]
    variables: dict[str, Any]
    log: str
    cursor: str


class StateFile:
    """The file of one stream. `found` is what an earlier follower left there, or None.

    Raises:
        Misconfigured: the file is of another stream, or cannot be read or, later, written.
    """

    def __init__(self, path: Path, stream: str, asked: Mapping[str, Any]) -> None:
        self._path = path
        self._stream = stream
        self._asked = dict(asked)
        self._due: Place | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.found = self._read()

    def __repr__(self) -> str:
        return f"<StateFile {self._path} of {self._stream}>"

    @contextmanager
    def kept(self, variables: Mapping[str, Any]) -> Iterator[Callable[[str], None]]:
        """What to call with the cursor of each frame that was printed; the last one is in the file at the end."""
        try:
            yield lambda at: self._keep(variables, at)
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._flush()

    def _keep(self, variables: Mapping[str, Any], at: str) -> None:
        self._due = Place(self._stream, self._asked, dict(variables), _log_of(at), at)
        if self._timer is None:
            self._flush()
            self._timer = asyncio.get_running_loop().call_later(PAUSE_SECONDS, self._rested)

    def _flush(self) -> None:
        if self._due is None:
            return
        part = self._path.with_name(f"{self._path.name}.part")
        try:
            part.write_bytes(msgspec.json.format(msgspec.json.encode(self._due)) + b"\n")
            part.replace(self._path)
        except OSError as error:
            raise Misconfigured(f"--state: {self._path} cannot be written ({error.strerror})") from error
        self._due = None

    def _rested(self) -> None:
        self._timer = None
        # Nobody would hear of it here; what could not be written is due again with the next frame, or at the end.
        with suppress(Misconfigured):
            self._flush()

    def _read(self) -> Place | None:
        try:
            place = msgspec.json.decode(self._path.read_bytes(), type=Place)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Misconfigured(f"--state: {self._path} cannot be read ({error.strerror})") from error
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Misconfigured(f"--state: {self._path} is no state file; name another one") from error
        if (place.stream, place.asked) != (self._stream, self._asked):
            theirs, ours = (
                _told(*each) for each in ((place.stream, place.asked), (self._stream, self._asked))
            )
            raise Misconfigured(
                f"--state: {self._path} is of `tail {theirs}`, not of `tail {ours}`; name another file"
            )
        return place


def _log_of(text: str) -> str:
    """The incarnation, for people who look into the file; a later server's cursor does not say it to us."""
    try:
        return cursor.decode(text).incarnation
    except ValueError:
        return "unknown"


def _told(stream: str, asked: Mapping[str, Any]) -> str:
    return " ".join([stream, *(f"{name}={json.dumps(value)}" for name, value in asked.items() if value)])
