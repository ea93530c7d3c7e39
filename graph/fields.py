"""Fields with a resolver, as decorators that keep the types of what they decorate.

Strawberry's own decorators give `Any` back, which would leave every resolver unchecked. A field must have a
description, so it is the one argument here.
"""

import functools
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar, cast

import strawberry

from graph.context import Info
from graph.errors import outlasting, refusing

P = ParamSpec("P")
R = TypeVar("R")

SAME_FOR_ALL = "same_for_all"
"""Under this name a field's metadata says that its value does not depend on who looks (`graph/viewing.py`)."""


def resolved(description: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A field that is worked out when it is selected."""
    decorator: Callable[[Callable[P, R]], Callable[P, R]] = strawberry.field(description=description)
    return decorator


def same_for_all(description: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """The same of a field that is so for everybody who may see its object, because it reads nothing in their scope."""
    decorator: Callable[[Callable[P, R]], Callable[P, R]]
    decorator = strawberry.field(description=description, metadata={SAME_FOR_ALL: True})
    return decorator


def checked(description: str) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Awaitable[R]]]:
    """A query with an input of many rules, whose refusal is a member of the union that it returns."""
    decorator: Callable[[Callable[P, Awaitable[R]]], Callable[P, Awaitable[R]]]
    decorator = strawberry.field(description=description)
    return lambda resolver: decorator(refusing(resolver))


def verb(description: str) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Awaitable[R]]]:
    """A mutation: one verb of a service, whose expected failures are members of the union that it returns."""
    decorator: Callable[[Callable[P, Awaitable[R]]], Callable[P, Awaitable[R]]]
    decorator = strawberry.mutation(description=description)
    return lambda resolver: decorator(outlasting(_empty_handed(refusing(resolver))))


def _empty_handed(resolver: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """A mutation that gives up the snapshot of the one before it in the document, and then waits for its turn to write.

    Otherwise a few documents with several mutations hold all connections that others read with, streams among them,
    for as long as somebody else writes.
    """

    @functools.wraps(resolver)
    async def answering(*args: P.args, **kwargs: P.kwargs) -> R:
        info = cast("Info", kwargs["info"])
        await info.context.renew()
        return await resolver(*args, **kwargs)

    return answering
