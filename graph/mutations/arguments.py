"""Where a mutation finds its one argument."""

import strawberry

TAKEN = strawberry.argument(name="input", description="What to do it with.")
