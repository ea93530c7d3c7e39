"""What verbs answered to the keys of their callers. Its row is the first lock of a verb that has a key."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from db.engine import Session
from db.models import IdempotencyRow

PURGED_AT_ONCE = 100


async def take(session: Session, row: IdempotencyRow, expired: datetime) -> IdempotencyRow | None:
    """Make `row` if its key is free, and lock it; else what is there under its key.

    Whoever comes second waits until the first has committed. What is from before `expired` is no more, of
    whomever; a part of that is deleted at each call, so that it cannot pile up.
    """
    own = (IdempotencyRow.principal_id == row.principal_id) & (IdempotencyRow.key == row.key)
    # Its own first: whoever waited for it with others' in hand might be waited for by these.
    await session.execute(delete(IdempotencyRow).where(own, IdempotencyRow.created_at <= expired))
    await _purge(session, expired)
    made = (await session.execute(_make(session, row))).scalar_one_or_none()
    if made is not None:
        return None
    return (await session.execute(select(IdempotencyRow).where(own).with_for_update())).scalar_one()


async def find(session: Session, principal_id: UUID, key: str, expired: datetime) -> IdempotencyRow | None:
    """What is there under a key since `expired`, for whoever only looks."""
    wanted = select(IdempotencyRow).where(
        IdempotencyRow.principal_id == principal_id,
        IdempotencyRow.key == key,
        IdempotencyRow.created_at > expired,
    )
    return (await session.execute(wanted)).scalar_one_or_none()


async def answer(session: Session, principal_id: UUID, key: str, text: str) -> None:
    """Write down what is answered to a key that was taken."""
    row = await session.get_one(IdempotencyRow, (principal_id, key), populate_existing=True)
    row.answer = text
    await session.flush()


async def _purge(session: Session, expired: datetime) -> None:
    name = tuple_(IdempotencyRow.principal_id, IdempotencyRow.key)
    # Rows that another transaction deletes are passed over, so that two never wait for each other.
    old = (
        select(IdempotencyRow.principal_id, IdempotencyRow.key)
        .where(IdempotencyRow.created_at <= expired)
        .limit(PURGED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    names = [tuple(each) for each in await session.execute(old)]
    if names:
        await session.execute(delete(IdempotencyRow).where(name.in_(names)))


def _make(session: Session, row: IdempotencyRow) -> ReturningInsert[str]:
    values = {
        "principal_id": row.principal_id,
        "key": row.key,
        "fingerprint": row.fingerprint,
        "answer": row.answer,
        "created_at": row.created_at,
    }
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    made = insert(IdempotencyRow).values(values).on_conflict_do_nothing()
    return made.returning(IdempotencyRow.key)
