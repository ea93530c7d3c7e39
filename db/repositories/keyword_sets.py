"""Statements on keyword sets and their rules."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, insert, select

from db.engine import Session
from db.models import KeywordRuleRow, KeywordSetRow
from db.scope import Scope
from vocabulary.keywords import KeywordRule


async def add(session: Session, row: KeywordSetRow, rules: Sequence[KeywordRule]) -> None:
    """Insert a keyword set and its rules."""
    session.add(row)
    await session.flush()
    await _insert_rules(session, row.id, rules)


async def lock(session: Session, ident: UUID, scope: Scope) -> KeywordSetRow | None:
    """The keyword set, locked until the end of the transaction, if it is visible."""
    wanted = select(KeywordSetRow).where(KeywordSetRow.id == ident, scope.clause(KeywordSetRow.owner_id))
    return (await session.execute(wanted.with_for_update())).scalar_one_or_none()


async def get_many(session: Session, idents: Sequence[UUID], scope: Scope) -> dict[UUID, KeywordSetRow]:
    """Those of the keyword sets that are visible, by id."""
    wanted = select(KeywordSetRow).where(KeywordSetRow.id.in_(idents), scope.clause(KeywordSetRow.owner_id))
    return {row.id: row for row in (await session.execute(wanted)).scalars()}


async def name_taken(session: Session, owner_id: UUID, name: str) -> bool:
    """Whether the owner has a keyword set with this name."""
    wanted = select(KeywordSetRow.id).where(KeywordSetRow.owner_id == owner_id, KeywordSetRow.name == name)
    return (await session.execute(wanted)).scalar_one_or_none() is not None


async def rules_of(session: Session, set_id: UUID) -> tuple[KeywordRule, ...]:
    """The rules of a set, in their order."""
    wanted = select(KeywordRuleRow).where(KeywordRuleRow.set_id == set_id).order_by(KeywordRuleRow.ordinal)
    return tuple(rule_of(row) for row in (await session.execute(wanted)).scalars())


async def replace_rules(session: Session, set_id: UUID, rules: Sequence[KeywordRule]) -> None:
    """Put `rules` in the place of all rules of a set."""
    await session.execute(delete(KeywordRuleRow).where(KeywordRuleRow.set_id == set_id))
    await _insert_rules(session, set_id, rules)


async def remove(session: Session, ident: UUID) -> None:
    """Delete a keyword set that nothing links to any more, with its rules."""
    await session.execute(delete(KeywordSetRow).where(KeywordSetRow.id == ident))


def rule_of(row: KeywordRuleRow) -> KeywordRule:
    """The rule that a row stores."""
    return KeywordRule(
        pattern=row.pattern,
        rule_type=row.rule_type,
        is_case_sensitive=row.is_case_sensitive,
        is_whole_word=row.is_whole_word,
        category=row.category,
        context_chars=row.context_chars,
    )


async def _insert_rules(session: Session, set_id: UUID, rules: Sequence[KeywordRule]) -> None:
    rows = [
        {
            "set_id": set_id,
            "ordinal": ordinal,
            "pattern": rule.pattern,
            "rule_type": rule.rule_type,
            "is_case_sensitive": rule.is_case_sensitive,
            "is_whole_word": rule.is_whole_word,
            "category": rule.category,
            "context_chars": rule.context_chars,
        }
        for ordinal, rule in enumerate(rules)
    ]
    if rows:
        await session.execute(insert(KeywordRuleRow), rows)
