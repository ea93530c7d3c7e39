"""The catalog: every type of event there is, and their encoding.

`docs/events.md` has a line for each, a test receives each over a socket, and a test compares the unions of
the schema with this list.
"""

from typing import get_args

import msgspec

from events.access_events import (
    PrincipalCreated,
    PrincipalDeactivated,
    PrincipalReactivated,
    PrincipalRoleChanged,
    SettingsChanged,
    TokenCreated,
    TokenRenewed,
    TokenRevoked,
)
from events.bulk_events import (
    BulkOperationDeleted,
    BulkOperationFinished,
    BulkOperationProgress,
    BulkOperationStarted,
)
from events.campaign_events import (
    CampaignCreated,
    CampaignDeleted,
    CampaignProgress,
    CampaignStatusChanged,
    CampaignUpdated,
    ModeChanged,
    PhaseAutoStarted,
    PhaseCancelled,
    PhaseCompleted,
    PhaseConfigured,
    PhaseFailed,
    PhasePaused,
    PhaseReset,
    PhaseResumed,
    PhaseSkipped,
    PhaseStarted,
)
from events.domain_events import DomainsChanged, DomainsGenerated
from events.event import EventType
from events.pool_events import ProxyPoolCreated, ProxyPoolDeleted, ProxyPoolUpdated
from events.proxy_events import (
    ProxyAdded,
    ProxyChanged,
    ProxyHealthChanged,
    ProxyRemoved,
    ProxyStatsChanged,
    ProxyTestFinished,
)
from events.resource_events import (
    KeywordSetCreated,
    KeywordSetDeleted,
    KeywordSetUpdated,
    PersonaCreated,
    PersonaDeleted,
    PersonaTested,
    PersonaUpdated,
)
from events.scoring_events import ScoringProfileCreated, ScoringProfileDeleted, ScoringProfileUpdated

CampaignEvent = (
    CampaignCreated
    | CampaignUpdated
    | CampaignDeleted
    | CampaignStatusChanged
    | ModeChanged
    | PhaseConfigured
    | PhaseStarted
    | PhaseAutoStarted
    | PhasePaused
    | PhaseResumed
    | PhaseCompleted
    | PhaseFailed
    | PhaseCancelled
    | PhaseReset
    | PhaseSkipped
    | CampaignProgress
)
DomainEvent = DomainsGenerated | DomainsChanged
ProxyEvent = (
    ProxyAdded | ProxyChanged | ProxyRemoved | ProxyHealthChanged | ProxyTestFinished | ProxyStatsChanged
)
ResourceEvent = (
    PersonaCreated
    | PersonaUpdated
    | PersonaDeleted
    | PersonaTested
    | KeywordSetCreated
    | KeywordSetUpdated
    | KeywordSetDeleted
    | ScoringProfileCreated
    | ScoringProfileUpdated
    | ScoringProfileDeleted
    | ProxyPoolCreated
    | ProxyPoolUpdated
    | ProxyPoolDeleted
)
BulkEvent = BulkOperationStarted | BulkOperationProgress | BulkOperationFinished
AccessEvent = (
    PrincipalCreated
    | PrincipalRoleChanged
    | PrincipalDeactivated
    | PrincipalReactivated
    | TokenCreated
    | TokenRenewed
    | TokenRevoked
    | SettingsChanged
)
Event = (
    CampaignEvent | DomainEvent | ProxyEvent | ResourceEvent | BulkEvent | BulkOperationDeleted | AccessEvent
)

EVENT_TYPES: tuple[type[EventType], ...] = get_args(Event)

_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def encode(event: EventType) -> str:
    """The event as JSON text, with its type's name under `type`."""
    return msgspec.json.encode(event).decode()


def decode(data: str) -> Event:
    """The event that `encode` wrote.

    Raises:
        msgspec.ValidationError: the text is no event of this catalog.
    """
    return _decoder.decode(data)
