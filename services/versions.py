"""Optimistic versions: a change that was made to what the caller saw, or none.

A row begins with version 1 and each update that changes something adds 1. Who names the version that they saw
is refused if somebody was faster; who names none overwrites, as before.
"""

from typing import Protocol

from core.errors import Conflict, ConflictDetail

VERSION_MISMATCH = "VERSION_MISMATCH"


class Versioned(Protocol):
    """A locked row that counts its changes."""

    @property
    def version(self) -> int:
        """How it was numbered when it was read."""


def expect_version(row: Versioned, expected: int | None) -> None:
    """Refuse a change that was meant for another version of `row`, which the caller holds locked.

    Raises:
        Conflict: `expected` is not the present version (VERSION_MISMATCH, with the present one as state).
    """
    if expected is not None and row.version != expected:
        raise Conflict(
            f"It was changed in the meantime: it is at version {row.version}, not {expected}.",
            ConflictDetail(VERSION_MISMATCH, current_state=str(row.version), path=("expectedVersion",)),
        )
