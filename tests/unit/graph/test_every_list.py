"""Every list of the schema takes as many statements for a page of twenty as for a page of two.

The lists are found in the schema, so a new one is a case here by itself, and fails until the museum has twenty of it.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import pytest_asyncio
from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)
from sqlalchemy import update

from core.ids import new_id
from db.models import BulkItemRow, BulkOperationRow, EventLogHeadRow
from events.campaign_events import CampaignCreated
from graph import node_ids
from graph.insights import Insights
from graph.schema import schema
from services.access import TokenDraft
from services.pools import PoolDraft
from services.scoring_profiles import ScoringProfileDraft
from tests.fakes.gallery import Gallery
from tests.fakes.house import open_house
from tests.fakes.stage import INCARNATION
from tests.unit.graph.asking import Desk
from tests.unit.graph.conftest import desk_of
from tests.unit.graph.test_snapshot import statements
from vocabulary.access import Role
from vocabulary.bulk import BulkItemStatus, BulkKind, BulkStatus
from vocabulary.leads import ScoringConfig

CORE = schema._schema
DEPTH = 4
MANY = 20
# Lists of the root whose length nobody chooses by `first`: of ids that are given, and one row for each setting.
OF_FIXED_LENGTH = {"nodes", "settings"}


@dataclass(frozen=True)
class ListField:
    """A connection: of the root, or of what the connection `parent` of the root has."""

    parent: str | None
    field: str
    node: GraphQLObjectType

    def __str__(self) -> str:
        return f"{self.parent or 'Query'}.{self.field}"

    def query(self, given: str = "") -> str:
        inner = f"{self.field}({given}first: $first) {{ totalCount nodes {selected(self.node, DEPTH)} }}"
        if self.parent is None:
            return f"query ($first: Int!) {{ {inner} }}"
        return f"query ($first: Int!) {{ {self.parent}(first: 1) {{ nodes {{ {inner} }} }} }}"

    def rows(self, data: Any) -> list[Any]:
        found = data if self.parent is None else data[self.parent]["nodes"][0]
        rows: list[Any] = found[self.field]["nodes"]
        return rows


def connections(kind: GraphQLObjectType) -> Iterator[tuple[str, GraphQLObjectType]]:
    for name, field in kind.fields.items():
        page = get_named_type(field.type)
        if page.name.endswith("Connection") and isinstance(page, GraphQLObjectType):
            node = get_named_type(page.fields["nodes"].type)
            assert isinstance(node, GraphQLObjectType)
            yield name, node


def lists() -> Iterator[ListField]:
    assert CORE.query_type is not None
    roots = dict(connections(CORE.query_type))
    for name, node in roots.items():
        yield ListField(None, name, node)
    by_node = {node.name: name for name, node in roots.items()}
    for kind in CORE.type_map.values():
        if isinstance(kind, GraphQLObjectType) and kind is not CORE.query_type and kind.name in by_node:
            for name, node in connections(kind):
                yield ListField(by_node[kind.name], name, node)


def selected(kind: GraphQLOutputType, depth: int) -> str:
    """Everything of a type that takes no argument, to a depth; of the connections in it three rows each."""
    named = get_named_type(kind)
    if is_leaf_type(named):
        return ""
    if isinstance(named, GraphQLUnionType):
        parts = (f"... on {one.name} {aliased(one, depth)}" for one in named.types)
        return f"{{ __typename {' '.join(parts)} }}"
    assert isinstance(named, GraphQLObjectType | GraphQLInterfaceType)
    return f"{{ __typename {' '.join(fields(named, depth, ''))} }}"


def aliased(kind: GraphQLObjectType, depth: int) -> str:
    """Members of a union may have fields of one name and different types."""
    return f"{{ __typename {' '.join(fields(kind, depth, f'{kind.name}_'))} }}"


def fields(kind: GraphQLObjectType | GraphQLInterfaceType, depth: int, prefix: str) -> Iterator[str]:
    for name, field in kind.fields.items():
        inside = get_named_type(field.type)
        if any(is_required_argument(argument) for argument in field.args.values()):
            continue
        alias = f"{prefix}{name}: " if prefix else ""
        if is_leaf_type(inside):
            yield alias + name
        elif inside.name.endswith("Connection"):
            if depth > 1:
                yield f"{alias}{name}(first: 3) {{ totalCount nodes {selected(node_of(inside), depth - 2)} }}"
        elif depth > 0:
            yield f"{alias}{name} {selected(field.type, depth - 1)}"


def node_of(page: Any) -> GraphQLOutputType:
    found: GraphQLOutputType = page.fields["nodes"].type
    return found


LISTS = [*lists()]


@dataclass
class Museum:
    """More than twenty of everything that there is a list of, all of one owner."""

    gallery: Gallery
    desk: Desk
    campaign: str = ""

    async def fill(self) -> None:
        house, services = self.gallery.house, self.desk.services
        alice, proxies = house.alice, []
        campaigns = [await self.gallery.campaign(alice, domains=MANY + 2) for _ in range(MANY + 2)]
        # The last is the first of the list; each has some activity, and it has enough.
        for ident in (*campaigns, *[campaigns[-1]] * (MANY + 2)):
            await self.gallery.tell(CampaignCreated(campaign_id=ident, name="made"), alice, alice)
        self.campaign = node_ids.encode("Campaign", campaigns[-1])
        for number in range(MANY + 2):
            proxies.append(self.gallery.proxy_row(alice))
            await services.access.create_principal(house.admin, f"guest {number}", Role.VIEWER)
            await services.access.create_token(alice, TokenDraft(f"token {number}", Role.VIEWER))
            await services.scoring_profiles.create(
                alice, ScoringProfileDraft(f"profile {number}", ScoringConfig())
            )
        await self.gallery.put_together(proxies)
        for number in range(MANY + 2):
            pool = await services.pools.create(alice, PoolDraft(f"pool {number:02}"))
            await services.pools.add_proxies(alice, pool.value, [row.id for row in proxies])
            await self.operation()

    def given(self, field: ListField) -> str:
        """What a list must be told besides how many."""
        return f'campaignId: "{self.campaign}" ' if field.field == "campaignHistory" else ""

    async def operation(self) -> None:
        moment = self.gallery.moment()
        row = BulkOperationRow(
            id=new_id(),
            owner_id=self.gallery.house.alice.id,
            role=Role.OPERATOR,
            kind=next(iter(BulkKind)),
            status=next(iter(BulkStatus)),
            total=MANY + 2,
            created_at=moment,
        )
        await self.gallery.put([row])
        await self.gallery.put_together(
            [
                BulkItemRow(
                    bulk_id=row.id, ordinal=number, label=f"item {number}", status=BulkItemStatus.PENDING
                )
                for number in range(MANY + 2)
            ]
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def museum(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Museum]:
    place = tmp_path_factory.mktemp("museum")
    async with open_house(f"sqlite+aiosqlite:///{place / 'museum.db'}") as house:
        async with house.database.engines.writing() as session:
            await session.execute(update(EventLogHeadRow).values(incarnation=INCARNATION))
        gallery = Gallery(house)
        museum = Museum(gallery, desk_of(gallery, place))
        await museum.fill()
        yield museum


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("field", LISTS, ids=str)
async def test_statements_do_not_grow_with_the_page(museum: Museum, field: ListField) -> None:
    admin, query = museum.gallery.house.admin, field.query(museum.given(field))
    counts = {}
    for first in (2, MANY):
        # With sums that another test has left, there would be fewer to read.
        desk = Desk(museum.desk.engines, replace(museum.desk.services, insights=Insights()))
        with statements(desk.engines) as seen:
            data = await desk.ask(admin, query, first=first)
        assert len(field.rows(data)) == first
        counts[first] = seen
    assert len(counts[2]) == len(counts[MANY]), "\n\n".join(extra(counts[2], counts[MANY]))


def extra(few: list[str], many: list[str]) -> list[str]:
    """The statements that came more often for the larger page."""
    return [
        f"{many.count(one)} for {few.count(one)}: {one}"
        for one in dict.fromkeys(many)
        if many.count(one) > few.count(one)
    ]


def test_every_list_of_the_root_is_a_page_or_of_fixed_length() -> None:
    assert CORE.query_type is not None
    pages = {field.field for field in LISTS if field.parent is None}
    plain = {
        name
        for name, field in CORE.query_type.fields.items()
        if "[" in str(field.type) and not is_leaf_type(get_named_type(field.type))
    }
    assert plain == OF_FIXED_LENGTH
    assert len(pages) > 10


def test_every_connection_is_reached() -> None:
    everywhere = [
        name
        for kind in CORE.type_map.values()
        if isinstance(kind, GraphQLObjectType)
        for name, _ in connections(kind)
    ]
    assert len(everywhere) == len(LISTS)
