"""Verbs on proxies: exact events and states, the probe's shard, and a password that is nowhere to be seen."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from auth.sealing import Sealer
from core.errors import Conflict, Forbidden, NotFound, ValidationFailed
from core.ids import new_id
from db.models import CampaignProxyRow, ProxyRow, ShardRow
from events.proxy_events import ProxyAdded, ProxyChanged, ProxyHealthChanged, ProxyRemoved
from services.campaign_control import CampaignControl
from services.campaigns import Campaigns
from services.personas import Personas
from services.proxies import Proxies, ProxyDraft, ProxyPatch
from tests import factories
from tests.fakes.house import House
from vocabulary.proxies import ProxyHealth, ProxyProtocol, ProxyState
from vocabulary.work import ShardKind, ShardStatus

SECRET = "hunter2-and-more"
WITH_SECRET = msgspec.structs.replace(factories.proxy(), username="user", password=SECRET)


@pytest.fixture
def sealer(tmp_path: Path) -> Sealer:
    return Sealer.from_file(tmp_path / "key")


@pytest.fixture
def proxies(house: House, sealer: Sealer) -> Proxies:
    return Proxies(house.database, sealer)


async def shards(house: House) -> list[ShardRow]:
    async with house.database.engines.reading() as session:
        return [*(await session.execute(select(ShardRow))).scalars()]


async def stored(house: House, state: ProxyState) -> ProxyRow:
    async with house.database.engines.reading() as session:
        return await session.get_one(ProxyRow, state.id)


async def claimed(house: House) -> ShardRow:
    """A worker takes the only shard."""
    async with house.database.engines.writing() as session:
        row = (await session.execute(select(ShardRow))).scalar_one()
        row.status, row.holder, row.fence = ShardStatus.LEASED, "worker", 7
        row.lease_until = house.now + timedelta(seconds=30)
        row.attempts, row.last_error = 2, "boom"
    return row


async def probed(house: House, state: ProxyState, health: ProxyHealth) -> None:
    """A worker has found a health, and no probe is due."""
    async with house.database.engines.writing() as session:
        row = await session.get_one(ProxyRow, state.id)
        row.health, row.latency_ms, row.last_checked_at = health, 40, house.now
        row.last_error, row.consecutive_failures, row.failed_probes = "late", 3, 2
        row.success_count, row.failure_count = 5, 6
        shard = (await session.execute(select(ShardRow))).scalar_one()
        shard.status, shard.available_at = ShardStatus.DONE, house.now + timedelta(hours=1)


async def test_create_leaves_the_health_unknown_and_queues_a_probe(house: House, proxies: Proxies) -> None:
    draft = msgspec.structs.replace(WITH_SECRET, name=" front ", host="PROXY.example.", description="d")
    written = await proxies.create(house.alice, draft)
    state = ProxyState(
        id=written.value.id,
        owner_id=house.alice.id,
        name="front",
        protocol=ProxyProtocol.HTTP,
        host="proxy.example",
        port=8080,
        enabled=True,
        health=ProxyHealth.UNKNOWN,
        has_credentials=True,
        created_at=house.now,
        updated_at=house.now,
        description="d",
        username="user",
    )
    assert written.value == state
    assert written.position == 1
    assert await house.events() == [ProxyAdded(proxy=state)]
    [shard] = await shards(house)
    assert (shard.kind, shard.proxy_id, shard.status) == (
        ShardKind.PROXY_PROBE,
        state.id,
        ShardStatus.READY,
    )
    assert (shard.available_at, shard.holder, shard.fence) == (house.now, None, 0)
    assert house.bell.settled[-1][3] is True


async def test_a_disabled_proxy_is_not_probed(house: House, proxies: Proxies) -> None:
    written = await proxies.create(house.alice, msgspec.structs.replace(factories.proxy(), enabled=False))
    assert written.value.health is ProxyHealth.UNKNOWN
    assert await shards(house) == []
    assert house.bell.settled[-1][3] is False


async def test_the_password_is_sealed_and_in_no_event(house: House, proxies: Proxies, sealer: Sealer) -> None:
    written = await proxies.create(house.alice, WITH_SECRET)
    patch = ProxyPatch(password=SECRET + "!")
    await proxies.update(house.alice, written.value.id, patch)
    row = await stored(house, written.value)
    assert row.password_sealed is not None
    assert sealer.open(row.password_sealed) == SECRET + "!"
    said = repr(await house.events()) + repr(WITH_SECRET) + repr(patch) + repr(written)
    assert SECRET not in said
    assert SECRET.encode() not in row.password_sealed


async def test_all_broken_rules_are_told_at_once_and_nothing_is_written(
    house: House, proxies: Proxies
) -> None:
    draft = ProxyDraft(
        name="",
        protocol=ProxyProtocol.HTTP,
        host="http://user@host",
        port=0,
        description="\0",
        username="a:b",
        password="p\n",
    )
    with pytest.raises(ValidationFailed) as refused:
        await proxies.create(house.alice, draft)
    assert [violation.path for violation in refused.value.violations] == [
        ("name",),
        ("description",),
        ("host",),
        ("port",),
        ("username",),
        ("password",),
    ]
    assert await house.count(ProxyRow) == 0
    assert house.bell.announced == []


async def test_name_and_address_are_taken_per_owner(house: House, proxies: Proxies) -> None:
    await proxies.create(house.alice, factories.proxy())
    await proxies.create(house.bob, factories.proxy())
    with pytest.raises(Conflict) as by_name:
        await proxies.create(house.alice, factories.proxy(port=81))
    with pytest.raises(Conflict) as by_address:
        await proxies.create(house.alice, factories.proxy("other", host="Proxy.Example"))
    details = [(refused.value.detail.code, refused.value.detail.path) for refused in (by_name, by_address)]
    assert details == [("ALREADY_EXISTS", ("name",)), ("ALREADY_EXISTS", ("host",))]
    assert await house.count(ProxyRow) == 2


async def test_editing_what_is_not_the_connection_keeps_the_health(house: House, proxies: Proxies) -> None:
    state = (await proxies.create(house.alice, factories.proxy())).value
    await probed(house, state, ProxyHealth.HEALTHY)
    written = await proxies.update(house.alice, state.id, ProxyPatch(name="back", description="x", port=8080))
    assert (written.value.name, written.value.health, written.value.latency_ms) == (
        "back",
        ProxyHealth.HEALTHY,
        40,
    )
    assert await house.events(1) == [ProxyChanged(proxy=written.value, changed=("name", "description"))]
    assert (await shards(house))[0].status is ShardStatus.DONE
    assert house.bell.settled[-1][3] is False


@pytest.mark.parametrize(
    ("patch", "changed"),
    [
        (ProxyPatch(host="other.example"), "host"),
        (ProxyPatch(port=3128), "port"),
        (ProxyPatch(protocol=ProxyProtocol.HTTPS), "protocol"),
        (ProxyPatch(username="other"), "username"),
        (ProxyPatch(password="other"), "password"),
        (ProxyPatch(password=None), "password"),
    ],
)
async def test_another_connection_sets_the_health_back_and_probes_anew(
    house: House, proxies: Proxies, patch: ProxyPatch, changed: str
) -> None:
    state = (await proxies.create(house.alice, WITH_SECRET)).value
    await probed(house, state, ProxyHealth.UNHEALTHY)
    house.clock.advance(1)
    written = await proxies.update(house.alice, state.id, patch)
    new = written.value
    assert await house.events(1) == [
        ProxyChanged(proxy=new, changed=(changed,)),
        ProxyHealthChanged(proxy=new, previous=ProxyHealth.UNHEALTHY),
    ]
    assert (new.health, new.latency_ms, new.last_checked_at) == (ProxyHealth.UNKNOWN, None, None)
    assert (new.last_error, new.consecutive_failures, new.success_count) == (None, 0, 5)
    assert (await stored(house, new)).failed_probes == 0
    [shard] = await shards(house)
    assert (shard.status, shard.available_at) == (ShardStatus.READY, house.now)
    assert house.bell.settled[-1][3] is True


async def test_what_its_owner_says_of_it_is_kept_and_tests_nothing_anew(
    house: House, proxies: Proxies
) -> None:
    draft = msgspec.structs.replace(
        factories.proxy(), country_code="se", city="Uppsala", provider="p", notes="n"
    )
    state = (await proxies.create(house.alice, draft)).value
    assert (state.country_code, state.city, state.provider, state.notes) == ("SE", "Uppsala", "p", "n")
    await probed(house, state, ProxyHealth.HEALTHY)
    patch = ProxyPatch(country_code="no", city=None, provider="q", notes=None)
    new = (await proxies.update(house.alice, state.id, patch)).value
    assert (new.country_code, new.city, new.provider, new.notes) == ("NO", None, "q", None)
    assert (new.health, new.version) == (ProxyHealth.HEALTHY, 2)
    changed = ("country_code", "city", "provider", "notes")
    assert await house.events(1) == [ProxyChanged(proxy=new, changed=changed)]


@pytest.mark.parametrize(
    ("patch", "path"),
    [
        (ProxyPatch(country_code="SWE"), "countryCode"),
        (ProxyPatch(country_code="1A"), "countryCode"),
        (ProxyPatch(city="x" * 256), "city"),
        (ProxyPatch(provider="\0"), "provider"),
        (ProxyPatch(notes="x" * 2001), "notes"),
    ],
)
async def test_what_cannot_be_kept_of_it_is_refused(
    house: House, proxies: Proxies, patch: ProxyPatch, path: str
) -> None:
    state = (await proxies.create(house.alice, factories.proxy())).value
    with pytest.raises(ValidationFailed) as refused:
        await proxies.update(house.alice, state.id, patch)
    assert [violation.path for violation in refused.value.violations] == [(path,)]


async def test_a_change_meant_for_another_version_is_refused(house: House, proxies: Proxies) -> None:
    state = (await proxies.create(house.alice, factories.proxy())).value
    first = await proxies.update(house.alice, state.id, ProxyPatch(name="one"), expected_version=1)
    assert first.value.version == 2
    with pytest.raises(Conflict) as refused:
        await proxies.update(house.alice, state.id, ProxyPatch(name="two"), expected_version=1)
    detail = refused.value.detail
    assert (detail.code, detail.current_state) == ("VERSION_MISMATCH", "2")
    assert await house.head() == first.position


async def test_a_probe_of_the_old_address_loses_its_lease(house: House, proxies: Proxies) -> None:
    state = (await proxies.create(house.alice, factories.proxy())).value
    leased = await claimed(house)
    await proxies.update(house.alice, state.id, ProxyPatch(port=3128))
    [shard] = await shards(house)
    assert (shard.id, shard.status, shard.holder, shard.lease_until, shard.fence) == (
        leased.id,
        ShardStatus.READY,
        None,
        None,
        7,
    )
    assert (shard.attempts, shard.last_error) == (0, None)


async def test_an_update_that_changes_nothing_is_no_event(house: House, proxies: Proxies) -> None:
    state = (await proxies.create(house.alice, WITH_SECRET)).value
    same = ProxyPatch(name="front ", host="PROXY.example", port=8080, username="user", password=SECRET)
    written = await proxies.update(house.alice, state.id, same)
    assert (written.value, written.position) == (state, 1)
    assert await house.head() == 1


async def test_a_patch_is_checked_together_with_what_is_stored(house: House, proxies: Proxies) -> None:
    plain = (await proxies.create(house.alice, factories.proxy())).value
    with pytest.raises(ValidationFailed) as refused:
        await proxies.update(house.alice, plain.id, ProxyPatch(password="x"))
    assert [v.path for v in refused.value.violations] == [("password",)]
    secret = msgspec.structs.replace(WITH_SECRET, name="two", port=81)
    full = (await proxies.create(house.alice, secret)).value
    with pytest.raises(ValidationFailed):
        await proxies.update(house.alice, full.id, ProxyPatch(username=None))
    with pytest.raises(ValidationFailed):
        await proxies.update(house.alice, full.id, ProxyPatch(protocol=ProxyProtocol.SOCKS5, password=None))
    written = await proxies.update(house.alice, full.id, ProxyPatch(username=None, password=None))
    assert written.value.has_credentials is False
    assert (await stored(house, full)).password_sealed is None


async def test_a_password_can_be_stored_anew_when_the_key_was_lost(
    house: House, proxies: Proxies, tmp_path: Path
) -> None:
    state = (await proxies.create(house.alice, WITH_SECRET)).value
    other = Proxies(house.database, Sealer.from_file(tmp_path / "another"))
    await other.update(house.alice, state.id, ProxyPatch(password=SECRET))
    assert isinstance((await house.events(1))[0], ProxyChanged)


async def test_disabling_takes_it_out_of_work_and_enabling_probes_it(house: House, proxies: Proxies) -> None:
    state = (await proxies.create(house.alice, factories.proxy())).value
    await proxies.test(house.alice, state.id)
    await claimed(house)
    off = (await proxies.update(house.alice, state.id, ProxyPatch(enabled=False))).value
    assert await house.events(2) == [
        ProxyChanged(proxy=off, changed=("enabled",)),
        ProxyHealthChanged(proxy=off, previous=ProxyHealth.TESTING),
    ]
    assert off.health is ProxyHealth.UNKNOWN
    assert await shards(house) == []
    on = (await proxies.update(house.alice, state.id, ProxyPatch(enabled=True))).value
    assert await house.events(4) == [ProxyChanged(proxy=on, changed=("enabled",))]
    assert [shard.status for shard in await shards(house)] == [ShardStatus.READY]
    assert house.bell.settled[-1][3] is True


async def test_a_test_sets_testing_and_makes_the_probe_due(house: House, proxies: Proxies) -> None:
    state = (await proxies.create(house.alice, factories.proxy())).value
    await probed(house, state, ProxyHealth.HEALTHY)
    house.clock.advance(60)
    written = await proxies.test(house.alice, state.id)
    assert written.value.health is ProxyHealth.TESTING
    assert await house.events(1) == [ProxyHealthChanged(proxy=written.value, previous=ProxyHealth.HEALTHY)]
    [shard] = await shards(house)
    assert (shard.status, shard.available_at) == (ShardStatus.READY, house.now)
    assert house.bell.settled[-1][3] is True


async def test_a_second_test_while_the_first_runs_records_nothing(house: House, proxies: Proxies) -> None:
    state = (await proxies.create(house.alice, factories.proxy())).value
    first = await proxies.test(house.alice, state.id)
    await claimed(house)
    second = await proxies.test(house.alice, state.id)
    assert second == first
    [shard] = await shards(house)
    assert shard.holder == "worker"


async def test_a_test_makes_the_shard_that_is_missing(house: House, proxies: Proxies) -> None:
    state = (await proxies.create(house.alice, factories.proxy())).value
    async with house.database.engines.writing() as session:
        await session.delete((await session.execute(select(ShardRow))).scalar_one())
    await proxies.test(house.alice, state.id)
    assert [shard.proxy_id for shard in await shards(house)] == [state.id]


async def test_a_disabled_proxy_is_not_tested(house: House, proxies: Proxies) -> None:
    draft = msgspec.structs.replace(factories.proxy(), enabled=False)
    state = (await proxies.create(house.alice, draft)).value
    with pytest.raises(Conflict) as refused:
        await proxies.test(house.alice, state.id)
    detail = refused.value.detail
    assert (detail.code, detail.current_state, detail.attempted) == ("INVALID_TRANSITION", "DISABLED", "TEST")
    assert await house.head() == 1


async def test_delete_removes_proxy_and_probe_and_tells_what_it_was(house: House, proxies: Proxies) -> None:
    state = (await proxies.create(house.alice, factories.proxy())).value
    written = await proxies.delete(house.alice, state.id)
    assert (written.value, written.position) == (state, 2)
    assert await house.events(1) == [ProxyRemoved(proxy=state)]
    assert (await house.count(ProxyRow), await house.count(ShardRow)) == (0, 0)


async def test_a_proxy_in_use_cannot_be_deleted_until_the_campaign_has_ended(
    house: House, proxies: Proxies
) -> None:
    personas, campaigns = Personas(house.database), Campaigns(house.database)
    dns = await personas.create(house.alice, factories.dns_persona())
    http = await personas.create(house.alice, factories.http_persona())
    state = (await proxies.create(house.alice, factories.proxy())).value
    draft = factories.campaign(dns.value, http.value)
    assert draft.http is not None
    config = msgspec.structs.replace(draft.http, proxy_ids=(state.id,))
    made = await campaigns.create(house.alice, msgspec.structs.replace(draft, http=config))
    control = CampaignControl(house.database)
    await control.start(house.alice, made.value)
    with pytest.raises(Conflict) as refused:
        await proxies.delete(house.alice, state.id)
    assert refused.value.detail.code == "IN_USE"
    assert await house.count(ProxyRow) == 1
    await control.cancel(house.alice, made.value)
    await proxies.delete(house.alice, state.id)
    assert (await house.count(ProxyRow), await house.count(CampaignProxyRow)) == (0, 0)


async def test_somebody_elses_proxy_is_not_found(house: House, proxies: Proxies) -> None:
    state = (await proxies.create(house.alice, factories.proxy())).value
    for ident in (state.id, new_id()):
        with pytest.raises(NotFound):
            await proxies.update(house.bob, ident, ProxyPatch(port=1))
        with pytest.raises(NotFound):
            await proxies.delete(house.bob, ident)
        with pytest.raises(NotFound):
            await proxies.test(house.bob, ident)
    assert await house.head() == 1


async def test_a_viewer_changes_nothing(house: House, proxies: Proxies) -> None:
    with pytest.raises(Forbidden):
        await proxies.create(house.viewer, factories.proxy())
    with pytest.raises(Forbidden):
        await proxies.update(house.viewer, new_id(), ProxyPatch())
    with pytest.raises(Forbidden):
        await proxies.delete(house.viewer, new_id())
    with pytest.raises(Forbidden):
        await proxies.test(house.viewer, new_id())
    assert house.bell.announced == []
