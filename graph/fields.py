"""Fields with a resolver, as decorators that keep the types of what they decorate.

Strawberry's own decorators give `Any` back, which would leave every resolver unchecked. A field must have a
description, so it is the one argument here.
"""

from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

import strawberry

from graph.errors import outlasting, refusing

P = ParamSpec("P")
R = TypeVar("R")


def resolved(description: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A field that is worked out when it is selected."""
    decorator: Callable[[Callable[P, R]], Callable[P, R]] = strawberry.field(description=description)
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
    return lambda resolver: decorator(outlasting(refusing(resolver)))
