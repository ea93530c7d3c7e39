"""Does it speak as the documents say: health, GraphQL over HTTP, graphql-transport-ws, server-sent events."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from cli.check.check import Check, Failed, Family, expect, expect_equal
from cli.check.following import FOLLOW, TRANSPORTS, acknowledged, begin, over
from cli.check.site import Site
from cli.remote.server import SUBPROTOCOL
from cli.remote.wire import Answer, Closed

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
NOBODY = {"Authorization": "Bearer heliograph-check-knows-no-such-token"}
QUERY = json.dumps({"query": "{ __typename }"})
NO_DOCUMENT = json.dumps({"query": "{ __typename"})
NO_FIELD = json.dumps({"query": "{ moon }"})
SNAPSHOT = """
subscription Snapshot($after: Cursor) {
  activity(after: $after) {
    __typename ... on StreamEvent { cursor } ... on ActivitySnapshot { activities { cursor } }
  }
}
"""
# An input that breaks a rule: whoever may change things is told which, and nobody changes anything.
REFUSED = """
mutation { createKeywordSet(input: { name: "", rules: [] }) { __typename ... on UserError { code message } } }
"""


class Case(NamedTuple):
    """A request, and what it is to be answered with: the status, the media type, and data or the code of an error."""

    told: str
    status: int
    media: str
    code: str | None = None
    method: str = "POST"
    headers: Mapping[str, str] = {}
    body: str | None = QUERY
    query: Mapping[str, str] | None = None


BODIES = (
    Case("a query", 200, GRAPHQL, headers={"Accept": GRAPHQL}),
    Case("a query, as old clients send it", 200, JSON, headers={"Accept": JSON}),
    Case("a query with any Accept", 200, JSON, headers={"Accept": "*/*"}),
    Case(
        "a query of a client that prefers GraphQL",
        200,
        GRAPHQL,
        headers={"Accept": f"{GRAPHQL}, {JSON};q=0.9"},
    ),
)
ERRORS = (
    Case(
        "a bad document", 400, GRAPHQL, "GRAPHQL_PARSE_FAILED", headers={"Accept": GRAPHQL}, body=NO_DOCUMENT
    ),
    Case(
        "the same, as old clients",
        200,
        JSON,
        "GRAPHQL_PARSE_FAILED",
        headers={"Accept": JSON},
        body=NO_DOCUMENT,
    ),
    Case(
        "an unknown field",
        400,
        GRAPHQL,
        "GRAPHQL_VALIDATION_FAILED",
        headers={"Accept": GRAPHQL},
        body=NO_FIELD,
    ),
    Case("no JSON", 400, GRAPHQL, "BAD_REQUEST", headers={"Accept": GRAPHQL}, body="{"),
    Case("text", 415, JSON, "UNSUPPORTED_MEDIA_TYPE", headers={"Accept": JSON, "Content-Type": "text/plain"}),
    Case("an Accept that nothing fits", 406, JSON, "NOT_ACCEPTABLE", headers={"Accept": "image/png"}),
    Case("a PATCH", 405, JSON, "METHOD_NOT_ALLOWED", method="PATCH", headers={"Accept": JSON}),
)
GETS = (
    Case("a query", 200, JSON, method="GET", headers={"Accept": JSON}, body=None, query={"query": "{ __typename }"}),
    Case(
        "a mutation", 405, JSON, "METHOD_NOT_ALLOWED", method="GET", headers={"Accept": JSON}, body=None,
        query={"query": REFUSED},
    ),
)  # fmt: skip
STRANGERS = (
    Case("an unknown token", 401, JSON, "UNAUTHENTICATED", headers={"Accept": JSON, **NOBODY}),
    Case("no token", 401, JSON, "UNAUTHENTICATED", headers={"Accept": JSON, "Authorization": ""}),
)


async def _health(site: Site) -> str:
    answer = await site.wire.request("GET", {}, url=site.wire.beside("healthz"))
    expect_equal("the status of /healthz", answer.status, 200)
    expect_equal("what /healthz says", answer.json().get("status"), "alive")
    return "alive"


async def _readiness(site: Site) -> str:
    answer = await site.wire.request("GET", {}, url=site.wire.beside("readyz"))
    said = answer.json()
    wrong = {name: found for name, found in said["checks"].items() if not found["ok"]}
    expect(answer.status == 200 and not wrong, f"/readyz answers {answer.status}, {said['status']}: {wrong}")
    return ", ".join(f"{name} {found['milliseconds']:.1f} ms" for name, found in said["checks"].items())


async def _answered(cases: tuple[Case, ...], site: Site) -> str:
    for case in cases:
        headers = {**site.wire.authorization, "Content-Type": JSON, **case.headers}
        sent = {name: value for name, value in headers.items() if value}
        answer = await site.wire.request(case.method, sent, case.body, query=case.query)
        _expect_answer(case, answer)
    return ", ".join(f"{case.told}: {case.status}" for case in cases)


def _expect_answer(case: Case, answer: Answer) -> None:
    expect_equal(f"{case.told}: the status", answer.status, case.status)
    expect_equal(f"{case.told}: the media type", answer.media, case.media)
    result = answer.json()
    if case.code is None:
        expect_equal(f"{case.told}: the data", result.get("data"), {"__typename": "Query"})
    else:
        codes = [error["extensions"]["code"] for error in result["errors"]]
        expect_equal(f"{case.told}: the codes of its errors", codes, [case.code])
    if case.status == 401:
        expect_equal(f"{case.told}: WWW-Authenticate", answer.headers.get("www-authenticate"), "Bearer")


async def _typed_refusal(site: Site) -> str:
    (payload,) = (await site.wire.ask(REFUSED)).values()
    wanted = {"ForbiddenError": "FORBIDDEN", "ValidationError": "VALIDATION_FAILED"}
    kind = str(payload["__typename"])
    expect(kind in wanted, f"an empty name was answered with {kind}")
    expect_equal(f"the code of a {kind}", payload["code"], wanted[kind])
    return kind


async def _handshake(site: Site) -> str:
    async with acknowledged(site.wire) as socket:
        await socket.send({"type": "ping", "payload": {"n": 1}})
        expect_equal("the answer to a ping", (await socket.receive())["type"], "pong")
        await begin(socket, "a", "{ __typename }", {})
        first, second = await socket.receive(), await socket.receive()
        expect_equal("the result of a query", first.get("payload"), {"data": {"__typename": "Query"}})
        expect_equal("what follows it", second, {"id": "a", "type": "complete"})
    return f"{SUBPROTOCOL}: acknowledged, pong, a query"


class Closing(NamedTuple):
    """What is said on a WebSocket, and the code that it is to be closed with."""

    told: str
    code: int
    said: tuple[Mapping[str, Any], ...]
    subprotocol: str = SUBPROTOCOL
    is_acknowledged: bool = False


FOREVER = {"query": SNAPSHOT}
CLOSINGS = (
    Closing("another subprotocol", 4406, (), subprotocol="graphql-ws"),
    Closing("a message of no known type", 4400, ({"type": "moon"},)),
    Closing("an operation before connection_init", 4401, ({"id": "1", "type": "subscribe", "payload": FOREVER},)),
    Closing("an unknown token", 4403, ({"type": "connection_init", "payload": NOBODY},)),
    Closing("a second connection_init", 4429, ({"type": "connection_init"},), is_acknowledged=True),
    Closing(
        "an id that is in use", 4409, ({"id": "1", "type": "subscribe", "payload": FOREVER},) * 2, is_acknowledged=True
    ),
)  # fmt: skip


async def _closings(site: Site) -> str:
    for closing in CLOSINGS:
        opened = acknowledged(site.wire) if closing.is_acknowledged else site.wire.socket(closing.subprotocol)
        async with opened as socket:
            try:
                for message in closing.said:
                    await socket.send(message)
                # What was begun before may still be told.
                while (await socket.receive())["type"] in {"next", "ping"}:
                    pass
                raise Failed(f"{closing.told}: the WebSocket stays open")
            except Closed as closed:
                expect_equal(f"{closing.told}: the close code", closed.code, closing.code)
    return ", ".join(f"{each.told}: {each.code}" for each in CLOSINGS)


async def _snapshot(transport: str, site: Site) -> str:
    async with over(transport, site.wire, SNAPSHOT)(None) as subscription:
        frame = await subscription.next()
    expect_equal("the first frame", frame.data["__typename"], "ActivitySnapshot")
    return "a snapshot, with its cursor in the frame and beside it"


async def _echo(transport: str, site: Site) -> str:
    """The state, and then a change of ours at the cursor that it was answered with."""
    clock = asyncio.get_running_loop()
    async with over(transport, site.wire, FOLLOW, id=site.own.id)(None) as subscription:
        snapshot = await subscription.next()
        asked = clock.time()
        cursor = await site.own.change()
        answered = clock.time()
        echo = await subscription.next()
    expect_equal("the first frame", snapshot.data["__typename"], "ActivitySnapshot")
    expect_equal("what follows it", echo.data["__typename"], "ActivityAdded")
    expect_equal("what happened", echo.data["activity"]["kind"], "KEYWORD_SET_UPDATED")
    expect_equal("the cursor of the echo", echo.cursor, cursor)
    return f"answered after {1000 * (answered - asked):.1f} ms, told after {1000 * (echo.at - asked):.1f} ms"


def _check(name: str, run: Callable[[Site], Awaitable[str]], *, changes: bool = False) -> Check:
    return Check(name, Family.FUNCTIONAL, run, changes)


CHECKS = (
    _check("healthz", _health),
    _check("readyz", _readiness),
    _check("HTTP: media types", partial(_answered, BODIES)),
    _check("HTTP: what is not in order", partial(_answered, ERRORS)),
    _check("HTTP: GET", partial(_answered, GETS)),
    _check("HTTP: who is not known", partial(_answered, STRANGERS)),
    _check("a refusal is typed", _typed_refusal),
    _check("WebSocket: handshake, ping, a query", _handshake),
    _check("WebSocket: close codes", _closings),
    *(_check(f"{each}: a stream opens with its snapshot", partial(_snapshot, each)) for each in TRANSPORTS),
    *(
        _check(f"{each}: snapshot, then our change", partial(_echo, each), changes=True)
        for each in TRANSPORTS
    ),
)
