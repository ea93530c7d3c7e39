"""Connections: one type for all lists, paged forward by key.

A page larger than its list allows is refused and never cut, so that a client that gets fewer rows than it asked
for knows that there are no more. `totalCount` costs a statement of its own and is read only if it is selected.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

import strawberry

from core.limits import Limit, Limits
from db.models import Model
from db.plain_rows import Rows
from db.queries.listing import Listing, Wanted
from graph import page_cursors
from graph.compiling.leaves import NotPlain
from graph.compiling.writing import Plain
from graph.context import Info
from graph.enums import OrderDirection
from graph.errors import TooMuch
from graph.fields import resolved
from graph.scalars import BigInt, Cursor
from graph.straight import Straight, with_straight_way

N = TypeVar("N")
R = TypeVar("R", bound=Model)
F = TypeVar("F")

PAGE = 20
PAGE_MOST = 100


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Where a page lies in its list."""

    has_next_page: bool = strawberry.field(
        description="Whether more follows; ask for it with `after: endCursor`."
    )
    has_previous_page: bool = strawberry.field(
        description="Whether something came before: `after` was given."
    )
    start_cursor: str | None = strawberry.field(
        description="The cursor of the first edge; null of an empty page."
    )
    end_cursor: str | None = strawberry.field(
        description="The cursor of the last edge; null of an empty page."
    )


@strawberry.type(description="One thing in a list.")
class Edge(Generic[N]):
    """One thing in a list."""

    cursor: str = strawberry.field(
        description="Its place: what `after` takes. Opaque, and of this list and order only."
    )
    node: N = strawberry.field(description="The thing.")


@dataclass(frozen=True)
class Page(Generic[R, N]):
    """The rows of a page; what is selected of them is made of them when it is."""

    source: "Source[R, Any, N]"
    ask: "Ask"
    rows: Sequence[R]
    has_next: bool

    def cursor(self, row: R) -> str:
        """The place of one of the rows."""
        return page_cursors.encode(
            self.ask.spelled(self.source.name), self.source.listing.key(self.ask.order, row)
        )


def _nodes_by_rows(plain: Sequence[Plain]) -> Callable[[Any], list[dict[str, Any]]]:
    straight = Straight(plain)

    def told(connection: Connection[Any]) -> list[dict[str, Any]]:
        rows = connection.page.rows
        if not isinstance(rows, Rows):
            raise NotPlain
        return straight.told(rows, connection.page.source.node)

    return told


@strawberry.type(description="One page of a list.")
class Connection(Generic[N]):
    """One page of a list."""

    count: strawberry.Private[Callable[[], Awaitable[int]]]
    page: strawberry.Private[Page[Any, Any]]

    @resolved("The things of this page, each with its cursor.")
    def edges(self) -> list[Edge[N]]:
        """The things of this page, each with its cursor."""
        page = self.page
        return [Edge(cursor=page.cursor(row), node=page.source.node(row)) for row in page.rows]

    @resolved("Where this page lies in its list.")
    def page_info(self) -> PageInfo:
        """Where this page lies in its list."""
        page = self.page
        return PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.ask.after is not None,
            start_cursor=page.cursor(page.rows[0]) if page.rows else None,
            end_cursor=page.cursor(page.rows[-1]) if page.rows else None,
        )

    @resolved("The things of this page.")
    @with_straight_way(_nodes_by_rows)
    def nodes(self) -> list[N]:
        """The things of this page."""
        return [self.page.source.node(row) for row in self.page.rows]

    @resolved("How many things the whole list has.")
    async def total_count(self) -> BigInt:
        """How many things the whole list has."""
        return BigInt(await self.count())

    @resolved(
        "The position of the event log that this page is exact at: subscribe after it and miss nothing."
    )
    async def cursor(self, info: Info) -> Cursor:
        """The position of the event log that this page is exact at."""
        return await info.context.cursor()


@dataclass(frozen=True)
class Source(Generic[R, F, N]):
    """A list to take pages of. `name` tells its cursors from those of all other lists.

    `cost` is how many rows one of them counts for, if each may be far larger than those of other lists are.
    """

    name: str
    listing: Listing[R, F]
    filter: F
    node: Callable[[R], N]
    most: int = PAGE_MOST
    cost: int = 1


@dataclass(frozen=True)
class Ask:
    """What a client wants of a list."""

    first: int
    after: str | None
    order: StrEnum
    direction: OrderDirection

    def spelled(self, name: str) -> str:
        """The list and order that a cursor belongs to."""
        return f"{name}:{self.order}:{self.direction}"


async def connect(info: Info, source: Source[R, F, N], ask: Ask) -> Connection[N]:
    """A page of the list.

    Raises:
        TooMuch: the page is too large, or the operation costs too much.
        Refused: `after` is no cursor of this list.
    """
    context = info.context
    check_first(ask.first, source.most, context.services.limits)
    context.spend(ask.first * source.cost)
    wanted = _wanted(source, ask)
    found = await context.loaders.page(source.listing, wanted)
    await context.turns.take(len(found))
    return Connection(
        count=lambda: context.loaders.counts(source.listing).load(source.filter),
        page=Page(source, ask, found[: ask.first], has_next=len(found) > ask.first),
    )


def check_first(first: int, most_here: int, limits: Limits) -> None:
    """Let a page pass that is not larger than its list allows, and any list.

    Raises:
        TooMuch: it is.
    """
    most = min(most_here, limits.max_page)
    if not 1 <= first <= most:
        raise TooMuch(Limit.MAX_PAGE, most, f"`first` is from 1 to {most} here, not {first}.")


def key_after(source: Source[R, F, Any], ask: Ask) -> tuple[Any, ...] | None:
    """The key of the row after which a page is asked for; None asks from the beginning.

    Raises:
        Refused: `after` is no cursor of this list.
    """
    if ask.after is None:
        return None
    types = source.listing.key_types(ask.order)
    return page_cursors.decode(ask.after, ask.spelled(source.name), types)


def _wanted(source: Source[R, F, Any], ask: Ask) -> Wanted[F]:
    return Wanted(
        filter=source.filter,
        order=ask.order,
        descending=ask.direction is OrderDirection.DESC,
        limit=ask.first + 1,
        after=key_after(source, ask),
    )
