"""The parts of a campaign's configuration: checked, stored, and told.

A part belongs to a phase and may change until that phase has begun. What is stored for a phase that lacked it makes
it CONFIGURED.
"""

from collections.abc import Collection
from uuid import UUID

import msgspec

from core.errors import Violation
from db.engine import Session
from db.models import CampaignRow, PhaseRow
from db.repositories import analysis_configs, campaigns
from events.campaign_events import CampaignUpdated, PhaseConfigured
from services.course import Course
from services.references import (
    check_analysis_references,
    check_dns_references,
    check_http_references,
    check_nothing_gone,
)
from services.refusals import invalid_transition, refuse_any
from services.rules_campaigns import check_dns_config, check_generation_config, check_http_config
from services.rules_text import check_name
from services.sight import Sight
from vocabulary.campaigns import (
    AnalysisConfig,
    CampaignMode,
    DnsConfig,
    GenerationConfig,
    HttpConfig,
    PhaseKind,
    PhaseStatus,
)

_OPEN = frozenset({PhaseStatus.NOT_STARTED, PhaseStatus.CONFIGURED, PhaseStatus.SKIPPED})
_REFERRING = frozenset({PhaseKind.DNS_VALIDATION, PhaseKind.HTTP_KEYWORD_VALIDATION, PhaseKind.ANALYSIS})


class CampaignDraft(msgspec.Struct, frozen=True):
    """A campaign to be made: its name, what each of its phases shall do, and whether they run through.

    DNS and HTTP may be configured later; without it they cannot start.
    """

    name: str
    generation: GenerationConfig
    dns: DnsConfig | None = None
    http: HttpConfig | None = None
    analysis: AnalysisConfig = AnalysisConfig()
    mode: CampaignMode = CampaignMode.STEP_BY_STEP

    @property
    def lacking(self) -> list[PhaseKind]:
        """The phases that have no configuration."""
        parts = ((PhaseKind.DNS_VALIDATION, self.dns), (PhaseKind.HTTP_KEYWORD_VALIDATION, self.http))
        return [kind for kind, config in parts if config is None]


class CampaignPatch(msgspec.Struct, frozen=True):
    """What shall be different; what is UNSET stays. A configuration may change until its phase has begun."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    generation: GenerationConfig | msgspec.UnsetType = msgspec.UNSET
    dns: DnsConfig | msgspec.UnsetType = msgspec.UNSET
    http: HttpConfig | msgspec.UnsetType = msgspec.UNSET
    analysis: AnalysisConfig | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def of(cls, draft: CampaignDraft) -> "CampaignPatch":
        """All that a draft says."""
        return cls(
            name=draft.name,
            generation=draft.generation,
            dns=msgspec.UNSET if draft.dns is None else draft.dns,
            http=msgspec.UNSET if draft.http is None else draft.http,
            analysis=draft.analysis,
        )

    @property
    def parts(self) -> dict[PhaseKind, str]:
        """The phases that are configured by it, and the names of these parts."""
        names = {
            PhaseKind.DOMAIN_GENERATION: "generation",
            PhaseKind.DNS_VALIDATION: "dns",
            PhaseKind.HTTP_KEYWORD_VALIDATION: "http",
            PhaseKind.ANALYSIS: "analysis",
        }
        return {kind: name for kind, name in names.items() if getattr(self, name) is not msgspec.UNSET}


async def check(session: Session, sight: Sight, patch: CampaignPatch) -> list[Violation]:
    """Every broken rule of what is given, and every reference that leads nowhere."""
    broken: list[Violation] = []
    if patch.name is not msgspec.UNSET:
        broken += check_name(patch.name)
    if patch.generation is not msgspec.UNSET:
        broken += check_generation_config(patch.generation)
    if patch.dns is not msgspec.UNSET:
        broken += check_dns_config(patch.dns)
        broken += await check_dns_references(session, sight, patch.dns)
    if patch.http is not msgspec.UNSET:
        broken += check_http_config(patch.http)
        broken += await check_http_references(session, sight, patch.http)
    if patch.analysis is not msgspec.UNSET:
        broken += await check_analysis_references(session, sight, patch.analysis)
    return broken


async def check_ready(course: Course, kinds: Collection[PhaseKind]) -> list[Violation]:
    """What phases refer to and is disabled, gone or not visible any more since they were configured."""
    session, campaign_id = course.unit.session, course.campaign.id
    broken = await _check_stored(course, await course.sight(), kinds)
    dns, http = await _fetching(session, campaign_id, kinds)
    parts = {"dns"} if dns is not None else set()
    parts |= {"http"} if http is not None else set()
    gone = await check_nothing_gone(session, campaign_id, dns, http)
    return broken + [each for each in gone if each.path[0] in parts]


async def check_seen(course: Course, kinds: Collection[PhaseKind]) -> list[Violation]:
    """What phases refer to and is not visible any more. What is disabled is for workers to pass over."""
    if _REFERRING.isdisjoint(kinds):
        return []
    sight = msgspec.structs.replace(await course.sight(), takes_disabled=True)
    return await _check_stored(course, sight, kinds)


async def _check_stored(course: Course, sight: Sight, kinds: Collection[PhaseKind]) -> list[Violation]:
    session, campaign_id = course.unit.session, course.campaign.id
    dns, http = await _fetching(session, campaign_id, kinds)
    broken: list[Violation] = []
    if dns is not None:
        broken += await check_dns_references(session, sight, dns)
    if http is not None:
        broken += await check_http_references(session, sight, http)
    if PhaseKind.ANALYSIS in kinds:
        analysis = await analysis_configs.get(session, campaign_id)
        broken += await check_analysis_references(session, sight, analysis)
    return broken


async def _fetching(
    session: Session, campaign_id: UUID, kinds: Collection[PhaseKind]
) -> tuple[DnsConfig | None, HttpConfig | None]:
    dns = http = None
    if PhaseKind.DNS_VALIDATION in kinds:
        dns = await campaigns.dns_config_if_any(session, campaign_id)
    if PhaseKind.HTTP_KEYWORD_VALIDATION in kinds:
        http = await campaigns.http_config_if_any(session, campaign_id)
    return dns, http


async def lacks(session: Session, campaign_id: UUID, kind: PhaseKind) -> bool:
    """Whether a phase has no configuration and needs one."""
    if kind not in {PhaseKind.DNS_VALIDATION, PhaseKind.HTTP_KEYWORD_VALIDATION}:
        return False
    return await _fetching(session, campaign_id, [kind]) == (None, None)


async def put(session: Session, campaign_id: UUID, patch: CampaignPatch) -> None:
    """Store the parts that are given, in the place of what was there."""
    if patch.generation is not msgspec.UNSET:
        await campaigns.put_generation(session, campaign_id, patch.generation)
    if patch.dns is not msgspec.UNSET:
        await campaigns.put_dns(session, campaign_id, patch.dns)
    if patch.http is not msgspec.UNSET:
        await campaigns.put_http(session, campaign_id, patch.http)
    if patch.analysis is not msgspec.UNSET:
        await analysis_configs.put(session, campaign_id, patch.analysis)


async def stored(session: Session, row: CampaignRow) -> CampaignDraft:
    """What a campaign is configured to do."""
    return CampaignDraft(
        name=row.name,
        generation=await campaigns.generation_config(session, row.id),
        dns=await campaigns.dns_config_if_any(session, row.id),
        http=await campaigns.http_config_if_any(session, row.id),
        analysis=await analysis_configs.get(session, row.id),
        mode=row.mode,
    )


def expect_open(course: Course, patch: CampaignPatch) -> None:
    """Refuse a part whose phase has begun.

    Raises:
        Conflict: one has (INVALID_TRANSITION).
    """
    for kind in patch.parts:
        phase = course.phases[kind]
        if phase.status not in _OPEN:
            raise invalid_transition(kind, phase.status, "UPDATE")


async def change(course: Course, patch: CampaignPatch) -> None:
    """Store what differs of a patch that was checked, and tell it; nothing if nothing does."""
    row, session = course.campaign, course.unit.session
    before = await stored(session, row)
    changed = [name for name in patch.parts.values() if getattr(patch, name) != getattr(before, name)]
    await put(session, row.id, patch)
    if patch.name is not msgspec.UNSET and patch.name.strip() != row.name:
        row.name = patch.name.strip()
        changed.insert(0, "name")
    if changed:
        row.version += 1
        row.updated_at = course.unit.now
        given = {name: getattr(patch, name) for name in changed if name != "name"}
        course.record(
            CampaignUpdated(
                campaign_id=row.id, name=row.name, changed=tuple(changed), version=row.version, **given
            )
        )
    for kind in patch.parts:
        _configured(course, course.phases[kind])


async def assign_profile(course: Course, config: AnalysisConfig) -> None:
    """Choose the profile of the next analysis, though the last one may have run.

    Raises:
        ValidationFailed: there is no such profile.
    """
    refuse_any(await check_analysis_references(course.unit.session, await course.sight(), config))
    await change(course, CampaignPatch(analysis=config))


def _configured(course: Course, phase: PhaseRow) -> None:
    if phase.status is PhaseStatus.NOT_STARTED:
        phase.status = PhaseStatus.CONFIGURED
        course.tell(phase, PhaseConfigured)
