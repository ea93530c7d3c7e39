"""What happens to campaigns and their phases."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from events.event import EntityType, EventType
from vocabulary.campaigns import (
    AnalysisConfig,
    CampaignMode,
    CampaignStatus,
    Counts,
    DnsConfig,
    GenerationConfig,
    HttpConfig,
    PhaseKind,
    PhaseStart,
)
from vocabulary.leads import Tallies

PHASE_WORDS = {
    PhaseKind.DOMAIN_GENERATION: "Domain generation",
    PhaseKind.DNS_VALIDATION: "DNS validation",
    PhaseKind.HTTP_KEYWORD_VALIDATION: "HTTP keyword validation",
    PhaseKind.EXTRACTION: "Extraction",
    PhaseKind.ANALYSIS: "Analysis",
    PhaseKind.ENRICHMENT: "Enrichment",
}


class CampaignEventType(EventType, frozen=True, kw_only=True):
    """An event of one campaign."""

    ENTITY: ClassVar[EntityType] = EntityType.CAMPAIGN

    campaign_id: UUID

    @property
    def entity_id(self) -> UUID:
        """The campaign."""
        return self.campaign_id

    @property
    def campaign_id_or_none(self) -> UUID | None:
        """The campaign."""
        return self.campaign_id


class CampaignCreated(CampaignEventType, frozen=True, kw_only=True, tag=True):
    """A campaign was made, as a draft."""

    name: str

    def summary(self) -> str:
        """One sentence."""
        return f"Campaign “{self.name}” was created"


class CampaignUpdated(CampaignEventType, frozen=True, kw_only=True, tag=True):
    """A campaign's name or configuration was changed; `changed` names the parts, and what is given is new.

    `version` is the campaign's from then on.
    """

    name: str
    changed: tuple[str, ...]
    version: int = 1
    generation: GenerationConfig | None = None
    dns: DnsConfig | None = None
    http: HttpConfig | None = None
    analysis: AnalysisConfig | None = None

    def summary(self) -> str:
        """One sentence."""
        return f"Campaign “{self.name}” was changed: {', '.join(self.changed)}"


class CampaignDeleted(CampaignEventType, frozen=True, kw_only=True, tag=True):
    """A campaign and its domains were deleted; the offsets that it used stay used."""

    name: str

    def summary(self) -> str:
        """One sentence."""
        return f"Campaign “{self.name}” was deleted"


class CampaignStatusChanged(CampaignEventType, frozen=True, kw_only=True, tag=True):
    """A campaign went from one status to another."""

    name: str
    previous: CampaignStatus
    current: CampaignStatus

    def summary(self) -> str:
        """One sentence."""
        return f"Campaign “{self.name}” went from {self.previous.lower()} to {self.current.lower()}"


class ModeChanged(CampaignEventType, frozen=True, kw_only=True, tag=True):
    """A campaign was switched between waiting for each phase to be started and running them through."""

    name: str
    previous: CampaignMode
    current: CampaignMode
    version: int

    def summary(self) -> str:
        """One sentence."""
        return f"Campaign “{self.name}” was switched to {self.current.lower().replace('_', ' ')}"


class PhaseEventType(CampaignEventType, frozen=True, kw_only=True):
    """An event of one phase, with its counts at that moment."""

    phase: PhaseKind
    counts: Counts


class PhaseConfigured(PhaseEventType, frozen=True, kw_only=True, tag=True):
    """A phase that lacked its configuration has it now, and can be started."""

    def summary(self) -> str:
        """One sentence."""
        return f"{PHASE_WORDS[self.phase]} was configured"


class PhaseStarted(PhaseEventType, frozen=True, kw_only=True, tag=True):
    """Somebody started a phase; `counts.total` is how much there is to do, `cause` says if it ran before."""

    cause: PhaseStart = PhaseStart.FIRST

    def summary(self) -> str:
        """One sentence."""
        verb = {PhaseStart.RETRY: "was tried again", PhaseStart.RERUN: "was started anew"}.get(
            self.cause, "started"
        )
        return f"{PHASE_WORDS[self.phase]} {verb} with {self.counts.total} to do"


class PhaseAutoStarted(PhaseEventType, frozen=True, kw_only=True, tag=True):
    """A phase began by itself in a full sequence: the phase before it has something for it, or is done."""

    def summary(self) -> str:
        """One sentence."""
        return f"{PHASE_WORDS[self.phase]} started by itself with {self.counts.total} to come"


class PhaseReset(PhaseEventType, frozen=True, kw_only=True, tag=True):
    """What a phase had found was taken back, because one before it is run anew; it waits as if it had never run."""

    def summary(self) -> str:
        """One sentence."""
        return f"{PHASE_WORDS[self.phase]} was reset"


class PhaseSkipped(PhaseEventType, frozen=True, kw_only=True, tag=True):
    """A phase was left out; its domains stay undecided."""

    def summary(self) -> str:
        """One sentence."""
        return f"{PHASE_WORDS[self.phase]} was skipped"


class PhasePaused(PhaseEventType, frozen=True, kw_only=True, tag=True):
    """The running phase was paused; what was under way may still be counted."""

    def summary(self) -> str:
        """One sentence."""
        return f"{PHASE_WORDS[self.phase]} was paused at {self.counts.processed} of {self.counts.total}"


class PhaseResumed(PhaseEventType, frozen=True, kw_only=True, tag=True):
    """The paused phase goes on."""

    def summary(self) -> str:
        """One sentence."""
        return f"{PHASE_WORDS[self.phase]} was resumed at {self.counts.processed} of {self.counts.total}"


class PhaseCompleted(PhaseEventType, frozen=True, kw_only=True, tag=True):
    """A phase has finished every domain."""

    def summary(self) -> str:
        """One sentence."""
        if self.counts.total == 0:
            return f"{PHASE_WORDS[self.phase]} completed: there was nothing to do"
        done = f"{self.counts.succeeded} succeeded, {self.counts.failed} failed"
        return f"{PHASE_WORDS[self.phase]} completed: {done}"


class PhaseFailed(PhaseEventType, frozen=True, kw_only=True, tag=True):
    """A phase cannot go on; `code` is for programs, `message` for people."""

    code: str
    message: str

    def summary(self) -> str:
        """One sentence."""
        return f"{PHASE_WORDS[self.phase]} failed: {self.message}"


class PhaseCancelled(PhaseEventType, frozen=True, kw_only=True, tag=True):
    """A phase ended because its campaign was cancelled."""

    def summary(self) -> str:
        """One sentence."""
        return f"{PHASE_WORDS[self.phase]} was cancelled at {self.counts.processed} of {self.counts.total}"


class PhaseCounts(msgspec.Struct, frozen=True):
    """How far one phase is."""

    phase: PhaseKind
    counts: Counts


class CampaignProgress(PhaseEventType, frozen=True, kw_only=True, tag=True):
    """How far a campaign is. It never carries a status; the last one before a phase ends always comes.

    `phase` is the phase that moved, `running` are all that run or pause, for what one decides changes what the others
    may still have. `rate_per_minute` is measured while the phase was in progress, pauses and the time between a
    failure and its retry left out; `eta_at` follows from it, and is null while the phase is not in progress and
    something is left. `percent` is the campaign's, `tallies` say what has been decided on its domains.
    """

    FEED: ClassVar[bool] = False

    rate_per_minute: float | None = None
    eta_at: datetime | None = None
    running: tuple[PhaseCounts, ...] = ()
    percent: float = 0.0
    tallies: Tallies = Tallies()

    def summary(self) -> str:
        """One sentence."""
        return f"{PHASE_WORDS[self.phase]}: {self.counts.processed} of {self.counts.total}"
