"""Both databases come from the same migrations, and are what the models say."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from db import migrating
from db.engine import Engines
from db.models import KeywordRuleRow
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


async def test_upgrade_of_an_upgraded_database_changes_nothing(database_url: str) -> None:
    before = await _incarnation(database_url)
    await migrating.upgrade(database_url)
    assert await _incarnation(database_url) == before


async def _incarnation(url: str) -> str:
    engines = Engines(url)
    async with engines.reading() as session:
        head = await event_log.head(session)
    await engines.close()
    assert (head.position, head.floor) == (0, 0)
    return head.incarnation
