"""Settings as admins see and change them while the system runs; `services/effective.py` is how work follows them."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import Enum
from pathlib import Path
from types import NoneType

import msgspec

from auth.policy import require
from auth.principal import Principal
from core.errors import Forbidden, Violation
from core.settings import CHANGEABLE, Settings, changed, check_change, shown_url
from db.engine import Session
from db.models import SettingRow
from db.repositories import principals, setting_overrides
from db.unit_of_work import Database, UnitOfWork
from events.access_events import SettingChange, SettingsChanged
from events.outbox import record
from services.once import Once, Request
from services.refusals import refuse_any
from services.written import Written
from vocabulary.access import Role

HIDDEN = "***"
SHOWN_WITHOUT_PASSWORD = frozenset({"database_url", "channel_url"})


class SettingView(msgspec.Struct, frozen=True):
    """One setting for people: values are text, as an operator writes them; None is nothing.

    `value` is what holds, `configured` what the answering process was started with. `changed_at` is when an admin
    changed it while the system ran; None if nobody has.
    """

    name: str
    value: str | None
    configured: str | None
    default: str | None
    description: str
    is_changeable: bool
    changed_at: datetime | None


class RunningSettings:
    """The settings of an installation, of which admins may change some while it runs."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._settings = settings
        self._once = Once(database, NoneType)

    async def view(self, session: Session) -> list[SettingView]:
        """Every setting, in the order of their definition, without secrets."""
        rows = await setting_overrides.all_of(session)
        effective = changed(self._settings, _values(rows))
        return [
            SettingView(
                name=name,
                value=told(name, getattr(effective, name)),
                configured=told(name, getattr(self._settings, name)),
                default=told(name, field.get_default(call_default_factory=True)),
                description=field.description or "",
                is_changeable=name in CHANGEABLE,
                changed_at=rows[name].updated_at if name in rows else None,
            )
            for name, field in Settings.model_fields.items()
        ]

    async def update(
        self, caller: Principal, values: Mapping[str, object | None], key: str | None = None
    ) -> Written[None]:
        """Change settings of CHANGEABLE by name; None sets one back to what each process was started with.

        Raises:
            Forbidden: the caller is no admin.
            ValidationFailed: a value breaks its setting's rule.
            Conflict: as `Once.run` says of keys.
        """
        require(caller, Role.ADMIN)
        wanted = {name: value for name, value in values.items() if value is not None}
        valid, wrong = check_change(self._settings, wanted)
        refuse_any(_violations(wrong))
        new = {name: getattr(valid, name) if name in wanted else None for name in values}
        asked = Request("UPDATE_SETTINGS", values)
        return await self._once.run(caller, asked, key, lambda unit: self._change(unit, caller, new))

    async def _change(self, unit: UnitOfWork, caller: Principal, values: Mapping[str, object | None]) -> None:
        # One admin after the other, so that each change is told against what really was before it.
        if caller.id not in {row.id for row in await principals.lock_active_admins(unit.session)}:
            raise Forbidden(Role.ADMIN.value)
        rows = await setting_overrides.all_of(unit.session)
        before = changed(self._settings, _values(rows))
        for name, value in values.items():
            await _write(unit, name, rows.get(name), value)
        await unit.session.flush()
        after = changed(self._settings, _values(await setting_overrides.all_of(unit.session)))
        changes = tuple(_differences(values, before, after))
        if changes:
            record(unit, SettingsChanged(changes=changes), actor=caller.actor, owner_id=None)


def told(name: str, value: object) -> str | None:
    """A setting's value as text, without secrets; None if there is none."""
    match value:
        case None:
            return None
        case str() if name in SHOWN_WITHOUT_PASSWORD:
            return shown_url(value)
        case Enum():
            return str(value.value)
        case str() | int() | float() | Path():
            return str(value)
        case list():
            return ",".join(map(str, value))
        case _:
            return HIDDEN


def camel(name: str) -> str:
    """A setting's name as the API has it."""
    first, *others = name.split("_")
    return first + "".join(other.title() for other in others)


def _values(rows: Mapping[str, SettingRow]) -> dict[str, object]:
    return {name: msgspec.json.decode(row.value) for name, row in rows.items()}


def _violations(wrong: Iterable[tuple[str, str]]) -> Iterator[Violation]:
    for name, reason in wrong:
        yield Violation((camel(name),), reason)


async def _write(unit: UnitOfWork, name: str, row: SettingRow | None, value: object | None) -> None:
    """Store a change, or take it back if `value` is None."""
    if value is None:
        if row is not None:
            await unit.session.delete(row)
        return
    text = msgspec.json.encode(value).decode()
    if row is None:
        unit.session.add(SettingRow(name=name, value=text, updated_at=unit.now))
    elif row.value != text:
        row.value, row.updated_at = text, unit.now


def _differences(names: Iterable[str], before: Settings, after: Settings) -> Iterator[SettingChange]:
    for name in names:
        old, new = told(name, getattr(before, name)) or "", told(name, getattr(after, name)) or ""
        if old != new:
            yield SettingChange(name=name, before=old, after=new)
