"""Arguments that many queries share."""

from typing import Annotated

import strawberry

from graph.filters import NamedOrder

NodeId = Annotated[strawberry.ID, strawberry.argument(name="id", description="Which one.")]
ByName = Annotated[NamedOrder | None, strawberry.argument(description="Their order; by name unless told.")]
