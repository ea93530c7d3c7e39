"""The subscription to personas, keyword sets, pools, scoring profiles and settings."""

from collections.abc import AsyncIterator
from typing import Annotated, cast

import strawberry

from graph.context import Info
from graph.describing import described
from graph.errors import Refused
from graph.streams.resources import ResourceKind, ResourceSource
from graph.subscriptions.arguments import Resume, place, streamed
from graph.types.resource_event import (
    KeywordSetCreated,
    KeywordSetDeleted,
    KeywordSetUpdated,
    PersonaCreated,
    PersonaDeleted,
    PersonaTested,
    PersonaUpdated,
    ProxyPoolCreated,
    ProxyPoolDeleted,
    ProxyPoolUpdated,
    ResourceSnapshot,
    ScoringProfileCreated,
    ScoringProfileDeleted,
    ScoringProfileUpdated,
    SettingsChanged,
)
from graph.types.stream_reset import StreamReset

described(
    ResourceKind,
    "What `resourceEvents` can be about.",
    {
        "PERSONA": "Personas.",
        "KEYWORD_SET": "Keyword sets.",
        "PROXY_POOL": "Pools of proxies.",
        "SCORING_PROFILE": "Scoring profiles.",
        "SETTINGS": "The settings that can be changed while the system runs; for admins.",
    },
)

ResourceEvent = Annotated[
    ResourceSnapshot
    | PersonaCreated
    | PersonaUpdated
    | PersonaDeleted
    | PersonaTested
    | KeywordSetCreated
    | KeywordSetUpdated
    | KeywordSetDeleted
    | ProxyPoolCreated
    | ProxyPoolUpdated
    | ProxyPoolDeleted
    | ScoringProfileCreated
    | ScoringProfileUpdated
    | ScoringProfileDeleted
    | SettingsChanged
    | StreamReset,
    strawberry.union("ResourceEvent", description="A frame of `resourceEvents`."),
]


@strawberry.type
class ResourceSubscriptions:
    """The subscription to resources."""

    @streamed("Personas, keyword sets, pools, scoring profiles and settings: the present, then what happens.")
    async def resource_events(
        self,
        info: Info,
        kinds: Annotated[
            list[ResourceKind],
            strawberry.argument(description="Which kinds, at least one; SETTINGS for admins."),
        ],
        after: Resume = strawberry.UNSET,
    ) -> AsyncIterator[ResourceEvent]:
        """Things of some kinds."""
        if not kinds:
            raise Refused("VALIDATION_FAILED", "`kinds` names at least one kind.")
        source = ResourceSource(info.context.caller.scope, place(info.context, after), kinds)
        return cast("AsyncIterator[ResourceEvent]", source)
