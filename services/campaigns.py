"""Verbs on campaigns.

Every verb locks the campaign's row first. A control verb whose target state is there already succeeds and
records nothing, so that repeating one is safe. What pausing and cancelling mean for the work is told in
`services/phases.py`: here the campaign's own status changes, around the events of its phase.
"""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from auth.policy import require
from auth.principal import Principal
from core.errors import Violation
from core.ids import new_id
from db.engine import Session
from db.models import CampaignRow
from db.repositories import campaigns
from db.scope import EVERYTHING, Scope
from db.unit_of_work import Database, UnitOfWork
from events.campaign_events import (
    CampaignCreated,
    CampaignDeleted,
    CampaignStatusChanged,
    CampaignUpdated,
)
from events.outbox import record
from services import phases
from services.references import check_dns_references, check_http_references, check_nothing_gone
from services.refusals import found_or_refuse, invalid_transition, refuse_any
from services.rules_campaigns import check_dns_config, check_generation_config, check_http_config
from services.rules_text import MAX_NAME, check_name
from services.written import Written, transaction
from vocabulary.access import Role
from vocabulary.campaigns import (
    CampaignStatus,
    DnsConfig,
    GenerationConfig,
    HttpConfig,
    PhaseKind,
    PhaseStatus,
)

_COPY = " (copy)"
ALIVE = frozenset({CampaignStatus.RUNNING, CampaignStatus.PAUSED})


class CampaignDraft(msgspec.Struct, frozen=True):
    """A campaign to be made: its name and what each of its phases shall do."""

    name: str
    generation: GenerationConfig
    dns: DnsConfig
    http: HttpConfig


class CampaignPatch(msgspec.Struct, frozen=True):
    """What shall be different; what is UNSET stays. Configurations may change only in a draft."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    generation: GenerationConfig | msgspec.UnsetType = msgspec.UNSET
    dns: DnsConfig | msgspec.UnsetType = msgspec.UNSET
    http: HttpConfig | msgspec.UnsetType = msgspec.UNSET

    @property
    def configures(self) -> bool:
        """Whether it is about more than the name."""
        return any(part is not msgspec.UNSET for part in (self.generation, self.dns, self.http))


class Campaigns:
    """Making, changing, deleting and controlling campaigns.

    Every verb raises Forbidden for a viewer and Unavailable if the database does not answer. Somebody else's
    campaign is NotFound.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, caller: Principal, draft: CampaignDraft) -> Written[UUID]:
        """Make a draft of a campaign, owned by the caller.

        Raises:
            ValidationFailed: with every broken rule, and every reference that leads nowhere.
        """
        require(caller, Role.OPERATOR)
        async with transaction(self._database) as unit:
            made = await _create(unit, caller, draft)
        return Written(made, unit.position)

    async def duplicate(self, caller: Principal, campaign_id: UUID, name: str | None = None) -> Written[UUID]:
        """Make a draft with the configuration of a campaign, whatever that is doing. It is the caller's.

        Without a name it is called after the campaign, with “(copy)” behind. No result is taken over, and once
        started it goes on in the space where the last reservation has ended.

        Raises:
            NotFound: there is no such campaign.
            ValidationFailed: the name breaks a rule, or something that the campaign refers to is disabled, gone, or
                not visible to the caller.
        """
        require(caller, Role.OPERATOR)
        async with transaction(self._database) as unit:
            row = await _lock(unit, caller, campaign_id)
            draft = await _stored(unit.session, campaign_id, copy_name(row.name) if name is None else name)
            gone = await check_nothing_gone(unit.session, campaign_id, draft.dns, draft.http)
            made = await _create(unit, caller, draft, gone)
        return Written(made, unit.position)

    async def update(self, caller: Principal, campaign_id: UUID, patch: CampaignPatch) -> Written[UUID]:
        """Change the name of a campaign, or the configurations of a draft.

        Raises:
            NotFound: there is no such campaign.
            Conflict: a configuration is given, and the campaign is no draft any more (INVALID_TRANSITION).
            ValidationFailed: with every broken rule, and every reference that leads nowhere.
        """
        require(caller, Role.OPERATOR)
        async with transaction(self._database) as unit:
            row = await _lock(unit, caller, campaign_id)
            if patch.configures and row.status is not CampaignStatus.DRAFT:
                raise invalid_transition("campaign", row.status, "UPDATE")
            refuse_any(await _check(unit.session, caller.scope, patch))
            changed = await _change(unit, row, patch)
            if changed:
                row.updated_at = unit.now
                event = CampaignUpdated(campaign_id=row.id, name=row.name, changed=changed)
                record(unit, event, actor=caller.actor, owner_id=row.owner_id)
        return Written(campaign_id, unit.position)

    async def delete(self, caller: Principal, campaign_id: UUID) -> Written[UUID]:
        """Delete a campaign with its domains; the offsets that it used stay used.

        Raises:
            NotFound: there is no such campaign.
            Conflict: it runs or is paused (INVALID_TRANSITION).
        """
        require(caller, Role.OPERATOR)
        async with transaction(self._database) as unit:
            row = await _lock(unit, caller, campaign_id)
            if row.status in ALIVE:
                raise invalid_transition("campaign", row.status, "DELETE")
            await campaigns.remove(unit.session, campaign_id)
            event = CampaignDeleted(campaign_id=row.id, name=row.name)
            record(unit, event, actor=caller.actor, owner_id=row.owner_id)
        return Written(campaign_id, unit.position)

    async def start(self, caller: Principal, campaign_id: UUID) -> Written[UUID]:
        """Run a draft: its first phase begins, and each that is done begins the next.

        Raises:
            NotFound: there is no such campaign.
            Conflict: it is paused or has ended (INVALID_TRANSITION).
            ValidationFailed: something that it refers to is disabled or gone since it was configured.
        """
        require(caller, Role.OPERATOR)
        async with transaction(self._database) as unit:
            row = await _lock(unit, caller, campaign_id)
            if row.status is not CampaignStatus.RUNNING:
                _expect(row, "START", CampaignStatus.DRAFT)
                refuse_any(await _check_stored(unit.session, campaign_id))
                row.started_at = unit.now
                _set_status(unit, caller, row, CampaignStatus.RUNNING)
                await phases.begin(unit, row, PhaseKind.DOMAIN_GENERATION, caller.actor)
        return Written(campaign_id, unit.position)

    async def pause(self, caller: Principal, campaign_id: UUID) -> Written[UUID]:
        """Pause a running campaign: workers stop between domains, and what they had finished still counts.

        Raises:
            NotFound: there is no such campaign.
            Conflict: it is a draft or has ended (INVALID_TRANSITION).
        """
        require(caller, Role.OPERATOR)
        async with transaction(self._database) as unit:
            row = await _lock(unit, caller, campaign_id)
            if row.status is not CampaignStatus.PAUSED:
                _expect(row, "PAUSE", CampaignStatus.RUNNING)
                await _set_phase(unit, caller, row, PhaseStatus.PAUSED)
                _set_status(unit, caller, row, CampaignStatus.PAUSED)
        return Written(campaign_id, unit.position)

    async def resume(self, caller: Principal, campaign_id: UUID) -> Written[UUID]:
        """Let a paused campaign go on where it was.

        Raises:
            NotFound: there is no such campaign.
            Conflict: it is a draft or has ended (INVALID_TRANSITION).
        """
        require(caller, Role.OPERATOR)
        async with transaction(self._database) as unit:
            row = await _lock(unit, caller, campaign_id)
            if row.status is not CampaignStatus.RUNNING:
                _expect(row, "RESUME", CampaignStatus.PAUSED)
                _set_status(unit, caller, row, CampaignStatus.RUNNING)
                await _set_phase(unit, caller, row, PhaseStatus.IN_PROGRESS)
        return Written(campaign_id, unit.position)

    async def cancel(self, caller: Principal, campaign_id: UUID) -> Written[UUID]:
        """End a campaign for good; its results so far stay.

        Raises:
            NotFound: there is no such campaign.
            Conflict: it has completed or failed (INVALID_TRANSITION).
        """
        require(caller, Role.OPERATOR)
        async with transaction(self._database) as unit:
            row = await _lock(unit, caller, campaign_id)
            if row.status is not CampaignStatus.CANCELLED:
                _expect(row, "CANCEL", CampaignStatus.DRAFT, *ALIVE)
                await _set_phase(unit, caller, row, PhaseStatus.CANCELLED)
                row.completed_at = unit.now
                _set_status(unit, caller, row, CampaignStatus.CANCELLED)
        return Written(campaign_id, unit.position)


def copy_name(name: str) -> str:
    """What a copy is called unless told; a long name is cut, so that it stays within the limit of names."""
    return name[: MAX_NAME - len(_COPY)].rstrip() + _COPY


async def _create(
    unit: UnitOfWork, caller: Principal, draft: CampaignDraft, broken: Iterable[Violation] = ()
) -> UUID:
    patch = CampaignPatch(draft.name, draft.generation, draft.dns, draft.http)
    refuse_any([*broken, *await _check(unit.session, caller.scope, patch)])
    row = _row(unit, caller, draft)
    await campaigns.add(unit.session, row)
    await _put(unit.session, row.id, patch)
    event = CampaignCreated(campaign_id=row.id, name=row.name)
    record(unit, event, actor=caller.actor, owner_id=row.owner_id)
    return row.id


async def _stored(session: Session, campaign_id: UUID, name: str) -> CampaignDraft:
    """A draft with what a campaign is configured to do."""
    return CampaignDraft(
        name=name,
        generation=await campaigns.generation_config(session, campaign_id),
        dns=await campaigns.dns_config(session, campaign_id),
        http=await campaigns.http_config(session, campaign_id),
    )


async def _lock(unit: UnitOfWork, caller: Principal, campaign_id: UUID) -> CampaignRow:
    row = await campaigns.lock(unit.session, campaign_id, caller.scope)
    return found_or_refuse(row, "campaign", campaign_id)


def _row(unit: UnitOfWork, caller: Principal, draft: CampaignDraft) -> CampaignRow:
    return CampaignRow(
        id=new_id(),
        owner_id=caller.id,
        name=draft.name.strip(),
        status=CampaignStatus.DRAFT,
        created_at=unit.now,
        updated_at=unit.now,
    )


async def _check(session: Session, scope: Scope, patch: CampaignPatch) -> list[Violation]:
    broken: list[Violation] = []
    if patch.name is not msgspec.UNSET:
        broken += check_name(patch.name)
    if patch.generation is not msgspec.UNSET:
        broken += check_generation_config(patch.generation)
    if patch.dns is not msgspec.UNSET:
        broken += check_dns_config(patch.dns)
        broken += await check_dns_references(session, scope, patch.dns)
    if patch.http is not msgspec.UNSET:
        broken += check_http_config(patch.http)
        broken += await check_http_references(session, scope, patch.http)
    return broken


async def _check_stored(session: Session, campaign_id: UUID) -> list[Violation]:
    # Who configured it could see what it refers to; whoever may start it need not.
    dns = await campaigns.dns_config(session, campaign_id)
    http = await campaigns.http_config(session, campaign_id)
    return [
        *await check_dns_references(session, EVERYTHING, dns),
        *await check_http_references(session, EVERYTHING, http),
    ]


async def _put(session: Session, campaign_id: UUID, patch: CampaignPatch) -> None:
    if patch.generation is not msgspec.UNSET:
        await campaigns.put_generation(session, campaign_id, patch.generation)
    if patch.dns is not msgspec.UNSET:
        await campaigns.put_dns(session, campaign_id, patch.dns)
    if patch.http is not msgspec.UNSET:
        await campaigns.put_http(session, campaign_id, patch.http)


async def _change(unit: UnitOfWork, row: CampaignRow, patch: CampaignPatch) -> tuple[str, ...]:
    """Store what differs; gives the names of the parts that did."""
    session, changed = unit.session, []
    if patch.name is not msgspec.UNSET and patch.name.strip() != row.name:
        row.name = patch.name.strip()
        changed.append("name")
    if not patch.configures:
        return tuple(changed)
    stored = {
        "generation": await campaigns.generation_config(session, row.id),
        "dns": await campaigns.dns_config(session, row.id),
        "http": await campaigns.http_config(session, row.id),
    }
    different = [part for part, old in stored.items() if getattr(patch, part) not in {msgspec.UNSET, old}]
    await _put(session, row.id, patch)
    return (*changed, *different)


def _set_status(unit: UnitOfWork, caller: Principal, row: CampaignRow, status: CampaignStatus) -> None:
    event = CampaignStatusChanged(campaign_id=row.id, name=row.name, previous=row.status, current=status)
    row.status = status
    row.updated_at = unit.now
    record(unit, event, actor=caller.actor, owner_id=row.owner_id)


async def _set_phase(unit: UnitOfWork, caller: Principal, row: CampaignRow, status: PhaseStatus) -> None:
    phase = await phases.current(unit, row)
    if phase is not None:
        await phases.set_status(unit, row, phase, status, caller.actor)


def _expect(row: CampaignRow, attempted: str, *allowed: CampaignStatus) -> None:
    if row.status not in allowed:
        raise invalid_transition("campaign", row.status, attempted)
