"""How asking a server can fail, and what the exit code of a command says of it.

0 is done. 1 is a server's refusal: it understood, and says why not (a `UserError` of the schema), or what the
command waited for ended badly. 2 is everything before that: wrong usage, nobody there, no valid token.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.errors import HeliographError

DONE = 0
REFUSED = 1


class Refused(HeliographError):
    """The server refused a change with a typed error, which is `payload` as it came."""

    def __init__(self, payload: Mapping[str, Any]) -> None:
        self.payload = payload
        self.lines = tuple(_lines(payload))
        super().__init__("; ".join(self.lines))


class Unreachable(HeliographError):
    """Nobody answers there, or not as a Heliograph server does; the same may work later."""


class Unauthorized(HeliographError):
    """The server knows no such token."""


class Rejected(HeliographError):
    """The server could not take the request as it is: `errors` are those of GraphQL."""

    def __init__(self, errors: Sequence[Mapping[str, Any]]) -> None:
        self.codes = frozenset(str(each.get("extensions", {}).get("code")) for each in errors)
        super().__init__("; ".join(str(each["message"]).removesuffix(".") for each in errors))


def _lines(payload: Mapping[str, Any]) -> Iterator[str]:
    for broken in payload.get("violations") or [payload]:
        where = ".".join(broken.get("path") or ())
        limit = broken.get("limit")
        text = f"{where}: {broken['message']}" if where else str(broken["message"])
        yield text if limit is None else f"{text} (limit {limit})"
