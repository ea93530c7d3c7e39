"""How failures are told: named members of the mutations' unions, or errors of the whole request.

A mutation that is refused for a reason that its caller can do something about answers with one of the types
below, made from `core.errors` in this one place; so do a preview of what a mutation would do and a
test of keyword rules. So does a mutation that meets an outage, for whoever sends it again has to know whether it may
have been done already. Any other *query* that asks for something impossible (a page too large, a cursor of another
list) fails as a whole with a `Refused`, whose code is in the error's extensions. Everything else that is raised is
a defect or an outage, and the executor masks it.
"""

import functools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar, cast
from uuid import UUID

import strawberry
import structlog
from graphql import GraphQLError

from auth.principal import Principal
from core.errors import Conflict, Forbidden, NotFound, Unavailable, ValidationFailed
from core.limits import Limit, exceeded
from db.unit_of_work import watched_commits
from graph.enums import ErrorCode
from vocabulary.access import Role
from vocabulary.campaigns import PhaseKind
from vocabulary.operations import Throttled

log = structlog.get_logger(__name__)

NOTHING_DONE = "The database does not answer now, and nothing was changed; try again."
IN_DOUBT = (
    "The database stopped answering when this may have been done already; try again with the same idempotencyKey, or "
    "look first."
)

P = ParamSpec("P")
R = TypeVar("R")


class Refused(GraphQLError):
    """A request that asks for what is not given: `code` is for programs and stands in the extensions."""

    def __init__(self, code: str, message: str, *, limit: int | None = None) -> None:
        extensions: dict[str, object] = {"code": code}
        if limit is not None:
            extensions["limit"] = limit
        super().__init__(message, extensions=extensions)


class TooMuch(Refused):
    """A request that passes a limit of what one client can take, which the extensions name."""

    def __init__(self, limit: Limit, number: float, message: str) -> None:
        super().__init__("LIMIT_EXCEEDED", message)
        self.extensions = exceeded(limit, number)


class TooManyNow(Refused):
    """A request that is one too many at the moment: the extensions name the limit, and say when to come back."""

    def __init__(self, error: Throttled) -> None:
        (told,) = error.errors
        super().__init__(told["extensions"]["code"], told["message"])
        self.extensions = told["extensions"]


def only_for(caller: Principal, needed: Role) -> None:
    """Let a query pass for a role, and those above it.

    Raises:
        Refused: the caller's is less.
    """
    if caller.role.rank < needed.rank:
        raise Refused("FORBIDDEN", f"This needs the role {needed}.")


@strawberry.interface(
    description="Why a mutation, a preview or a test was refused; nothing was changed, unless an UnavailableError says "
    "that it is in doubt."
)
class UserError:
    """The common part of all errors that are members of a union."""

    code: ErrorCode = strawberry.field(description="For programs.")
    message: str = strawberry.field(description="For people.")
    path: list[str] | None = strawberry.field(
        description="The place in the input that it is about, as names from the input's root; null if there is none."
    )


@strawberry.type(description="One broken rule of an input.")
class Violation:
    """One broken rule of an input."""

    path: list[str] = strawberry.field(description="The place in the input, as names from the input's root.")
    message: str = strawberry.field(description="The rule that is broken.")
    limit: str | None = strawberry.field(description="The limit that was passed, if the rule has one.")


@strawberry.type(description="The input breaks one or more rules. `path` and `limit` are those of the first.")
class ValidationError(UserError):
    """The input breaks one or more rules."""

    limit: str | None = strawberry.field(description="The limit that was passed, if the rule has one.")
    violations: list[Violation] = strawberry.field(description="All broken rules.")


@strawberry.type(description="There is no such thing, or it belongs to somebody else, which looks the same.")
class NotFoundError(UserError):
    """There is no such thing for the caller."""

    id: strawberry.ID = strawberry.field(description="The id that was given.")


@strawberry.type(description="The present state does not allow this.")
class ConflictError(UserError):
    """The present state does not allow this."""

    current_state: str | None = strawberry.field(
        description="The state that stands in the way, if it is one."
    )
    attempted: str | None = strawberry.field(description="What was attempted, if it was a transition.")
    blocking_phase: PhaseKind | None = strawberry.field(
        description="The phase that stands in the way, if it is another than the one that was to change."
    )


@strawberry.type(description="The role of your token does not allow this.")
class ForbiddenError(UserError):
    """The caller's role does not allow this."""


@strawberry.type(description="The database does not answer now; the same may work later.")
class UnavailableError(UserError):
    """The database does not answer now."""

    retry_after_seconds: float = strawberry.field(
        description="When trying again is worth it; double it after each failure."
    )
    is_in_doubt: bool = strawberry.field(
        description="Whether the change, or a part of it, may have been made all the same. False: it was not, and "
        "sending it again does it once. True: send it again with the same `idempotencyKey`, or look first."
    )


ChangeRefused = ValidationError | NotFoundError | ConflictError | ForbiddenError


def refusing(resolver: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """A mutation, or a query with an input of many rules, whose expected failures are members of its union.

    That there is one too many of them at the moment is told as it is of all others, by an error with the limit's name.

    The union that it returns must have the members for the errors that its verb raises; Strawberry fails the
    field otherwise, so a missing one shows in the first test that meets it.
    """

    @functools.wraps(resolver)
    async def answering(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await resolver(*args, **kwargs)
        except (ValidationFailed, Conflict, Forbidden, Missing) as error:
            return cast("R", told(error))
        except Throttled as error:
            raise TooManyNow(error) from error

    return answering


def outlasting(resolver: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """A mutation that tells of an outage by a member of its union, and whether it may have been done."""

    @functools.wraps(resolver)
    async def answering(*args: P.args, **kwargs: P.kwargs) -> R:
        with watched_commits() as commits:
            try:
                return await resolver(*args, **kwargs)
            except Unavailable as error:
                log.warning("mutation_unavailable", in_doubt=commits.possible, reason=str(error))
                return cast("R", _outage(error, in_doubt=commits.possible))

    return answering


def _outage(error: Unavailable, *, in_doubt: bool) -> UnavailableError:
    return UnavailableError(
        code=ErrorCode.UNAVAILABLE,
        message=IN_DOUBT if in_doubt else NOTHING_DONE,
        path=None,
        retry_after_seconds=error.retry_after_seconds,
        is_in_doubt=in_doubt,
    )


class Missing(Exception):
    """What an operation is about is not there for the caller; `given` is the id as the client wrote it."""

    def __init__(self, given: str, message: str, field: str = "id") -> None:
        self.given = given
        self.field = field
        super().__init__(message)


@contextmanager
def about(given: str, field: str = "id") -> Iterator[None]:
    """A verb on the thing with this id: that there is no such thing is said of the id that was given as `field`.

    Raises:
        Missing: in place of NotFound.
    """
    try:
        yield
    except NotFound as error:
        raise Missing(given, str(error), field) from error


def still_seen(caller: Principal, owner_id: UUID, given: str) -> None:
    """Let an answer that was remembered as a whole pass for whoever sees what it tells of now, too.

    Raises:
        Missing: the caller was an admin then, or came with the token of one.
    """
    if not caller.scope.sees(owner_id):
        raise Missing(given, "It is not visible to you any more.")


def told(error: ValidationFailed | Conflict | Forbidden | Missing) -> ChangeRefused:
    """The member of a union that tells of `error`."""
    match error:
        case ValidationFailed():
            return _validation(error)
        case Missing():
            return NotFoundError(
                code=ErrorCode.NOT_FOUND,
                message=str(error),
                path=[error.field],
                id=strawberry.ID(error.given),
            )
        case Conflict():
            return ConflictError(
                code=ErrorCode(error.detail.code),
                message=str(error),
                path=list(error.detail.path) or None,
                current_state=error.detail.current_state,
                attempted=error.detail.attempted,
                blocking_phase=_phase(error.detail.blocking_phase),
            )
        case Forbidden():
            return ForbiddenError(code=ErrorCode.FORBIDDEN, message=str(error), path=None)


def _phase(name: str | None) -> PhaseKind | None:
    return None if name is None else PhaseKind(name)


def _validation(error: ValidationFailed) -> ValidationError:
    first = error.violations[0]
    return ValidationError(
        code=ErrorCode.VALIDATION_FAILED,
        message=first.message,
        path=list(first.path),
        limit=first.limit,
        violations=[
            Violation(path=list(one.path), message=one.message, limit=one.limit) for one in error.violations
        ],
    )
