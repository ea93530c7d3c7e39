"""The errors that callers are expected to handle; everything else is a defect and is masked at the edge.

One class per cause. `graph/errors.py` turns the first four into members of the mutations' unions; the command
line prints any of them as one line and exits with 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec


class HeliographError(Exception):
    """Something that was expected to be possible went wrong."""


class Violation(msgspec.Struct, frozen=True):
    """One broken rule of an input: where (`path`, as names from the input's root), what, and the limit."""

    path: tuple[str, ...]
    message: str
    limit: str | None = None


class ValidationFailed(HeliographError):
    """The input breaks one or more rules; nothing was written."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        if not violations:
            raise ValueError("ValidationFailed needs at least one violation.")
        self.violations = tuple(violations)
        super().__init__("; ".join(f"{'.'.join(v.path) or 'input'}: {v.message}" for v in violations))

    @classmethod
    def at(cls, path: Sequence[str], message: str, limit: str | None = None) -> "ValidationFailed":
        """The common case of a single violation."""
        return cls([Violation(path=tuple(path), message=message, limit=limit)])


class NotFound(HeliographError):
    """There is no such thing, or it belongs to somebody else, which looks the same."""

    def __init__(self, noun: str, ident: str, path: Sequence[str] = ()) -> None:
        self.noun = noun
        self.ident = ident
        self.path = tuple(path)
        super().__init__(f"No {noun} with this id is visible to you.")


class Forbidden(HeliographError):
    """The role of the caller does not allow this."""

    def __init__(self, needed: str) -> None:
        self.needed = needed
        super().__init__(f"This needs the role {needed}.")


@dataclass(frozen=True)
class ConflictDetail:
    """What stands in the way of a change, in the terms of the schema.

    `blocking_phase` names the phase that does, if it is another than the one that was to change.
    """

    code: str
    current_state: str | None = None
    attempted: str | None = None
    path: tuple[str, ...] = ()
    blocking_phase: str | None = None


class Conflict(HeliographError):
    """The present state does not allow this. `detail.code` is one of the schema's error codes."""

    def __init__(self, message: str, detail: ConflictDetail) -> None:
        self.detail = detail
        super().__init__(message)


class Misconfigured(HeliographError):
    """A setting, a flag or the surroundings are wrong; the message says what and how to mend it."""


RETRY_AFTER_SECONDS = 1.0
"""When a new attempt is worth it after something was refused at once: a server needs about that to come back."""


class Unavailable(HeliographError):
    """The database or the channel does not answer now; the same call may work later.

    The message is for the log, since it may hold an address. `retry_after_seconds` is when to try again.
    """

    def __init__(self, message: str, retry_after_seconds: float = RETRY_AFTER_SECONDS) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(message)
