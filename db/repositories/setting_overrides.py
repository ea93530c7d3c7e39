"""Statements on the settings that were changed while the system runs."""

from collections.abc import Mapping

from sqlalchemy import select

from db.engine import Session
from db.models import SettingRow


async def all_of(session: Session) -> Mapping[str, SettingRow]:
    """The changed settings by name; there are few."""
    return {row.name: row for row in (await session.execute(select(SettingRow))).scalars()}


async def texts(session: Session) -> Mapping[str, str]:
    """The JSON of each changed setting by name."""
    rows = await session.execute(select(SettingRow.name, SettingRow.value))
    return {row.name: row.value for row in rows}
