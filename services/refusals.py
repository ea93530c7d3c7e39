"""How verbs refuse: the same words for the same cause, whatever the noun."""

from collections.abc import Iterable, Sequence
from typing import TypeVar
from uuid import UUID

from core.errors import Conflict, ConflictDetail, NotFound, ValidationFailed, Violation
from db.repositories.uses import User
from db.scope import Scope

R = TypeVar("R")


def refuse_any(violations: Iterable[Violation]) -> None:
    """Raise ValidationFailed with all the violations, if there are any."""
    found = [*violations]
    if found:
        raise ValidationFailed(found)


def found_or_refuse(row: R | None, noun: str, ident: UUID) -> R:
    """The row, or NotFound: there is none, or it is somebody else's, which looks the same."""
    if row is None:
        raise NotFound(noun, str(ident))
    return row


def already_exists(what: str, path: Sequence[str]) -> Conflict:
    """The name or address is taken by another thing of the same owner."""
    return Conflict(f"{what} exists already.", ConflictDetail("ALREADY_EXISTS", path=tuple(path)))


def in_use(noun: str, user: User, scope: Scope) -> Conflict:
    """A campaign that has not ended uses it; its name is told to those who may see it."""
    campaign = f"the campaign “{user.name}”" if scope.sees(user.owner_id) else "a campaign of somebody else"
    return Conflict(f"The {noun} is in use by {campaign}.", ConflictDetail("IN_USE"))


def invalid_transition(
    noun: str, current: str, attempted: str, blocking_phase: str | None = None
) -> Conflict:
    """Its state does not allow this verb, or that of the phase which stands in the way."""
    reason = "" if blocking_phase is None else f" as long as {blocking_phase} is not over"
    detail = ConflictDetail(
        "INVALID_TRANSITION", current_state=current, attempted=attempted, blocking_phase=blocking_phase
    )
    return Conflict(f"The {noun} is {current} and cannot be changed by {attempted}{reason}.", detail)


def not_configured(phase: str, current: str, attempted: str) -> Conflict:
    """A phase lacks its configuration, without which nothing can be started."""
    detail = ConflictDetail(
        "INVALID_TRANSITION", current_state=current, attempted=attempted, blocking_phase=phase
    )
    return Conflict(f"{phase} has no configuration yet: configure it first, or skip it.", detail)
