"""Verbs on pools: exact events and states, and what a membership means for each proxy."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select

from auth.sealing import Sealer
from core.errors import Conflict, Forbidden, NotFound, ValidationFailed
from core.ids import new_id
from db.models import CampaignRow, HttpConfigRow, ProxyPoolMemberRow, ProxyPoolRow, ProxyRow
from db.repositories.proxies import state_of
from events.pool_events import ProxyPoolCreated, ProxyPoolDeleted, ProxyPoolUpdated
from events.proxy_events import ProxyAdded, ProxyChanged, ProxyRemoved
from services.pools import MemberPatch, PoolDraft, PoolPatch, Pools
from services.proxies import Proxies
from services.proxy_lists import ProxyLists
from tests import factories
from tests.fakes.gallery import Gallery
from tests.fakes.house import House
from vocabulary.campaigns import CampaignMode, CampaignStatus
from vocabulary.proxies import ProxyHealth, ProxyStrategy


@pytest.fixture
def sealer(tmp_path: Path) -> Sealer:
    return Sealer.from_file(tmp_path / "key")


@pytest.fixture
def proxies(house: House, sealer: Sealer) -> Proxies:
    return Proxies(house.database, sealer)


@pytest.fixture
def pools(house: House) -> Pools:
    return Pools(house.database)


async def made(house: House, proxies: Proxies, count: int) -> list[UUID]:
    drafts = [factories.proxy(f"number {port}", port=port) for port in range(1, count + 1)]
    return [(await proxies.create(house.alice, draft)).value.id for draft in drafts]


async def pool_of(house: House, pools: Pools, ids: Sequence[UUID] = (), name: str = "fleet") -> UUID:
    ident = (await pools.create(house.alice, PoolDraft(name))).value
    if ids:
        await pools.add_proxies(house.alice, ident, ids)
    return ident


async def row_of(house: House, pool_id: UUID) -> ProxyPoolRow:
    async with house.database.engines.reading() as session:
        return await session.get_one(ProxyPoolRow, pool_id)


async def proxy_of(house: House, proxy_id: UUID) -> ProxyRow:
    async with house.database.engines.reading() as session:
        return await session.get_one(ProxyRow, proxy_id)


async def members(house: House, pool_id: UUID) -> list[tuple[UUID, int, bool]]:
    wanted = select(ProxyPoolMemberRow).where(ProxyPoolMemberRow.pool_id == pool_id)
    async with house.database.engines.reading() as session:
        rows = (await session.execute(wanted.order_by(ProxyPoolMemberRow.ordinal))).scalars()
        return [(row.proxy_id, row.weight, row.active) for row in rows]


async def in_campaign(house: House, pool_id: UUID, status: CampaignStatus) -> UUID:
    """A campaign that fetches through the pool."""
    gallery = Gallery(house)
    campaign = gallery.campaign_row(house.alice, "hunt")
    campaign.status, campaign.mode = status, CampaignMode.STEP_BY_STEP
    await gallery.put([campaign])
    config = HttpConfigRow(
        campaign_id=campaign.id,
        persona_count=0,
        keyword_set_count=0,
        proxy_count=0,
        ad_hoc_keywords=(),
        pool_id=pool_id,
        had_pool=True,
        batch_size=50,
        retry_attempts=1,
        http_port=80,
        https_port=443,
    )
    await gallery.put([config])
    return campaign.id


async def test_a_pool_is_made_as_it_was_described(house: House, pools: Pools) -> None:
    draft = PoolDraft(
        name=" fleet ",
        description="d",
        enabled=False,
        strategy=ProxyStrategy.WEIGHTED,
        health_check_enabled=False,
        health_check_interval_seconds=60,
        max_retries=7,
        timeout_seconds=2.5,
    )
    written = await pools.create(house.alice, draft)
    row = await row_of(house, written.value)
    stored = {name: getattr(row, name) for name in draft.__struct_fields__}
    assert stored == {**msgspec.structs.asdict(draft), "name": "fleet"}
    assert (row.owner_id, row.version, row.created_at) == (house.alice.id, 1, house.now)
    expected = ProxyPoolCreated(pool_id=row.id, name="fleet", member_count=0, version=1)
    assert await house.events() == [expected]
    assert await house.owners_and_actors() == [(house.alice.id, "alice")]


async def test_all_broken_rules_are_told_at_once(house: House, pools: Pools) -> None:
    draft = PoolDraft("", "\0", health_check_interval_seconds=9, max_retries=-1, timeout_seconds=0.0)
    with pytest.raises(ValidationFailed) as refused:
        await pools.create(house.alice, draft)
    assert [violation.path for violation in refused.value.violations] == [
        ("name",),
        ("description",),
        ("healthCheckIntervalSeconds",),
        ("maxRetries",),
        ("timeoutSeconds",),
    ]
    assert await house.count(ProxyPoolRow) == 0


async def test_a_name_is_taken_per_owner(house: House, pools: Pools) -> None:
    await pools.create(house.alice, PoolDraft("fleet"))
    await pools.create(house.bob, PoolDraft("fleet"))
    other = (await pools.create(house.alice, PoolDraft("other"))).value
    for verb in (
        pools.create(house.alice, PoolDraft("fleet")),
        pools.update(house.alice, other, PoolPatch(name="fleet")),
    ):
        with pytest.raises(Conflict) as refused:
            await verb
        assert (refused.value.detail.code, refused.value.detail.path) == ("ALREADY_EXISTS", ("name",))


async def test_an_update_counts_and_tells_what_changed(house: House, pools: Pools) -> None:
    ident = await pool_of(house, pools)
    house.clock.advance(5)
    patch = PoolPatch(name="fleet", strategy=ProxyStrategy.FAILOVER, max_retries=1)
    await pools.update(house.alice, ident, patch, expected_version=1)
    row = await row_of(house, ident)
    assert (row.strategy, row.max_retries, row.version) == (ProxyStrategy.FAILOVER, 1, 2)
    assert (row.updated_at, row.created_at < row.updated_at) == (house.now, True)
    updated = ProxyPoolUpdated(
        pool_id=ident, name="fleet", member_count=0, version=2, changed=("strategy", "max_retries")
    )
    assert await house.events(1) == [updated]
    again = await pools.update(house.alice, ident, patch)
    assert (again.position, await house.head()) == (2, 2)


async def test_a_change_meant_for_another_version_is_refused(house: House, pools: Pools) -> None:
    ident = await pool_of(house, pools)
    some = [new_id()]
    for verb in (
        pools.update(house.alice, ident, PoolPatch(name="x"), 2),
        pools.add_proxies(house.alice, ident, some, expected_version=2),
        pools.remove_proxies(house.alice, ident, some, expected_version=2),
        pools.set_member(house.alice, ident, some[0], MemberPatch(), expected_version=2),
    ):
        with pytest.raises(Conflict) as refused:
            await verb
        assert (refused.value.detail.code, refused.value.detail.current_state) == ("VERSION_MISMATCH", "1")
    assert await house.head() == 1


async def test_proxies_join_in_order_and_each_says_so(house: House, proxies: Proxies, pools: Pools) -> None:
    first, second, third = await made(house, proxies, 3)
    ident = await pool_of(house, pools, [second])
    before = await house.head()
    await pools.add_proxies(house.alice, ident, [third, second, first], weight=4)
    assert await members(house, ident) == [(second, 1, True), (third, 4, True), (first, 4, True)]
    joined = [state_of(await proxy_of(house, each)) for each in (third, first)]
    assert [state.pool_ids for state in joined] == [(ident,), (ident,)]
    assert await house.events(before) == [
        *(ProxyChanged(proxy=state, changed=("pools",)) for state in joined),
        ProxyPoolUpdated(pool_id=ident, name="fleet", member_count=3, version=3, changed=("members",)),
    ]
    # An edit of a proxy is an edit of the proxy; a membership is one of the pool.
    assert joined[0].version == 1
    again = await pools.add_proxies(house.alice, ident, [first])
    assert again.position == await house.head() == before + 3


async def test_proxies_leave_and_each_says_what_it_left(house: House, proxies: Proxies, pools: Pools) -> None:
    first, second = await made(house, proxies, 2)
    ident = await pool_of(house, pools, [first, second])
    other = await pool_of(house, pools, [first], "other")
    before = await house.head()
    await pools.remove_proxies(house.alice, ident, [first, new_id()])
    assert [member[0] for member in await members(house, ident)] == [second]
    state = state_of(await proxy_of(house, first))
    assert state.pool_ids == (other,)
    assert await house.events(before) == [
        ProxyChanged(proxy=state, changed=("pools",), left_pool_ids=(ident,)),
        ProxyPoolUpdated(pool_id=ident, name="fleet", member_count=1, version=3, changed=("members",)),
    ]
    nothing = await pools.remove_proxies(house.alice, ident, [first])
    assert nothing.position == await house.head() == before + 2


async def test_only_ones_own_proxies_join(house: House, proxies: Proxies, pools: Pools) -> None:
    theirs = (await proxies.create(house.bob, factories.proxy())).value.id
    ident = await pool_of(house, pools)
    before = await house.head()
    for caller in (house.alice, house.admin):
        with pytest.raises(ValidationFailed) as refused:
            await pools.add_proxies(caller, ident, [theirs, new_id()])
        assert [violation.path for violation in refused.value.violations] == [
            ("proxyIds", "0"),
            ("proxyIds", "1"),
        ]
    assert await house.head() == before


@pytest.mark.parametrize("case", ["none", "twice", "weight"])
async def test_what_no_pool_takes_is_refused(house: House, proxies: Proxies, pools: Pools, case: str) -> None:
    (one,) = await made(house, proxies, 1)
    ident = await pool_of(house, pools)
    given = {"none": [], "twice": [one, one], "weight": [one]}[case]
    with pytest.raises(ValidationFailed) as refused:
        await pools.add_proxies(house.alice, ident, given, weight=0 if case == "weight" else 1)
    (violation,) = refused.value.violations
    assert violation.path[0] == ("weight" if case == "weight" else "proxyIds")
    assert await members(house, ident) == []


async def test_a_member_has_a_weight_a_place_and_may_rest(
    house: House, proxies: Proxies, pools: Pools
) -> None:
    first, second, third = await made(house, proxies, 3)
    ident = await pool_of(house, pools, [first, second, third])
    before = await house.head()
    await pools.set_member(house.alice, ident, third, MemberPatch(weight=9, active=False, position=0))
    assert await members(house, ident) == [(third, 9, False), (first, 1, True), (second, 1, True)]
    await pools.set_member(house.alice, ident, third, MemberPatch(position=2))
    assert [member[0] for member in await members(house, ident)] == [first, second, third]
    events = await house.events(before)
    assert [(type(event), getattr(event, "changed", ())) for event in events] == [
        (ProxyPoolUpdated, ("members",)),
        (ProxyPoolUpdated, ("members",)),
    ]
    same = await pools.set_member(house.alice, ident, third, MemberPatch(weight=9, position=2))
    assert same.position == await house.head() == before + 2


@pytest.mark.parametrize(
    ("patch", "path"),
    [
        (MemberPatch(weight=0), "weight"),
        (MemberPatch(weight=1001), "weight"),
        (MemberPatch(position=-1), "position"),
        (MemberPatch(position=1), "position"),
    ],
)
async def test_a_member_keeps_to_its_ranges(
    house: House, proxies: Proxies, pools: Pools, patch: MemberPatch, path: str
) -> None:
    (one,) = await made(house, proxies, 1)
    ident = await pool_of(house, pools, [one])
    with pytest.raises(ValidationFailed) as refused:
        await pools.set_member(house.alice, ident, one, patch)
    assert [violation.path for violation in refused.value.violations] == [(path,)]


async def test_who_is_no_member_cannot_be_set(house: House, proxies: Proxies, pools: Pools) -> None:
    (one,) = await made(house, proxies, 1)
    ident = await pool_of(house, pools)
    with pytest.raises(ValidationFailed) as refused:
        await pools.set_member(house.alice, ident, one, MemberPatch(weight=2))
    assert refused.value.violations[0].path == ("proxyId",)


async def test_delete_lets_the_proxies_go_first(house: House, proxies: Proxies, pools: Pools) -> None:
    (one,) = await made(house, proxies, 1)
    ident = await pool_of(house, pools, [one])
    before = await house.head()
    await pools.delete(house.alice, ident)
    state = state_of(await proxy_of(house, one))
    assert state.pool_ids == ()
    assert await house.events(before) == [
        ProxyChanged(proxy=state, changed=("pools",), left_pool_ids=(ident,)),
        ProxyPoolDeleted(pool_id=ident, name="fleet", member_count=1, version=2),
    ]
    assert (await house.count(ProxyPoolRow), await house.count(ProxyPoolMemberRow)) == (0, 0)


async def test_a_pool_in_use_cannot_be_deleted_until_the_campaign_has_ended(
    house: House, pools: Pools
) -> None:
    ident = await pool_of(house, pools)
    campaign = await in_campaign(house, ident, CampaignStatus.DRAFT)
    before = await house.head()
    with pytest.raises(Conflict, match="hunt") as refused:
        await pools.delete(house.alice, ident)
    assert refused.value.detail.code == "IN_USE"
    assert await house.head() == before
    async with house.database.engines.writing() as session:
        (await session.get_one(CampaignRow, campaign)).status = CampaignStatus.CANCELLED
    await pools.delete(house.alice, ident)
    async with house.database.engines.reading() as session:
        config = await session.get_one(HttpConfigRow, campaign)
    # That it had one is not forgotten, so a copy or another run does not go without.
    assert (config.pool_id, config.had_pool) == (None, True)


async def test_a_proxy_that_is_removed_leaves_its_pools(house: House, proxies: Proxies, pools: Pools) -> None:
    first, second = await made(house, proxies, 2)
    ident = await pool_of(house, pools, [first, second])
    before = await house.head()
    await proxies.delete(house.alice, first)
    updated, removed = await house.events(before)
    assert updated == ProxyPoolUpdated(
        pool_id=ident, name="fleet", member_count=1, version=3, changed=("members",)
    )
    assert isinstance(removed, ProxyRemoved)
    # Whoever follows the pool hears of it: it was in it to the end.
    assert removed.proxy.pool_ids == (ident,)
    assert [member[0] for member in await members(house, ident)] == [second]


async def test_proxies_that_are_cleaned_away_leave_their_pools(
    house: House, proxies: Proxies, pools: Pools, sealer: Sealer
) -> None:
    first, second = await made(house, proxies, 2)
    ident = await pool_of(house, pools, [first, second])
    async with house.database.engines.writing() as session:
        row = await session.get_one(ProxyRow, first)
        row.health, row.consecutive_failures = ProxyHealth.UNHEALTHY, 3
    before = await house.head()
    await ProxyLists(house.database, sealer).clean_unhealthy(house.alice, 1, dry_run=False)
    assert [type(event) for event in await house.events(before)] == [ProxyPoolUpdated, ProxyRemoved]
    assert [member[0] for member in await members(house, ident)] == [second]


async def test_somebody_elses_pool_is_not_found(house: House, pools: Pools) -> None:
    ident = await pool_of(house, pools)
    for pool_id in (ident, new_id()):
        for verb in (
            pools.update(house.bob, pool_id, PoolPatch(name="x")),
            pools.delete(house.bob, pool_id),
            pools.add_proxies(house.bob, pool_id, [new_id()]),
            pools.remove_proxies(house.bob, pool_id, [new_id()]),
            pools.set_member(house.bob, pool_id, new_id(), MemberPatch()),
        ):
            with pytest.raises(NotFound):
                await verb
    assert await house.head() == 1


async def test_a_viewer_changes_nothing(house: House, pools: Pools) -> None:
    for verb in (
        pools.create(house.viewer, PoolDraft("x")),
        pools.update(house.viewer, new_id(), PoolPatch()),
        pools.delete(house.viewer, new_id()),
        pools.add_proxies(house.viewer, new_id(), []),
        pools.remove_proxies(house.viewer, new_id(), []),
        pools.set_member(house.viewer, new_id(), new_id(), MemberPatch()),
    ):
        with pytest.raises(Forbidden):
            await verb
    assert house.bell.announced == []


async def test_a_new_proxy_is_in_no_pool(house: House, proxies: Proxies) -> None:
    await made(house, proxies, 1)
    (added,) = await house.events()
    assert isinstance(added, ProxyAdded)
    assert added.proxy.pool_ids == ()
