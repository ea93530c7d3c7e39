"""The same verbs on PostgreSQL, and what only it can show: two writers at once, each waiting for the other's end."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import delete, select, text

from auth.sealing import Sealer
from core.errors import Conflict
from core.settings import Settings
from core.tasks import Owner
from db.models import CampaignRow, IdempotencyRow, PersonaRow, PrincipalRow, ProxyRow, ShardRow
from db.repositories import bulk, idempotency, proxy_use, shards
from db.repositories import campaigns as rows
from db.repositories import personas as persona_rows
from db.scope import EVERYTHING
from services.bulk import BulkOperations
from services.campaign_control import CampaignControl
from services.campaigns import CampaignPatch, Campaigns
from services.keyword_sets import KeywordSetPatch, KeywordSets
from services.personas import PersonaPatch, Personas
from services.principals import Principals
from services.proxies import Proxies, ProxyPatch
from services.work import Work
from tests import factories
from tests.fakes.house import House
from vocabulary.access import Role
from vocabulary.bulk import BulkKind
from vocabulary.keywords import KeywordRule
from vocabulary.work import ShardKind


@pytest.fixture
def house(big_house: House) -> House:
    return big_house


async def test_the_whole_life_of_everything(house: House, tmp_path: Path) -> None:
    personas, sets, campaigns = (
        Personas(house.database),
        KeywordSets(house.database),
        Campaigns(house.database),
    )
    proxies = Proxies(house.database, Sealer.from_file(tmp_path / "key"))
    dns = (await personas.create(house.alice, factories.dns_persona())).value
    http = (await personas.create(house.alice, factories.http_persona())).value
    words = (await sets.create(house.alice, factories.keyword_set())).value
    secret = msgspec.structs.replace(factories.proxy(), username="u", password="p")
    proxy = (await proxies.create(house.alice, secret)).value.id
    await personas.update(house.alice, dns, PersonaPatch(name="other"))
    await sets.update(house.alice, words, KeywordSetPatch(rules=(KeywordRule("x"),)))
    await proxies.update(house.alice, proxy, ProxyPatch(port=81))
    await proxies.test(house.alice, proxy)
    draft = factories.campaign(dns, http)
    config = msgspec.structs.replace(factories.http_of(draft), keyword_set_ids=(words,), proxy_ids=(proxy,))
    made = (await campaigns.create(house.alice, msgspec.structs.replace(draft, http=config))).value
    await campaigns.update(house.alice, made, CampaignPatch(name="chase"))
    control = CampaignControl(house.database)
    for verb in (control.start, control.pause, control.resume):
        await verb(house.alice, made)
    for refused in (personas.delete(house.alice, dns), proxies.delete(house.alice, proxy)):
        with pytest.raises(Conflict):
            await refused
    await control.cancel(house.alice, made)
    await personas.delete(house.alice, dns)
    await sets.delete(house.alice, words)
    await proxies.delete(house.alice, proxy)
    await campaigns.delete(house.alice, made)
    assert [type(event).__name__ for event in await house.events()] == [
        *("PersonaCreated", "PersonaCreated", "KeywordSetCreated", "ProxyAdded"),
        *("PersonaUpdated", "KeywordSetUpdated", "ProxyChanged", "ProxyHealthChanged"),
        *("CampaignCreated", "CampaignUpdated", "CampaignStatusChanged", "PhaseStarted"),
        *("CampaignProgress", "PhasePaused", "CampaignStatusChanged"),
        *("CampaignStatusChanged", "PhaseResumed"),
        *("CampaignProgress", "PhaseCancelled", "CampaignStatusChanged"),
        *("PersonaDeleted", "KeywordSetDeleted", "ProxyRemoved", "CampaignDeleted"),
    ]
    tables = (CampaignRow, ProxyRow, ShardRow)
    assert [await house.count(table) for table in tables] == [0, 0, 0]


async def test_of_two_that_bootstrap_at_once_one_makes_the_admin(house: House) -> None:
    async with house.database.engines.writing() as session:
        for one in (house.alice, house.bob, house.viewer, house.admin):
            await session.delete(await session.get_one(PrincipalRow, one.id))
    principals = Principals(house.database)
    tokens = await asyncio.gather(*(principals.bootstrap(None) for _ in range(4)))
    [token] = [token for token in tokens if token is not None]
    assert (await principals.authenticate(token)).role is Role.ADMIN
    assert await house.head() == 2


async def test_of_two_that_take_a_name_at_once_one_has_it(house: House) -> None:
    personas = Personas(house.database)
    results = await asyncio.gather(
        *(personas.create(house.alice, factories.dns_persona()) for _ in range(4)), return_exceptions=True
    )
    refused = [result.detail.code for result in results if isinstance(result, Conflict)]
    assert refused == ["ALREADY_EXISTS"] * 3
    assert (await house.count(PersonaRow), await house.head()) == (1, 1)


async def test_starting_twice_at_once_starts_once(house: House) -> None:
    personas, campaigns = Personas(house.database), Campaigns(house.database)
    dns = (await personas.create(house.alice, factories.dns_persona())).value
    http = (await personas.create(house.alice, factories.http_persona())).value
    made = (await campaigns.create(house.alice, factories.campaign(dns, http))).value
    written = await asyncio.gather(
        *(CampaignControl(house.database).start(house.alice, made) for _ in range(4))
    )
    assert {one.position for one in written} == {5}
    assert await house.head() == 5


async def test_a_deletion_waits_for_a_campaign_that_takes_the_persona_up(house: House) -> None:
    personas, campaigns = Personas(house.database), Campaigns(house.database)
    dns = (await personas.create(house.alice, factories.dns_persona())).value
    http = (await personas.create(house.alice, factories.http_persona())).value
    other = (await personas.create(house.alice, factories.dns_persona("other"))).value
    draft = factories.campaign(dns, http)
    made = (await campaigns.create(house.alice, draft)).value
    async with Owner("test") as owner:
        async with house.database.engines.writing() as session:
            await rows.put_dns(
                session, made, msgspec.structs.replace(factories.dns_of(draft), persona_ids=(other,))
            )
            deletion = owner.start(refusal(personas.delete(house.alice, other)), "delete")
            await until_somebody_waits(house)
        refused = await deletion
    assert refused == "IN_USE"
    assert await house.count(PersonaRow) == 3


async def test_a_campaign_waits_for_a_deletion_and_is_refused(house: House) -> None:
    personas, campaigns = Personas(house.database), Campaigns(house.database)
    dns = (await personas.create(house.alice, factories.dns_persona())).value
    http = (await personas.create(house.alice, factories.http_persona())).value
    async with Owner("test") as owner:
        async with house.database.engines.writing() as session:
            await persona_rows.lock(session, dns, EVERYTHING)
            await persona_rows.remove(session, dns)
            creation = owner.start(
                refusal(campaigns.create(house.alice, factories.campaign(dns, http))), "create"
            )
            await until_somebody_waits(house)
        assert await creation == "IN_USE"
    assert (await house.count(CampaignRow), await house.head()) == (0, 2)


async def test_renewing_leases_and_writing_results_lock_in_one_order(house: House, tmp_path: Path) -> None:
    """A write of results holds its shard and wants that of a proxy; renewing both must not come the other way."""
    personas, campaigns = Personas(house.database), Campaigns(house.database)
    proxies = Proxies(house.database, Sealer.from_file(tmp_path / "key"))
    proxy = (await proxies.create(house.alice, factories.proxy())).value.id
    house.clock.advance(1)
    dns = (await personas.create(house.alice, factories.dns_persona())).value
    http = (await personas.create(house.alice, factories.http_persona())).value
    await CampaignControl(house.database).start(
        house.alice, (await campaigns.create(house.alice, factories.campaign(dns, http))).value
    )
    work = Work(house.database, Settings())
    (probe,) = await work.claim("w", [ShardKind.PROXY_PROBE], 1)
    (part,) = await work.claim("w", [ShardKind.DOMAIN_GENERATION], 1)
    async with Owner("test") as owner:
        async with house.database.engines.writing() as session:
            await shards.locked(session, part)
            renewal = owner.start(work.renew("w", [probe.id, part.id]), "renew")
            await until_somebody_waits(house)
            await proxy_use.lock_with_probes(session, [proxy])
        assert await renewal == {probe.id, part.id}


async def refusal(verb: Awaitable[object]) -> str | None:
    """The code of the conflict that a verb ends in."""
    try:
        await verb
    except Conflict as conflict:
        return conflict.detail.code
    return None


async def until_somebody_waits(house: House) -> None:
    """Return when a connection to the database waits for a lock of another."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    for _ in range(2000):
        async with house.database.engines.reading() as session:
            if (await session.execute(waiting)).scalar_one():
                return
    raise AssertionError("Nobody waits.")


async def test_a_bulk_step_a_test_of_a_proxy_and_a_renewal_do_not_wait_in_a_circle(
    house: House, tmp_path: Path
) -> None:
    """A step holds its operation and wants its shard; a test that ends holds its own and wants the operation."""
    sealer = Sealer.from_file(tmp_path / "key")
    proxy = (await Proxies(house.database, sealer).create(house.alice, factories.proxy())).value.id
    operation = (
        await BulkOperations(house.database, sealer).start(house.alice, BulkKind.PROXY_TEST, [proxy])
    ).value.id
    work = Work(house.database, Settings())
    (probe,) = await work.claim("w", [ShardKind.PROXY_PROBE], 1)
    (part,) = await work.claim("w", [ShardKind.BULK], 1)
    async with Owner("test") as owner:
        async with house.database.engines.writing() as test:
            await shards.locked(test, probe)
            renewal = owner.start(work.renew("w", [probe.id, part.id]), "renew")
            await until_somebody_waits(house)
            async with house.database.engines.writing() as step:
                await bulk.lock(step, operation, EVERYTHING)
                await step.execute(text("SET LOCAL lock_timeout = '1s'"))
                assert await shards.locked(step, part) is not None
        assert await renewal == {probe.id, part.id}


@pytest.mark.parametrize("change", ["take back", "retry", "delete"])
async def test_changing_all_shards_of_a_phase_and_renewing_them_lock_in_one_order(
    house: House, change: str
) -> None:
    """A worker that was asleep as its phase failed renews the leases of it while somebody takes the phase back."""
    campaign_id = await started(house, ".com", ".net", ".org")
    work = Work(house.database, Settings())
    claims = await work.claim("w", [ShardKind.DOMAIN_GENERATION], 3)
    first, _, last = sorted(claims, key=lambda claim: claim.id)
    # Whoever does not ask for an order finds rows in that in which they were written.
    house.clock.advance(1)
    await work.renew("w", [first.id])
    async with Owner("test") as owner:
        async with house.database.engines.writing() as renewal:
            await shards.locked(renewal, first)
            changing = owner.start(change_shards(house, campaign_id, change), "change")
            await until_somebody_waits(house)
            await renewal.execute(text("SET LOCAL lock_timeout = '1s'"))
            assert await shards.locked(renewal, last) is not None
        await changing


async def change_shards(house: House, campaign_id: UUID, change: str) -> None:
    kind = ShardKind.DOMAIN_GENERATION
    async with house.database.engines.writing() as session:
        match change:
            case "take back":
                await shards.remove(session, campaign_id, [kind])
            case "retry":
                await shards.give_fresh_attempts(session, campaign_id, kind, house.now)
            case _:
                await rows.remove(session, campaign_id)


async def started(house: House, *tlds: str) -> UUID:
    """A campaign that generates, in a shard for each of its spaces."""
    personas = Personas(house.database)
    dns = (await personas.create(house.alice, factories.dns_persona())).value
    http = (await personas.create(house.alice, factories.http_persona())).value
    generation = msgspec.structs.replace(factories.generation(), tlds=tlds)
    draft = msgspec.structs.replace(factories.campaign(dns, http), generation=generation)
    made = (await Campaigns(house.database).create(house.alice, draft)).value
    await CampaignControl(house.database).start(house.alice, made)
    return made


async def test_two_requests_whose_keys_are_old_do_not_wait_for_each_other(house: House) -> None:
    """Each takes part in deleting what is old, of whomever, so none may do that before it has its own key."""
    keys = ["late", "early"]
    old = [IdempotencyRow(principal_id=house.alice.id, key=key, **FORGOTTEN) for key in keys]
    async with house.database.engines.writing() as session:
        session.add_all(old)
    expired = house.now - timedelta(hours=24)
    fresh = IdempotencyRow(principal_id=house.alice.id, key="early", **FORGOTTEN | {"created_at": house.now})
    async with Owner("test") as owner:
        async with house.database.engines.writing() as other:
            await other.execute(select(IdempotencyRow).filter_by(key="early").with_for_update())
            taking = owner.start(take(house, fresh, expired), "take")
            await until_somebody_waits(house)
            await other.execute(text("SET LOCAL lock_timeout = '1s'"))
            await other.execute(delete(IdempotencyRow).filter_by(key="late"))
        assert await taking is None


FORGOTTEN = {"fingerprint": "f", "answer": "", "created_at": datetime(2000, 1, 1, tzinfo=UTC)}


async def take(house: House, row: IdempotencyRow, expired: datetime) -> IdempotencyRow | None:
    async with house.database.engines.writing() as session:
        return await idempotency.take(session, row, expired)
