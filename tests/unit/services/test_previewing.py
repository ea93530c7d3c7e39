"""A preview says what a start would really reserve and generate, whatever was used of the space before."""

from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from auth.principal import Principal
from core.errors import ValidationFailed
from core.settings import Settings
from db.models import GenerationRangeRow, GenerationSpaceRow
from db.repositories.generation import Reservation
from names.rules import check_generation
from names.space import Space, config_hash
from services.campaigns import CampaignDraft
from services.generating import Generating
from services.previewing import EARLIER, Preview, preview, spaces_of
from services.work import Work
from tests.fakes.house import House
from tests.fakes.shop import Shop, open_shop
from vocabulary.campaigns import DnsConfig, GenerationConfig, GenerationWarning, HttpConfig, PatternType
from vocabulary.work import ShardKind
from workers.domain_generation import DomainGeneration
from workers.held import Held

NINE = GenerationConfig(PatternType.SUFFIX, "abc", "x", (".com",), suffix_length=2)


@dataclass
class Users:
    """Whoever starts campaigns, and who has reserved a part of which space."""

    shop: Shop
    dns: UUID
    http: UUID
    reserved: defaultdict[str, list[UUID]] = field(default_factory=lambda: defaultdict(list))

    async def started(self, caller: Principal, config: GenerationConfig) -> UUID:
        """A running campaign of the caller, none of whose names are there."""
        draft = CampaignDraft(
            "hunt", config, DnsConfig((self.dns,)), HttpConfig((self.http,), ad_hoc_keywords=("sun",))
        )
        made = await self.shop.campaigns.create(caller, draft)
        await self.shop.control.start(caller, made.value)
        if (await self.range(made.value)).upper > (await self.range(made.value)).lower:
            self.reserved[Space.of(config).key].insert(0, made.value)
        return made.value

    async def generate(self) -> None:
        """Generate all names that are to be generated."""
        work = Work(self.shop.database, self.shop.settings)
        for claim in await work.claim("generator", [ShardKind.DOMAIN_GENERATION], 100):
            await DomainGeneration(Generating(self.shop.database, self.shop.settings)).handle(Held(claim))

    async def range(self, campaign: UUID) -> GenerationRangeRow:
        async with self.shop.database.engines.reading() as session:
            return await session.get_one(GenerationRangeRow, (campaign, 0))


@pytest.fixture
async def users(house: House) -> AsyncIterator[Users]:
    async with open_shop(house, house.clock, Settings()) as shop:
        yield Users(shop, await shop.dns_persona("192.0.2.1:53"), await shop.http_persona())


async def look(house: House, caller: Principal, config: GenerationConfig) -> Preview:
    async with house.database.engines.reading() as session:
        return await preview(session, caller.scope, spaces_of(config), config.count)


@given(
    st.builds(
        GenerationConfig,
        pattern_type=st.just(PatternType.BOTH),
        character_set=st.sampled_from(["a", "ab", "ba", "-a", "äb", "aAb"]),
        constant=st.sampled_from(["x", "xn-"]),
        tlds=st.just((".com",)),
        count=st.integers(0, 5),
    ),
    st.sampled_from([(1, 0), (2, 0), (0, 1), (0, 2), (1, 1), (2, 2)]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_start_reserves_and_generates_what_was_shown(
    users: Users, house: House, config: GenerationConfig, lengths: tuple[int, int]
) -> None:
    """Each example finds the spaces as those before it have left them."""
    prefix, suffix = lengths
    kind = PatternType.BOTH if prefix and suffix else PatternType.PREFIX if prefix else PatternType.SUFFIX
    config = msgspec.structs.replace(config, pattern_type=kind, prefix_length=prefix, suffix_length=suffix)
    assume(not check_generation(config, ()))
    shown = await look(house, house.admin, config)
    assert [row.id for row in shown.earlier] == users.reserved[shown.space.key][:EARLIER]
    campaign = await users.started(house.admin, config)
    await users.generate()
    row = await users.range(campaign)
    assert (row.space_key, row.lower, row.upper) == (
        shown.space.key,
        shown.reserved.lower,
        shown.reserved.upper,
    )
    assert shown.remaining == shown.space.total - row.lower
    # The spaces have sixteen offsets at most, so the sample has every name.
    assert [domain.name for domain in await users.shop.domains(campaign)] == shown.names
    got = row.upper - row.lower
    assert (GenerationWarning.EXHAUSTED in shown.warnings) == (shown.remaining == 0)
    assert (GenerationWarning.CUT in shown.warnings) == (0 < got < config.count)
    assert (GenerationWarning.NEARLY_EXHAUSTED in shown.warnings) == (shown.remaining > 0)


async def test_looking_reserves_and_writes_nothing(house: House) -> None:
    first = await look(house, house.viewer, NINE)
    assert await look(house, house.viewer, NINE) == first
    assert (first.reserved, first.remaining, first.names[:2]) == (
        Reservation(0, 9),
        9,
        ["xaa.com", "xab.com"],
    )
    assert (await house.count(GenerationSpaceRow), await house.head()) == (0, 0)


async def test_the_campaigns_of_others_are_not_shown_and_their_offsets_are_used(
    users: Users, house: House
) -> None:
    part = GenerationConfig(PatternType.SUFFIX, "cba", "X", (".COM",), suffix_length=2, count=4)
    admins = await users.started(house.admin, part)
    alices = await users.started(house.alice, part)
    seen = {caller.name: await look(house, caller, NINE) for caller in (house.alice, house.bob, house.admin)}
    assert {name: [row.id for row in one.earlier] for name, one in seen.items()} == {
        "alice": [alices],
        "bob": [],
        "admin": [alices, admins],
    }
    assert {(one.reserved, tuple(one.names)) for one in seen.values()} == {(Reservation(8, 9), ("xcc.com",))}


async def test_offsets_of_a_deleted_campaign_stay_used(users: Users, house: House) -> None:
    campaign = await users.started(house.alice, NINE)
    await users.shop.control.cancel(house.alice, campaign)
    await users.shop.campaigns.delete(house.alice, campaign)
    seen = await look(house, house.alice, NINE)
    assert (seen.reserved, seen.names, seen.earlier) == (Reservation(9, 9), [], [])
    assert seen.warnings == [GenerationWarning.EXHAUSTED]


async def test_only_the_last_campaigns_are_shown_and_none_that_got_nothing(
    users: Users, house: House
) -> None:
    one = GenerationConfig(PatternType.SUFFIX, "abcd", "x", (".com",), suffix_length=2, count=1)
    made = [await users.started(house.alice, one) for _ in range(EARLIER + 1)]
    rest = await users.started(
        house.alice, GenerationConfig(PatternType.SUFFIX, "abcd", "x", (".com",), 0, 2)
    )
    await users.started(house.alice, one)
    seen = await look(house, house.alice, one)
    assert [row.id for row in seen.earlier] == [rest, *reversed(made)][:EARLIER]


@pytest.mark.parametrize(
    ("used", "count", "warnings"),
    [
        (0, 0, []),
        (0, 10_000, []),
        (90_000, 0, []),
        (90_000, 10_000, []),
        (90_000, 10_001, ["CUT"]),
        (90_001, 0, ["NEARLY_EXHAUSTED"]),
        (99_999, 1, ["NEARLY_EXHAUSTED"]),
        (99_999, 2, ["CUT", "NEARLY_EXHAUSTED"]),
        (100_000, 0, ["EXHAUSTED"]),
        (100_000, 2, ["EXHAUSTED"]),
    ],
)
async def test_each_warning_has_its_limit(house: House, used: int, count: int, warnings: list[str]) -> None:
    config = GenerationConfig(PatternType.SUFFIX, "abcdefghij", "x", (".com",), 0, 5, count)
    space = Space.of(config)
    async with house.database.engines.writing() as session:
        session.add(GenerationSpaceRow(key=space.key, next_offset=used, total=space.total))
    assert (await look(house, house.alice, config)).warnings == warnings


@pytest.mark.parametrize(
    ("count", "warnings"), [(10_000_000, []), (10_000_001, ["VERY_LARGE"]), (0, ["VERY_LARGE"])]
)
async def test_what_would_take_days_is_said(house: House, count: int, warnings: list[str]) -> None:
    config = GenerationConfig(PatternType.SUFFIX, "abcdefghij", "x", (".com",), 0, 8, count)
    assert (await look(house, house.alice, config)).warnings == warnings


def test_the_rules_are_those_of_a_campaign_and_all_broken_ones_are_told() -> None:
    broken = GenerationConfig(PatternType.SUFFIX, "", "x", ("com",), suffix_length=11, count=-1)
    with pytest.raises(ValidationFailed) as refused:
        spaces_of(broken)
    assert [(one.path, one.limit) for one in refused.value.violations] == [
        (("suffixLength",), "0..10"),
        (("characterSet",), "1..1000"),
        (("tlds", "0"), None),
        (("count",), f"0..{2**63 - 1}"),
    ]


async def test_several_tlds_are_told_each_and_together_as_a_start_would_share_them(
    users: Users, house: House
) -> None:
    await users.started(house.alice, GenerationConfig(PatternType.SUFFIX, "abc", "x", (".net",), 0, 2, 7))
    config = GenerationConfig(PatternType.SUFFIX, "abc", "x", (".com", ".net"), 0, 2, 6)
    seen = await look(house, house.alice, config)
    assert [(each.space.tld, each.reserved, each.remaining) for each in seen.spaces] == [
        (".com", Reservation(0, 4), 9),
        (".net", Reservation(7, 9), 2),
    ]
    assert (seen.total, seen.remaining, seen.config_hash) == (18, 11, config_hash(Space.each(config)))
    assert seen.warnings == [GenerationWarning.NEARLY_EXHAUSTED]
    assert seen.names == ["xaa.com", "xab.com", "xac.com", "xba.com", "xcb.net", "xcc.net"]
    campaign = await users.started(house.alice, config)
    await users.generate()
    assert [row.name for row in await users.shop.domains(campaign)] == seen.names
    later = await look(house, house.alice, config)
    assert later.earlier[0].id == campaign
    assert len(later.earlier) == 2
