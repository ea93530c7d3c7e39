"""How phases follow one another and overlap: hand-overs, totals, modes, pauses, and enough to do."""

from uuid import UUID

import pytest

from core.settings import Settings
from db.repositories.domains import STATUS
from events.campaign_events import (
    CampaignProgress,
    CampaignStatusChanged,
    PhaseAutoStarted,
    PhaseCompleted,
    PhaseStarted,
)
from events.domain_events import DomainsChanged, DomainsGenerated
from services.running_settings import RunningSettings
from tests.fakes.crew import Crew
from tests.fakes.house import House
from tests.fakes.recount import assert_consistent
from tests.fakes.shop import Shop
from vocabulary.campaigns import (
    CampaignMode,
    CampaignStatus,
    Counts,
    DnsConfig,
    GenerationConfig,
    HttpConfig,
    PatternType,
    PhaseKind,
    PhaseStatus,
)
from vocabulary.checks import CheckStatus

GENERATION, DNS, HTTP, EXTRACTION, ANALYSIS, ENRICHMENT = PhaseKind
FULL, STEPS = CampaignMode.FULL_SEQUENCE, CampaignMode.STEP_BY_STEP


def space(letters: str = "abc", count: int = 0, *tlds: str) -> GenerationConfig:
    return GenerationConfig(PatternType.SUFFIX, letters, "x", tlds or (".com",), suffix_length=2, count=count)


async def begun(
    shop: Shop, mode: CampaignMode = FULL, batch: int = 2, config: GenerationConfig | None = None
) -> UUID:
    """A campaign that was started; nine names unless told otherwise."""
    dns, http = await shop.dns_persona("192.0.2.1:53"), await shop.http_persona()
    ident = await shop.campaign(
        config or space(),
        DnsConfig((dns,), batch_size=batch),
        HttpConfig((http,), ad_hoc_keywords=("solar",), batch_size=batch),
        mode,
    )
    await shop.start(ident)
    return ident


async def statuses(shop: Shop, ident: UUID) -> list[PhaseStatus]:
    return [(await shop.phase(ident, kind)).status for kind in PhaseKind]


async def consistent(shop: Shop, ident: UUID) -> None:
    async with shop.database.engines.reading() as session:
        await assert_consistent(session, ident)


def mixed(kind: PhaseKind, offset: int) -> CheckStatus:
    """A fate of every sort."""
    return (CheckStatus.OK, CheckStatus.OK, CheckStatus.ERROR, CheckStatus.TIMEOUT)[
        (offset * 7 + list(PhaseKind).index(kind) * 3) % 4
    ]


@pytest.mark.parametrize("letters", ["abc", "abcdef"])
@pytest.mark.parametrize("batch", [1, 4])
async def test_a_full_sequence_ends_with_every_domain_decided_on(
    shop: Shop, crew: Crew, letters: str, batch: int
) -> None:
    ident = await begun(shop, batch=batch, config=space(letters))
    while await crew.step(fate=mixed):
        await consistent(shop, ident)
    assert (await shop.row(ident)).status is CampaignStatus.COMPLETED
    assert (await shop.row(ident)).percent == 100.0
    await consistent(shop, ident)
    rows = await shop.domains(ident)
    assert len(rows) == len(letters) ** 2
    assert {row.rejection.value for row in rows} > {"QUALIFIED", "DNS_ERROR", "HTTP_TIMEOUT"}
    assert all(row.rejection != "PENDING" for row in rows)


async def test_a_name_is_looked_up_while_others_are_generated(shop: Shop, crew: Crew) -> None:
    ident = await begun(shop)
    await crew.step(GENERATION)
    assert (await statuses(shop, ident))[:2] == [PhaseStatus.IN_PROGRESS] * 2
    dns = await shop.phase(ident, DNS)
    # Three names came in two shards, and all nine may still come.
    assert (dns.total, dns.open_shards) == (9, 2)
    assert await crew.step(DNS)
    assert (await statuses(shop, ident))[:3] == [PhaseStatus.IN_PROGRESS] * 3
    assert (await shop.phase(ident, HTTP)).total == 9
    assert await crew.step(HTTP)
    assert (await shop.phase(ident, EXTRACTION)).status is PhaseStatus.IN_PROGRESS
    await consistent(shop, ident)


async def test_totals_fall_along_the_chain_as_domains_fail(shop: Shop, crew: Crew) -> None:
    ident = await begun(shop, batch=3)
    await crew.step(GENERATION)
    await crew.step(DNS, fate=lambda _kind, offset: CheckStatus.OK if offset == 1 else CheckStatus.ERROR)
    totals = [(await shop.phase(ident, kind)).total for kind in (GENERATION, DNS, HTTP)]
    assert totals == [9, 9, 7]
    await crew.step(HTTP, fate=lambda _kind, _offset: CheckStatus.TIMEOUT)
    assert (await shop.phase(ident, HTTP)).total == 7
    # Extraction has not begun: nothing came for it yet.
    assert (await statuses(shop, ident))[3] is PhaseStatus.CONFIGURED
    await consistent(shop, ident)


async def test_analysis_waits_until_extraction_is_complete(shop: Shop, crew: Crew) -> None:
    ident = await begun(shop)
    while await crew.step(GENERATION, DNS, HTTP, EXTRACTION):
        analysis = await shop.phase(ident, ANALYSIS)
        done = (await shop.phase(ident, EXTRACTION)).status is PhaseStatus.COMPLETED
        assert (analysis.status is PhaseStatus.IN_PROGRESS) == done
    assert (await shop.phase(ident, ANALYSIS)).total == 9
    assert (await shop.phase(ident, ENRICHMENT)).status is PhaseStatus.CONFIGURED


async def test_step_by_step_waits_for_each_phase_to_be_started(shop: Shop, crew: Crew, house: House) -> None:
    ident = await begun(shop, STEPS)
    for kind in list(PhaseKind)[1:]:
        await crew.run()
        await consistent(shop, ident)
        assert (await shop.row(ident)).status is CampaignStatus.WAITING
        assert (await shop.row(ident)).control_phase is None
        await shop.control.start_phase(house.alice, ident, kind)
        assert (await shop.row(ident)).control_phase is kind
    await crew.run()
    assert (await shop.row(ident)).status is CampaignStatus.COMPLETED
    assert await shop.events(PhaseAutoStarted) == []
    assert [event.phase for event in await shop.events(PhaseStarted)] == list(PhaseKind)


async def test_a_switch_to_full_sequence_counts_from_the_next_hand_over_on(
    shop: Shop, crew: Crew, house: House
) -> None:
    ident = await begun(shop, STEPS)
    await crew.step(GENERATION)
    await shop.campaigns.set_mode(house.alice, ident, FULL)
    assert (await statuses(shop, ident))[1] is PhaseStatus.CONFIGURED
    await crew.step(GENERATION)
    # It gets what was generated before the switch, too.
    assert (await shop.phase(ident, DNS)).open_shards == 3
    await crew.run(fate=mixed)
    assert (await shop.row(ident)).status is CampaignStatus.COMPLETED
    await consistent(shop, ident)


async def test_a_phase_that_begins_late_gets_all_that_was_finished_and_nothing_else(
    shop: Shop, crew: Crew, house: House
) -> None:
    ident = await begun(shop, STEPS)
    await crew.run()
    await shop.control.start(house.alice, ident)
    shards = [await crew.take(DNS) for _ in range(5)]
    first, second, third, fourth, fifth = (left for left in shards if left is not None)
    await crew.write(first)
    await crew.write(second, most=1)
    await crew.write(fourth)
    await shop.campaigns.set_mode(house.alice, ident, FULL)
    await crew.write(fifth)
    http = [shard for shard in await shop.shards() if shard.kind == "HTTP_KEYWORD_VALIDATION"]
    # Domains 0 and 1, then 6 to 8: the one that is well in a shard which goes on comes with that shard.
    assert sorted((shard.lower, shard.upper) for shard in http) == [(0, 2), (6, 8), (8, 9)]
    await crew.write(await crew.look(second.claim))
    await crew.write(third)
    await crew.run(fate=mixed)
    assert (await shop.row(ident)).status is CampaignStatus.COMPLETED
    await consistent(shop, ident)


async def test_a_switch_to_steps_lets_running_phases_go_on_and_begins_no_other(
    shop: Shop, crew: Crew, house: House
) -> None:
    ident = await begun(shop)
    await crew.step(GENERATION)
    await shop.campaigns.set_mode(house.alice, ident, STEPS)
    await crew.run()
    assert await statuses(shop, ident) == [PhaseStatus.COMPLETED] * 2 + [PhaseStatus.CONFIGURED] * 4
    assert (await shop.row(ident)).status is CampaignStatus.WAITING
    assert (await shop.phase(ident, DNS)).processed == 9
    await consistent(shop, ident)


async def test_a_pause_in_the_middle_pauses_all_and_loses_nothing(
    shop: Shop, crew: Crew, house: House
) -> None:
    ident = await begun(shop)
    await crew.step(GENERATION)
    await crew.step(DNS)
    held = await crew.take(DNS)
    generating = await crew.take(GENERATION)
    assert held is not None
    assert generating is not None
    await shop.control.pause(house.alice, ident)
    assert (await statuses(shop, ident))[:3] == [PhaseStatus.PAUSED] * 3
    # What was under way is written; no shard is done, and none can be claimed.
    await crew.write(held)
    await crew.generate(generating.claim)
    await crew.work.release([held.claim, generating.claim])
    await consistent(shop, ident)
    assert not await crew.step()
    assert (await shop.phase(ident, DNS)).processed == 3
    await shop.control.resume(house.alice, ident)
    await crew.run(fate=mixed)
    assert (await shop.row(ident)).status is CampaignStatus.COMPLETED
    await consistent(shop, ident)


async def test_the_same_batch_twice_hands_over_once(shop: Shop, crew: Crew) -> None:
    ident = await begun(shop)
    await crew.step(GENERATION)
    left = await crew.take(DNS)
    assert left is not None
    await crew.write(left)
    before = await shop.house.head()
    await crew.write(left)
    assert await shop.house.head() == before
    assert (await shop.phase(ident, HTTP)).open_shards == 1


async def test_nothing_to_generate_completes_a_full_sequence_at_once(shop: Shop, house: House) -> None:
    await begun(shop)
    ident = await begun(shop)
    assert (await shop.row(ident)).status is CampaignStatus.COMPLETED
    events = [event for event in await house.events() if getattr(event, "campaign_id", None) == ident]
    assert [type(event) for event in events[1:]] == [
        CampaignStatusChanged,
        *[PhaseStarted, CampaignProgress, PhaseCompleted],
        *[PhaseAutoStarted, CampaignProgress, PhaseCompleted] * 5,
        CampaignStatusChanged,
    ]
    progress = [event for event in events if isinstance(event, CampaignProgress)]
    assert [round(event.percent, 1) for event in progress] == [16.7, 33.3, 50.0, 66.7, 83.3, 100.0]


async def test_nobody_is_due_behind_a_skipped_phase(shop: Shop, crew: Crew, house: House) -> None:
    ident = await begun(shop)
    await shop.control.skip_phase(house.alice, ident, HTTP)
    await crew.run(fate=mixed)
    row = await shop.row(ident)
    assert (row.status, row.percent) == (CampaignStatus.COMPLETED, 100.0)
    done = [PhaseStatus.COMPLETED] * 2 + [PhaseStatus.SKIPPED] + [PhaseStatus.COMPLETED] * 3
    assert await statuses(shop, ident) == done
    assert (await shop.phase(ident, EXTRACTION)).total == 0
    await consistent(shop, ident)


@pytest.mark.effect("setting.phase_backlog_shards")
@pytest.mark.parametrize("backlog", [1, 2, 6])
async def test_a_phase_with_enough_to_do_holds_the_one_before_it_back(shop: Shop, backlog: int) -> None:
    """Twenty-five names in DNS shards of one: a batch of three makes three."""
    crew = Crew(shop.database, Settings(phase_backlog_shards=backlog))
    ident = await begun(shop, batch=1, config=space("abcde"))
    while await crew.step(GENERATION):
        assert (await shop.phase(ident, DNS)).open_shards < backlog + 3
    dns = await shop.phase(ident, DNS)
    assert dns.open_shards >= backlog
    assert (await shop.phase(ident, GENERATION)).is_held_back
    while (await shop.phase(ident, DNS)).open_shards > backlog // 2:
        assert not await crew.step(GENERATION)
        assert await crew.step(DNS) or await crew.step(HTTP, EXTRACTION)
    assert await crew.step(GENERATION)
    await consistent(shop, ident)
    most = 0
    while await crew.step():
        opened = [(await shop.phase(ident, kind)).open_shards for kind in (DNS, HTTP)]
        most = max(most, *opened)
    assert most < backlog + 3
    assert (await shop.row(ident)).status is CampaignStatus.COMPLETED
    await consistent(shop, ident)


@pytest.mark.effect("override.phase_backlog_shards")
async def test_an_admin_changes_how_much_holds_a_phase_back_while_it_runs(shop: Shop, house: House) -> None:
    settings = Settings(phase_backlog_shards=1000)
    crew, ident = Crew(shop.database, settings), await begun(shop, batch=1, config=space("abcde"))
    assert await crew.step(GENERATION)
    assert not (await shop.phase(ident, GENERATION)).is_held_back
    await RunningSettings(shop.database, settings).update(house.admin, {"phase_backlog_shards": 2})
    assert await crew.step(GENERATION)
    assert (await shop.phase(ident, GENERATION)).is_held_back
    await consistent(shop, ident)


async def test_a_batch_that_comes_late_to_a_held_back_generation_is_not_written(shop: Shop) -> None:
    crew = Crew(shop.database, Settings(phase_backlog_shards=1))
    ident = await begun(shop, batch=1, config=space("abc", 0, ".com", ".net"))
    one, other = await crew.take(GENERATION), await crew.take(GENERATION)
    assert one is not None
    assert other is not None
    assert (await crew.generate(one.claim)).name == "STOPPED"
    assert (await crew.generate(other.claim)).name == "STOPPED"
    assert (await shop.phase(ident, DNS)).open_shards == 3
    await consistent(shop, ident)


async def test_every_flush_tells_of_its_domains(shop: Shop, crew: Crew) -> None:
    ident = await begun(shop, batch=9)
    crew.batch = 9
    await crew.run(fate=mixed)
    (generated,) = await shop.events(DomainsGenerated)
    rows = await shop.domains(ident)
    assert [(each.offset, each.name) for each in generated.generated] == [
        (row.offset, row.name) for row in rows
    ]
    for kind, column in STATUS.items():
        told = [event for event in await shop.events(DomainsChanged) if event.phase is kind]
        offsets = [each.offset for event in told for each in event.changed]
        assert offsets == [row.offset for row in rows if getattr(row, column.key) is not CheckStatus.PENDING]
    last = {each.offset: each for event in await shop.events(DomainsChanged) for each in event.changed}
    for row in rows:
        assert (last[row.offset].rejection, last[row.offset].lead_status) == (row.rejection, row.lead_status)
        assert (last[row.offset].score is None) == (row.analysis_status is CheckStatus.PENDING)


async def test_a_long_batch_names_a_hundred_and_counts_the_rest(shop: Shop, crew: Crew) -> None:
    await begun(shop, batch=500, config=space("abcdefghijklmno"))
    crew.batch = 1000
    await crew.run(GENERATION, DNS)
    (generated,) = await shop.events(DomainsGenerated)
    (changed,) = await shop.events(DomainsChanged)
    assert (len(generated.generated), generated.omitted) == (100, 125)
    assert (len(changed.changed), changed.omitted) == (100, 125)


async def test_progress_carries_every_running_phase(shop: Shop, crew: Crew, house: House) -> None:
    ident = await begun(shop)
    await crew.step(GENERATION)
    house.clock.advance(1)
    await crew.step(DNS, fate=lambda _kind, offset: CheckStatus.OK if offset else CheckStatus.ERROR)
    told = (await shop.events(CampaignProgress))[-1]
    assert [(each.phase, each.counts) for each in told.running] == [
        (GENERATION, Counts(9, 3, 3)),
        (DNS, Counts(9, 2, 1, 1)),
        (HTTP, Counts(8)),
    ]
    assert (told.percent, told.tallies.dns_error) == ((await shop.row(ident)).percent, 1)


async def test_several_tlds_share_the_count_and_lie_behind_each_other(shop: Shop, crew: Crew) -> None:
    await begun(shop, config=space("abc", 7, ".net"))
    ident = await begun(shop, config=space("abc", 12, ".com", ".net", ".org"))
    await crew.run(fate=mixed)
    rows = await shop.domains(ident)
    # .net has two offsets left; what it lacks goes to the others.
    assert [row.tld for row in rows] == [".com"] * 5 + [".net"] * 2 + [".org"] * 5
    assert [row.offset for row in rows] == list(range(12))
    assert [row.name for row in rows[4:8]] == ["xbb.com", "xcb.net", "xcc.net", "xaa.org"]
    assert (await shop.row(ident)).status is CampaignStatus.COMPLETED
    await consistent(shop, ident)


async def test_names_that_come_as_the_next_phase_fails_are_its_own_after_a_retry(
    shop: Shop, crew: Crew, house: House
) -> None:
    ident = await begun(shop)
    await crew.step(GENERATION)
    generating, looking = await crew.take(GENERATION), await crew.take(DNS)
    assert generating is not None
    assert looking is not None
    await crew.work.cannot_go_on(looking.claim, "NO_USABLE_PERSONA", "nobody is there")
    # These names were under way when generation was paused for the failure beside it.
    await crew.generate(generating.claim)
    await crew.work.release([generating.claim])
    await consistent(shop, ident)
    await shop.control.retry_phase(house.alice, ident, DNS)
    await crew.run(fate=mixed)
    assert (await shop.row(ident)).status is CampaignStatus.COMPLETED
    await consistent(shop, ident)


async def test_a_phase_that_begins_late_has_no_shard_over_names_that_are_yet_to_come(
    shop: Shop, crew: Crew, house: House
) -> None:
    """Two spaces are enumerated beside each other: between what is there of the one and of the other is a gap."""
    ident = await begun(shop, STEPS, config=space("abc", 0, ".com", ".net"))
    one, other = await crew.take(GENERATION), await crew.take(GENERATION)
    assert one is not None
    assert other is not None
    await crew.generate(one.claim)
    await crew.generate(other.claim)
    await shop.campaigns.set_mode(house.alice, ident, FULL)
    await crew.generate(other.claim)
    dns = sorted((s.lower, s.upper) for s in await shop.shards() if s.kind == "DNS_VALIDATION")
    assert dns == [(0, 2), (2, 3), (9, 11), (11, 13), (13, 15)]
    await crew.generate(one.claim)
    await crew.work.release([one.claim, other.claim])
    while await crew.step(fate=mixed):
        await consistent(shop, ident)
    assert (await shop.row(ident)).status is CampaignStatus.COMPLETED


async def test_no_shard_spans_names_that_an_earlier_phase_has_yet_to_decide_on(
    shop: Shop, crew: Crew, house: House
) -> None:
    """DNS is done with the first and the third part, HTTP with both; the second part is still looked up."""
    ident = await begun(shop, STEPS)
    await crew.run()
    await shop.control.start(house.alice, ident)
    dns = [left for left in [await crew.take(DNS) for _ in range(5)] if left is not None]
    await shop.campaigns.set_mode(house.alice, ident, FULL)
    for number in (0, 2, 3):
        await crew.write(dns[number])
    await shop.campaigns.set_mode(house.alice, ident, STEPS)
    http = [left for left in [await crew.take(HTTP) for _ in range(3)] if left is not None]
    await crew.write(http[0], most=1)
    await crew.write(http[1])
    await crew.write(await crew.look(http[0].claim))
    await shop.campaigns.set_mode(house.alice, ident, FULL)
    await crew.write(http[2], lambda _kind, offset: CheckStatus.OK if offset == 6 else CheckStatus.ERROR)
    extraction = sorted((s.lower, s.upper) for s in await shop.shards() if s.kind == "EXTRACTION")
    await crew.write(dns[1])
    await crew.write(dns[4])
    # What comes late is with the next phase before that has looked at what came early.
    await crew.run(HTTP)
    while await crew.step(fate=mixed):
        await consistent(shop, ident)
    assert extraction == [(0, 2), (4, 7)]
    assert (await shop.row(ident)).status is CampaignStatus.COMPLETED
