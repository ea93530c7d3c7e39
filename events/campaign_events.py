"""What happens to campaigns and their phases."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from events.event import EntityType, EventType
from vocabulary.campaigns import CampaignStatus, Counts, PhaseKind

PHASE_WORDS = {
    PhaseKind.DOMAIN_GENERATION: "Domain generation",
    PhaseKind.DNS_VALIDATION: "DNS validation",
    PhaseKind.HTTP_KEYWORD_VALIDATION: "HTTP keyword validation",
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
    """A campaign's name or configuration was changed; `changed` names the parts."""

    name: str
    changed: tuple[str, ...]

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


class PhaseEventType(CampaignEventType, frozen=True, kw_only=True):
    """An event of one phase, with its counts at that moment."""

    phase: PhaseKind
    counts: Counts


class PhaseStarted(PhaseEventType, frozen=True, kw_only=True, tag=True):
    """A phase began; `counts.total` is how much there is to do."""

    def summary(self) -> str:
        """One sentence."""
        return f"{PHASE_WORDS[self.phase]} started with {self.counts.total} to do"


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


class CampaignProgress(PhaseEventType, frozen=True, kw_only=True, tag=True):
    """How far the running phase is. It never carries a status; the last one before an end always comes.

    `rate_per_minute` is measured since the phase started, and `eta_at` follows from it.
    """

    FEED: ClassVar[bool] = False

    rate_per_minute: float | None = None
    eta_at: datetime | None = None

    def summary(self) -> str:
        """One sentence."""
        return f"{PHASE_WORDS[self.phase]}: {self.counts.processed} of {self.counts.total}"
