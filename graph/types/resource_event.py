"""The events of `resourceEvents`: personas, keyword sets, pools, scoring profiles and, for admins, settings.

A frame tells what the event says, and leads to the thing as it is when the frame is made, which may be later.
"""

from uuid import UUID

import strawberry

from graph.context import Info
from graph.fields import resolved
from graph.scalars import BigInt
from graph.types.keyword_set import KeywordSet
from graph.types.persona import Persona
from graph.types.proxy import ProxyPool
from graph.types.scoring_profile import ScoringProfile
from graph.types.setting import Setting
from graph.types.stream import Happening, StreamEvent
from vocabulary.personas import PersonaType

CHANGED = "The names of the fields that changed."


@strawberry.type(
    description="The things of the kinds that the stream is about, as they are at `cursor`; null of other kinds."
)
class ResourceSnapshot(StreamEvent):
    """The things of the kinds that the stream is about."""

    personas: list[Persona] | None = strawberry.field(description="At most 1000, by name.")
    keyword_sets: list[KeywordSet] | None = strawberry.field(description="At most 1000, by name.")
    proxy_pools: list[ProxyPool] | None = strawberry.field(description="At most 1000, by name.")
    scoring_profiles: list[ScoringProfile] | None = strawberry.field(description="At most 1000, by name.")
    settings: list[Setting] | None = strawberry.field(description="All of them.")
    omitted: BigInt = strawberry.field(description="How many things of these kinds are not listed here.")


@strawberry.interface(description="Something that happened to a persona.")
class PersonaHappening(Happening):
    """Something that happened to a persona."""

    key: strawberry.Private[UUID]
    persona_id: strawberry.ID = strawberry.field(description="Which persona.")
    name: str = strawberry.field(description="What it was called then.")
    type: PersonaType = strawberry.field(description="What it is for.")

    @resolved("The persona as it is now; null if it is gone.")
    async def persona(self, info: Info) -> Persona | None:
        """The persona as it is now."""
        row = await info.context.loaders.persona.load(self.key)
        return None if row is None else Persona.from_row(row)


@strawberry.type(description="A persona was made.")
class PersonaCreated(PersonaHappening):
    """A persona was made."""


@strawberry.type(description="A persona was changed.")
class PersonaUpdated(PersonaHappening):
    """A persona was changed."""

    changed: list[str] = strawberry.field(description=CHANGED)


@strawberry.type(description="A persona was deleted.")
class PersonaDeleted(PersonaHappening):
    """A persona was deleted."""


@strawberry.type(description="A persona was tried on a host.")
class PersonaTested(PersonaHappening):
    """A persona was tried on a host."""

    target: str = strawberry.field(description="The host.")
    succeeded: bool = strawberry.field(description="Whether it worked.")
    failure: str | None = strawberry.field(description="Why it did not work; null if it did.")
    duration_ms: int = strawberry.field(description="How long it took, in milliseconds.")


@strawberry.interface(description="Something that happened to a keyword set.")
class KeywordSetHappening(Happening):
    """Something that happened to a keyword set."""

    key: strawberry.Private[UUID]
    keyword_set_id: strawberry.ID = strawberry.field(description="Which keyword set.")
    name: str = strawberry.field(description="What it was called then.")
    rule_count: int = strawberry.field(description="How many rules it had then.")

    @resolved("The keyword set as it is now; null if it is gone.")
    async def keyword_set(self, info: Info) -> KeywordSet | None:
        """The keyword set as it is now."""
        row = await info.context.loaders.keyword_set.load(self.key)
        return None if row is None else KeywordSet.from_row(row)


@strawberry.type(description="A keyword set was made.")
class KeywordSetCreated(KeywordSetHappening):
    """A keyword set was made."""


@strawberry.type(description="A keyword set or its rules were changed.")
class KeywordSetUpdated(KeywordSetHappening):
    """A keyword set or its rules were changed."""

    changed: list[str] = strawberry.field(description=CHANGED)


@strawberry.type(description="A keyword set was deleted.")
class KeywordSetDeleted(KeywordSetHappening):
    """A keyword set was deleted."""


@strawberry.interface(description="Something that happened to a pool of proxies.")
class ProxyPoolHappening(Happening):
    """Something that happened to a pool of proxies."""

    key: strawberry.Private[UUID]
    pool_id: strawberry.ID = strawberry.field(description="Which pool.")
    name: str = strawberry.field(description="What it was called then.")
    member_count: int = strawberry.field(description="How many proxies it had then.")
    version: int = strawberry.field(description="Which version of it this made.")

    @resolved("The pool as it is now; null if it is gone.")
    async def pool(self, info: Info) -> ProxyPool | None:
        """The pool as it is now."""
        row = await info.context.loaders.proxy_pool.load(self.key)
        return None if row is None else ProxyPool.from_row(row)


@strawberry.type(description="A pool was made.")
class ProxyPoolCreated(ProxyPoolHappening):
    """A pool was made."""


@strawberry.type(description="A pool or its members were changed.")
class ProxyPoolUpdated(ProxyPoolHappening):
    """A pool or its members were changed."""

    changed: list[str] = strawberry.field(description=CHANGED)


@strawberry.type(description="A pool was deleted; its proxies stay.")
class ProxyPoolDeleted(ProxyPoolHappening):
    """A pool was deleted."""


@strawberry.interface(description="Something that happened to a scoring profile.")
class ScoringProfileHappening(Happening):
    """Something that happened to a scoring profile."""

    key: strawberry.Private[UUID]
    profile_id: strawberry.ID = strawberry.field(description="Which scoring profile.")
    name: str = strawberry.field(description="What it was called then.")

    @resolved("The scoring profile as it is now; null if it is gone.")
    async def profile(self, info: Info) -> ScoringProfile | None:
        """The scoring profile as it is now."""
        row = await info.context.loaders.scoring_profile.load(self.key)
        return None if row is None else ScoringProfile.from_row(row)


@strawberry.type(description="A scoring profile was made.")
class ScoringProfileCreated(ScoringProfileHappening):
    """A scoring profile was made."""


@strawberry.type(description="A scoring profile has a new version.")
class ScoringProfileUpdated(ScoringProfileHappening):
    """A scoring profile has a new version."""

    version: int = strawberry.field(description="The new version.")
    changed: list[str] = strawberry.field(description=CHANGED)


@strawberry.type(description="A scoring profile was deleted.")
class ScoringProfileDeleted(ScoringProfileHappening):
    """A scoring profile was deleted."""


@strawberry.type(description="One setting before and after a change.")
class SettingChange:
    """One setting before and after a change."""

    name: str = strawberry.field(description="As in `updateSettings`.")
    before: str = strawberry.field(description="What held before.")
    after: str = strawberry.field(description="What holds now.")


@strawberry.type(description="An admin changed settings while the system ran, or set them back.")
class SettingsChanged(Happening):
    """An admin changed settings while the system ran."""

    changes: list[SettingChange] = strawberry.field(description="Each setting with its old and new value.")
