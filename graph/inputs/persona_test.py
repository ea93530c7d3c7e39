"""Inputs of the verbs that copy a persona and try one out."""

import strawberry

from graph.inputs import given
from graph.inputs.keyed import KeyedInput
from services.persona_tests import MAX_TARGET, Trial


@strawberry.input(description="Which persona to copy, and what to call the copy.")
class DuplicatePersonaInput(KeyedInput):
    """Which persona to copy, and what to call the copy."""

    id: strawberry.ID = strawberry.field(description="Which persona.")
    name: str = strawberry.field(
        description="What you call the copy, 1 to 255 characters, unique among your personas of the same type."
    )


@strawberry.input(description="Which persona to try, and on what.")
class TestPersonaInput(KeyedInput):
    """Which persona to try, and on what."""

    id: strawberry.ID = strawberry.field(description="Which persona.")
    target: str = strawberry.field(
        description=(
            "What to look up, or to fetch: a host name, for an HTTP persona also an IP address, or an address of the "
            f"web such as https://example.com/path, at most {MAX_TARGET} characters. A host is asked by https first."
        )
    )
    dns_persona_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The DNS persona that looks hosts up for an HTTP persona; needed if the target is a name.",
    )

    def trial(self) -> Trial:
        """The trial."""
        dns = None if self.dns_persona_id is None else given.key(self.dns_persona_id, "Persona")
        return Trial(given.key(self.id, "Persona"), self.target, dns)
