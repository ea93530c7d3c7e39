"""Verbs on campaigns."""

from uuid import UUID

import msgspec

from auth.principal import Principal
from db.unit_of_work import Database
from services.written import Written
from vocabulary.campaigns import DnsConfig, GenerationConfig, HttpConfig


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


class Campaigns:
    """Making, changing, deleting and controlling campaigns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, caller: Principal, draft: CampaignDraft) -> Written[UUID]:
        """Make a draft of a campaign, owned by the caller."""
        raise NotImplementedError

    async def update(self, caller: Principal, campaign_id: UUID, patch: CampaignPatch) -> Written[UUID]:
        """Change a campaign."""
        raise NotImplementedError

    async def delete(self, caller: Principal, campaign_id: UUID) -> Written[UUID]:
        """Delete a campaign with its domains."""
        raise NotImplementedError

    async def start(self, caller: Principal, campaign_id: UUID) -> Written[UUID]:
        """Run a draft."""
        raise NotImplementedError

    async def pause(self, caller: Principal, campaign_id: UUID) -> Written[UUID]:
        """Pause a running campaign."""
        raise NotImplementedError

    async def resume(self, caller: Principal, campaign_id: UUID) -> Written[UUID]:
        """Let a paused campaign go on."""
        raise NotImplementedError

    async def cancel(self, caller: Principal, campaign_id: UUID) -> Written[UUID]:
        """End a campaign for good."""
        raise NotImplementedError
