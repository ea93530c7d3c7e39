"""The interface of everything that has an id."""

import strawberry


@strawberry.interface(description="Something with an id that is unique over all types.")
class Node:
    """Something with an id that is unique over all types."""

    id: strawberry.ID = strawberry.field(
        description="Opaque and lasting: what `node` and all other fields that take an id understand."
    )
