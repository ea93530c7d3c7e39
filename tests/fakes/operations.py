"""Operations over a schema of five fields, for the tests of the protocols: real syntax, real validation."""

import asyncio
from collections import Counter

import msgspec
from graphql import (
    GraphQLError,
    OperationDefinitionNode,
    build_schema,
    get_operation_ast,
    parse,
    validate,
)

from core.errors import Unavailable
from live.operations import OperationKind, Rejected, Request, Unauthenticated
from tests.fakes.hub import FakeHub
from tests.fakes.streams import FakeStream

SCHEMA = build_schema(
    """
    type Query { hello: String, slow: String, broken: String, partial: String, down: String }
    type Mutation { touch: Int }
    type Subscription { ticks: Int, forbidden: Int, broken: Int }
    """
)
TOKEN = "Bearer right"
ENDED = "Bearer ended"
OTHER = "Bearer another"
RESULTS = {
    "hello": {"data": {"hello": "world"}},
    "slow": {"data": {"slow": "done"}},
    "partial": {"data": {"partial": None}, "errors": [{"message": "no"}]},
    "touch": {"data": {"touch": 1}},
}


class FakePlan(msgspec.Struct, frozen=True):
    """Conforms to `live.operations.Plan`."""

    kind: OperationKind
    field: str
    changes: int = 1


class FakeOperations:
    """Conforms to `live.operations.Operations`. `counts` tells what began, ended and was cancelled.

    While it is `out`, no subscription can be authorised. While it is `deaf`, subscriptions wait for `gate`, too, and
    what waits for it takes no notice of being cancelled, as if a server hung and a driver waited for its answer.
    """

    def __init__(self, hub: FakeHub) -> None:
        self.counts: Counter[str] = Counter()
        self.requests: list[Request] = []
        self.callers: list[object] = []
        self.gate = asyncio.Event()
        self.out = False
        self.deaf = False
        self._hub = hub

    def knows(self, request: Request) -> bool:
        return True

    def prepare(self, request: Request) -> FakePlan:
        self.requests.append(request)
        try:
            document = parse(request.query)
        except GraphQLError as error:
            raise Rejected([dict(error.formatted)]) from error
        if errors := validate(SCHEMA, document):
            raise Rejected([dict(error.formatted) for error in errors])
        operation = get_operation_ast(document, request.operation_name)
        if operation is None:
            raise Rejected([{"message": f'Unknown operation named "{request.operation_name}".'}])
        return FakePlan(OperationKind(operation.operation.value), _field(operation))

    async def execute(self, plan: FakePlan, request: Request, caller: object) -> bytes:
        self.callers.append(caller)
        self.counts[plan.field] += 1
        if plan.field == "slow":
            await self._wait()
        if plan.field == "broken":
            raise ValueError("secret")
        if plan.field == "down":
            raise Unavailable("No database.")
        return msgspec.json.encode(RESULTS[plan.field])

    async def subscribe(self, plan: FakePlan, request: Request, caller: object) -> FakeStream:
        self.callers.append(caller)
        if self.out:
            raise Unavailable("No database.")
        if self.deaf:
            await self._wait()
        if plan.field == "forbidden":
            raise Rejected([{"message": "Not yours."}])
        after = request.extensions.get("lastEventId", request.variables.get("after"))
        position = None if after is None else int(str(after).lstrip("c"))
        topic, padding = str(request.variables.get("topic", "a")), int(request.variables.get("padding", 0))
        stream = FakeStream(self._hub, topic, after=position, key=(topic, padding))
        stream.padding = padding
        stream.failing_at = int(request.variables.get("failing", 0))
        if plan.field == "broken":
            stream.failure = ValueError("secret")
        return stream

    async def _wait(self) -> None:
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.counts["cancelled"] += 1
            if not self.deaf:
                raise
            await self.gate.wait()


async def authenticate(authorization: str | None) -> object:
    """Conforms to `live.operations.Authenticate`: one token is right, one somebody else's, one cannot be checked."""
    if authorization == TOKEN:
        return "caller"
    if authorization == OTHER:
        return "somebody else"
    if authorization == "Bearer unknowable":
        raise Unavailable("No database.")
    raise Unauthenticated


async def recognise(authorization: str | None) -> object:
    """The same for who only reads: one more was known a moment ago, and is no more."""
    return "caller" if authorization == ENDED else await authenticate(authorization)


def _field(operation: OperationDefinitionNode) -> str:
    return operation.selection_set.selections[0].name.value  # type: ignore[attr-defined,no-any-return]
