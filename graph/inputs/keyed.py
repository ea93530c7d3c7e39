"""What the input of every mutation has: by its key it is done once, however often it is sent."""

import strawberry

from services.once import MAX_KEY


@strawberry.input
class KeyedInput:
    """What a mutation takes, for each may have to be sent again."""

    idempotency_key: str | None = strawberry.field(
        default=None,
        description=f"A word of yours for this request, up to {MAX_KEY} characters: for 24 hours a request with it is "
        "done once, and answered as it was then.",
    )
