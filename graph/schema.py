"""The schema. `schema.graphql` is printed from it, and a check compares the two."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from graph.mutations.root import Mutation
from graph.one_of import tell_one_of
from graph.queries.root import Query
from graph.scalars import SCALARS
from graph.subscriptions.root import Subscription

CONFIG = StrawberryConfig(scalar_map=SCALARS)

schema = strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription, config=CONFIG)
tell_one_of(schema._schema)  # noqa: SLF001  Strawberry has no public name for it.
