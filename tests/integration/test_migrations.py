"""Both databases come from the same migrations, and are what the models say."""

import asyncio

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from core.errors import Misconfigured
from db import migrating
from db.engine import Engines
from db.models import DnsConfigRow, HttpConfigRow, KeywordRuleRow, PhaseRow, TokenRow
from db.repositories import event_log

_ID = "01a20c4bcd7b762e9f974f643e653bac"
_NOW = "'2026-01-01 00:00:00'"
# A rule as the first migration knows it, and what it hangs on.
OLD_RULE = (
    f"INSERT INTO principals (id, name, role, created_at) VALUES ('{_ID}', 'alice', 'OPERATOR', {_NOW})",
    "INSERT INTO keyword_sets (id, owner_id, name, enabled, created_at, updated_at) "
    f"VALUES ('{_ID}', '{_ID}', 'lamps', true, {_NOW}, {_NOW})",
    "INSERT INTO keyword_rules (set_id, ordinal, pattern, rule_type, is_case_sensitive, context_chars) "
    f"VALUES ('{_ID}', 0, 'lamp', 'STRING', false, 0)",
)

OLD_TOKEN = (
    "INSERT INTO tokens (id, principal_id, name, role, digest, created_at) "
    f"VALUES ('{_ID}', '{_ID}', 'phone', 'VIEWER', 'x', {_NOW})"
)

# A campaign as the second migration knows it, whose second DNS persona is gone, and all its proxies.
_ID2 = _ID[:-1] + "d"
OLD_CAMPAIGN = (
    OLD_RULE[0],
    OLD_RULE[1],
    "INSERT INTO campaigns (id, owner_id, name, status, created_at, updated_at) "
    f"VALUES ('{_ID}', '{_ID}', 'hunt', 'COMPLETED', {_NOW}, {_NOW})",
    *(
        "INSERT INTO personas (id, owner_id, name, persona_type, enabled, config, created_at, updated_at) "
        f"VALUES ('{ident}', '{_ID}', '{ident}', 'DNS', true, '{{}}', {_NOW}, {_NOW})"
        for ident in (_ID, _ID2)
    ),
    f"INSERT INTO dns_configs (campaign_id, batch_size, retry_attempts) VALUES ('{_ID}', 1, 0)",
    "INSERT INTO http_configs (campaign_id, ad_hoc_keywords, batch_size, retry_attempts, http_port, https_port) "
    f"VALUES ('{_ID}', '[]', 1, 0, 80, 443)",
    *(
        f"INSERT INTO phase_personas (campaign_id, kind, ordinal, persona_id) VALUES ('{_ID}', {link})"
        for link in (
            f"'DNS_VALIDATION', 0, '{_ID}'",
            f"'DNS_VALIDATION', 2, '{_ID2}'",
            f"'HTTP_KEYWORD_VALIDATION', 0, '{_ID}'",
        )
    ),
    f"INSERT INTO campaign_keyword_sets (campaign_id, ordinal, keyword_set_id) VALUES ('{_ID}', 0, '{_ID}')",
)

# One that has ended, one that runs, one that is paused.
OLD_PHASES = tuple(
    "INSERT INTO campaign_phases (campaign_id, ordinal, kind, status, total, processed, succeeded, failed, "
    "open_shards, started_at, completed_at, progress_at) "
    f"VALUES ('{_ID}', {ordinal}, '{kind}', {status}, 9, 1, 1, 0, 1, '2026-01-01 00:00:00.000000', {moments})"
    for ordinal, (kind, status, moments) in enumerate(
        (
            (
                "DOMAIN_GENERATION",
                "'COMPLETED'",
                "'2026-01-01 00:01:30.000000', '2026-01-01 00:01:00.000000'",
            ),
            ("DNS_VALIDATION", "'IN_PROGRESS'", "NULL, '2026-01-01 00:01:00.000000'"),
            ("HTTP_KEYWORD_VALIDATION", "'PAUSED'", "NULL, '2026-01-01 00:00:30.000000'"),
        )
    )
)


async def test_migrated_database_equals_the_models(database_url: str) -> None:
    assert await migrating.differences(database_url) == []
    assert await migrating.current(database_url) == migrating.newest()


async def test_up_down_up_leaves_nothing_behind_and_a_new_log(database_url: str) -> None:
    before = await _incarnation(database_url)
    await migrating.downgrade(database_url, "base")
    assert await migrating.current(database_url) is None
    assert len(await migrating.differences(database_url)) >= 20
    await migrating.upgrade(database_url)
    assert await migrating.differences(database_url) == []
    assert await _incarnation(database_url) != before


async def test_rules_from_before_whole_words_look_for_parts_of_words(database_url: str) -> None:
    """They are kept on the way up and on the way down, and the default that filled them is gone."""
    await migrating.downgrade(database_url, "0001")
    engines = Engines(database_url)
    async with engines.writing() as session:
        for statement in OLD_RULE:
            await session.execute(text(statement))
    await migrating.upgrade(database_url)
    assert await migrating.differences(database_url) == []
    rules = select(KeywordRuleRow.pattern, KeywordRuleRow.is_whole_word)
    async with engines.reading() as session:
        assert (await session.execute(rules)).all() == [("lamp", False)]
    with pytest.raises(IntegrityError):
        async with engines.writing() as session:
            await session.execute(text(OLD_RULE[-1].replace(", 0,", ", 1,")))
    await migrating.downgrade(database_url, "0001")
    async with engines.reading() as session:
        assert (await session.execute(text("SELECT pattern FROM keyword_rules"))).scalars().all() == ["lamp"]
    await engines.close()


async def test_campaigns_from_before_references_were_counted_have_as_many_as_can_be_told(
    database_url: str,
) -> None:
    """The place of the last link that is left says how many there were at least."""
    await migrating.downgrade(database_url, "0002")
    engines = Engines(database_url)
    async with engines.writing() as session:
        for statement in OLD_CAMPAIGN:
            await session.execute(text(statement))
    await migrating.upgrade(database_url)
    assert await migrating.differences(database_url) == []
    dns = select(DnsConfigRow.persona_count, DnsConfigRow.batch_size)
    http = select(HttpConfigRow.persona_count, HttpConfigRow.keyword_set_count, HttpConfigRow.proxy_count)
    async with engines.reading() as session:
        assert (await session.execute(dns)).all() == [(3, 1)]
        assert (await session.execute(http)).all() == [(1, 1, 0)]
    await migrating.downgrade(database_url, "0002")
    async with engines.reading() as session:
        assert (await session.execute(text("SELECT https_port FROM http_configs"))).scalars().all() == [443]
        assert len((await session.execute(text("SELECT ordinal FROM phase_personas"))).all()) == 3
    await engines.close()


async def test_phases_from_before_their_time_was_measured_have_run_since_they_began(
    database_url: str,
) -> None:
    """One that runs goes on being measured; of the others it is known when they ended, or last moved."""
    await migrating.downgrade(database_url, "0003")
    engines = Engines(database_url)
    async with engines.writing() as session:
        for statement in (*OLD_CAMPAIGN[:3], *OLD_PHASES):
            await session.execute(text(statement))
    await migrating.upgrade(database_url)
    wanted = select(PhaseRow.ran_seconds, PhaseRow.running_since == PhaseRow.started_at)
    async with engines.reading() as session:
        rows = (await session.execute(wanted.order_by(PhaseRow.ordinal).limit(3))).all()
    assert [(round(seconds, 2), begun) for seconds, begun in rows] == [
        (90.0, None),
        (0.0, True),
        (30.0, None),
    ]
    await migrating.downgrade(database_url, "0003")
    await engines.close()


async def test_of_tokens_from_before_it_was_kept_nobody_knows_when_they_were_used(database_url: str) -> None:
    await migrating.downgrade(database_url, "0005")
    engines = Engines(database_url)
    async with engines.writing() as session:
        for statement in (OLD_RULE[0], OLD_TOKEN):
            await session.execute(text(statement))
    await migrating.upgrade(database_url)
    async with engines.reading() as session:
        assert (await session.execute(select(TokenRow.name, TokenRow.last_used_at))).all() == [
            ("phone", None)
        ]
    await migrating.downgrade(database_url, "0005")
    async with engines.reading() as session:
        assert (await session.execute(text("SELECT name FROM tokens"))).scalars().all() == ["phone"]
    await engines.close()


async def test_upgrade_of_an_upgraded_database_changes_nothing(database_url: str) -> None:
    before = await _incarnation(database_url)
    await migrating.upgrade(database_url)
    assert await _incarnation(database_url) == before


APPEND = (
    "UPDATE event_log_head SET position = position + 1",
    "INSERT INTO event_log (position, type, version, occurred_at, actor_kind, actor_name, entity_type, entity_id, "
    "feed, summary, data) SELECT position, 'X', 1, now(), 'SYSTEM', 'x', 'X', gen_random_uuid(), true, 'x', '{}' "
    "FROM event_log_head",
)


@pytest.mark.parametrize(
    ("go", "before", "after"), [("upgrade", "0004", "0005"), ("downgrade", "0005", "0004")]
)
async def test_tags_come_and_go_between_the_transactions_of_those_who_append(
    postgres_url: str, go: str, before: str, after: str
) -> None:
    """They lock the head and then the log; a migration that did so the other way round would end one of them."""
    await migrating.downgrade(postgres_url, before)
    engines = Engines(postgres_url)
    async with asyncio.TaskGroup() as tasks, engines.writing() as session:
        await session.execute(text(APPEND[0]))
        migration = tasks.create_task(getattr(migrating, go)(postgres_url, after))
        await _until_a_lock_is_awaited(engines)
        await session.execute(text(APPEND[1]))
        assert not migration.done()
    async with engines.reading() as session:
        assert (await session.execute(text("SELECT count(*) FROM event_log"))).scalar_one() == 1
    await engines.close()
    assert await migrating.current(postgres_url) == after


async def _until_a_lock_is_awaited(engines: Engines) -> None:
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation IS NOT NULL")
    async with asyncio.timeout(10):
        while True:
            async with engines.reading() as session:
                if (await session.execute(waiting)).scalar_one():
                    return


async def test_a_migration_that_finds_no_place_changes_nothing_and_says_what_to_do(postgres_url: str) -> None:
    await migrating.downgrade(postgres_url, "0004")
    engines = Engines(postgres_url)
    async with engines.reading() as session:
        await session.execute(text("SELECT count(*) FROM event_log"))
        with pytest.raises(
            Misconfigured, match="stop the workers and whatever else holds a transaction open"
        ):
            await migrating.upgrade(postgres_url)
    await engines.close()
    assert await migrating.current(postgres_url) == "0004"


async def _incarnation(url: str) -> str:
    engines = Engines(url)
    async with engines.reading() as session:
        head = await event_log.head(session)
    await engines.close()
    assert (head.position, head.floor) == (0, 0)
    return head.incarnation
