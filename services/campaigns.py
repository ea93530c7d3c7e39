"""Making, changing, copying and deleting campaigns; how they go on is in `campaign_control.py`.

Every verb locks the campaign's row first, after that of its key (`services/once.py`).
"""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from auth.policy import require
from auth.principal import Principal
from core.errors import Violation
from core.ids import new_id
from db.engine import LONG_TRANSACTION_SECONDS
from db.models import CampaignRow
from db.repositories import campaigns
from db.unit_of_work import Database, UnitOfWork
from events.campaign_events import CampaignCreated, CampaignDeleted, ModeChanged
from events.outbox import record
from services import configuring
from services.configuring import CampaignDraft, CampaignPatch
from services.controlling import PLAIN, Asked, Control, Controlling
from services.course import Course
from services.once import Once, Request
from services.references import check_nothing_gone
from services.refusals import found_or_refuse, invalid_transition, refuse_any
from services.rules_text import MAX_NAME
from services.sight import Sight
from services.versions import expect_version
from services.written import Written
from vocabulary.access import Role
from vocabulary.campaigns import CampaignMode, CampaignStatus, PhaseStatus

__all__ = ["ALIVE", "CampaignDraft", "CampaignPatch", "Campaigns", "Control", "copy_name"]

_COPY = " (copy)"
ALIVE = frozenset({CampaignStatus.RUNNING, CampaignStatus.PAUSED})
_ARCHIVABLE = frozenset(
    {CampaignStatus.DRAFT, CampaignStatus.COMPLETED, CampaignStatus.FAILED, CampaignStatus.CANCELLED}
)
_FINAL = frozenset({CampaignStatus.CANCELLED, CampaignStatus.ARCHIVED})


class Campaigns:
    """Making, changing, copying, putting away and deleting campaigns.

    Every verb raises Forbidden for a viewer and Unavailable if the database does not answer. Somebody else's
    campaign is NotFound.
    """

    def __init__(self, database: Database) -> None:
        self._controlling = Controlling(database)
        self._once = Once(database, UUID)

    async def create(self, caller: Principal, draft: CampaignDraft, key: str | None = None) -> Written[UUID]:
        """Make a draft of a campaign, owned by the caller.

        Raises:
            ValidationFailed: with every broken rule, and every reference that leads nowhere.
            Conflict: as `Once.run` says of keys.
        """
        require(caller, Role.OPERATOR)
        asked = Request("CREATE_CAMPAIGN", draft)
        return await self._once.run(caller, asked, key, lambda unit: _create(unit, caller, draft))

    async def duplicate(
        self, caller: Principal, campaign_id: UUID, name: str | None = None, key: str | None = None
    ) -> Written[UUID]:
        """Make a draft with the configuration of a campaign, whatever that is doing. It is the caller's.

        Without a name it is called after the campaign, with “(copy)” behind. No result is taken over, and once
        started it goes on in the space where the last reservation has ended.

        Raises:
            NotFound: there is no such campaign.
            ValidationFailed: the name breaks a rule, or something that the campaign refers to is disabled, gone, or
                not visible to the caller.
            Conflict: as `Once.run` says of keys.
        """
        require(caller, Role.OPERATOR)

        async def copied(unit: UnitOfWork) -> UUID:
            row = (await _take(unit, caller, campaign_id)).campaign
            draft = await configuring.stored(unit.session, row)
            gone = await check_nothing_gone(unit.session, campaign_id, draft.dns, draft.http)
            draft = msgspec.structs.replace(draft, name=copy_name(row.name) if name is None else name)
            return await _create(unit, caller, draft, gone)

        asked = Request("DUPLICATE_CAMPAIGN", (campaign_id, name))
        return await self._once.run(caller, asked, key, copied)

    async def update(
        self,
        caller: Principal,
        campaign_id: UUID,
        patch: CampaignPatch,
        expected_version: int | None = None,
        key: str | None = None,
    ) -> Written[UUID]:
        """Change the name of a campaign, or the configurations of phases that have not begun.

        Raises:
            NotFound: there is no such campaign.
            Conflict: a phase that is to be configured has begun, or the campaign has ended for good
                (INVALID_TRANSITION); the campaign is at another version (VERSION_MISMATCH); or as `Once.run` says.
            ValidationFailed: with every broken rule, and every reference that leads nowhere, or to what the owner of
                the campaign may not see.
        """
        require(caller, Role.OPERATOR)

        async def changed(unit: UnitOfWork) -> UUID:
            course = await _take(unit, caller, campaign_id)
            expect_version(course.campaign, expected_version)
            _expect_changeable(course.campaign, patch)
            configuring.expect_open(course, patch)
            refuse_any(await configuring.check(unit.session, await course.sight(), patch))
            await configuring.change(course, patch)
            return campaign_id

        asked = Request("UPDATE_CAMPAIGN", (campaign_id, patch, expected_version))
        return await self._once.run(caller, asked, key, changed)

    async def set_mode(
        self, caller: Principal, campaign_id: UUID, mode: CampaignMode, control: Control = PLAIN
    ) -> Written[UUID]:
        """Let phases begin by themselves from the next hand-over on, or wait for somebody to start each.

        Raises:
            NotFound: there is no such campaign.
            Conflict: it is cancelled or archived (INVALID_TRANSITION), or as `Controlling.run` says.
            ValidationFailed: it runs, and a phase that would begin by itself then refers to something that its owner
                or the caller may not see.
        """

        async def verb(course: Course) -> None:
            await _set_mode(course, mode)

        asked = Asked("SET_MODE", campaign_id, control.expected_state, (mode,))
        return await self._controlling.run(caller, asked, control.idempotency_key, verb)

    async def archive(self, caller: Principal, campaign_id: UUID, control: Control = PLAIN) -> Written[UUID]:
        """Put a campaign away: it can be looked at, duplicated and deleted, and nothing else.

        Raises:
            NotFound: there is no such campaign.
            Conflict: it has not ended (INVALID_TRANSITION), or as `Controlling.run` says.
        """
        asked = Asked("ARCHIVE", campaign_id, control.expected_state)
        return await self._controlling.run(caller, asked, control.idempotency_key, _archive)

    async def delete(self, caller: Principal, campaign_id: UUID, key: str | None = None) -> Written[UUID]:
        """Delete a campaign with its domains; the offsets that it used stay used.

        Raises:
            NotFound: there is no such campaign.
            Conflict: it runs or is paused (INVALID_TRANSITION), or as `Once.run` says.
        """
        require(caller, Role.OPERATOR)
        asked = Request("DELETE_CAMPAIGN", campaign_id)
        return await self._once.run(
            caller, asked, key, lambda unit: _remove(unit, caller, campaign_id), LONG_TRANSACTION_SECONDS
        )


def copy_name(name: str) -> str:
    """What a copy is called unless told; a long name is cut, so that it stays within the limit of names."""
    return name[: MAX_NAME - len(_COPY)].rstrip() + _COPY


async def _create(
    unit: UnitOfWork, caller: Principal, draft: CampaignDraft, broken: Iterable[Violation] = ()
) -> UUID:
    patch = CampaignPatch.of(draft)
    refuse_any([*broken, *await configuring.check(unit.session, Sight(caller.scope), patch)])
    row = _row(unit, caller, draft)
    await campaigns.add(unit.session, row, draft.lacking)
    await configuring.put(unit.session, row.id, patch)
    event = CampaignCreated(campaign_id=row.id, name=row.name)
    record(unit, event, actor=caller.actor, owner_id=row.owner_id)
    return row.id


async def _remove(unit: UnitOfWork, caller: Principal, campaign_id: UUID) -> UUID:
    row = await campaigns.lock(unit.session, campaign_id, caller.scope)
    row = found_or_refuse(row, "campaign", campaign_id)
    if row.status in ALIVE:
        raise invalid_transition("campaign", row.status, "DELETE")
    await campaigns.remove(unit.session, campaign_id)
    event = CampaignDeleted(campaign_id=row.id, name=row.name)
    record(unit, event, actor=caller.actor, owner_id=row.owner_id)
    return campaign_id


def _row(unit: UnitOfWork, caller: Principal, draft: CampaignDraft) -> CampaignRow:
    return CampaignRow(
        id=new_id(),
        owner_id=caller.id,
        name=draft.name.strip(),
        status=CampaignStatus.DRAFT,
        mode=draft.mode,
        version=1,
        percent=0.0,
        created_at=unit.now,
        updated_at=unit.now,
    )


async def _take(unit: UnitOfWork, caller: Principal, campaign_id: UUID) -> Course:
    course = await Course.take(unit, campaign_id, caller.actor, caller.scope)
    return found_or_refuse(course, "campaign", campaign_id)


def _expect_changeable(row: CampaignRow, patch: CampaignPatch) -> None:
    if row.status is CampaignStatus.ARCHIVED or (patch.parts and row.status in _FINAL):
        raise invalid_transition("campaign", row.status, "UPDATE")


async def _set_mode(course: Course, mode: CampaignMode) -> None:
    row, previous = course.campaign, course.campaign.mode
    if row.status in _FINAL:
        raise invalid_transition("campaign", row.status, "SET_MODE")
    if previous is mode:
        return
    if mode is CampaignMode.FULL_SEQUENCE and row.status is CampaignStatus.RUNNING:
        waiting = [phase.kind for phase in course.phases.values() if phase.status is PhaseStatus.CONFIGURED]
        refuse_any(await configuring.check_seen(course, waiting))
    row.mode = mode
    row.version += 1
    row.updated_at = course.unit.now
    course.record(
        ModeChanged(campaign_id=row.id, name=row.name, previous=previous, current=mode, version=row.version)
    )


async def _archive(course: Course) -> None:
    row = course.campaign
    if row.status is CampaignStatus.ARCHIVED:
        return
    if row.status not in _ARCHIVABLE:
        raise invalid_transition("campaign", row.status, "ARCHIVE")
    row.archived_at = course.unit.now
    course.set_status(CampaignStatus.ARCHIVED)
