"""graphql-sse over real requests: PROTOCOL.md of enisdenjo/graphql-sse, clause by clause."""

import asyncio
from typing import Any

import msgspec
import pytest
from aiohttp import ClientResponse

from live.reservation import ReservationLimits
from tests.fakes.edge import Edge, serving
from tests.fakes.operations import ENDED, OTHER, TOKEN
from tests.integration.waiting import until

EVENTS = "text/event-stream"
HEADER = "X-GraphQL-Event-Stream-Token"
TICKS = "subscription { ticks }"
Json = dict[str, Any]


def clause(ident: str, asks: str) -> pytest.MarkDecorator:
    return pytest.mark.clause("graphql-sse", ident, asks)


class Party:
    """A client in single connection mode, or one that tries to be."""

    def __init__(self, edge: Edge, authorization: str | None = TOKEN) -> None:
        self.edge = edge
        self.authorization = authorization
        self.token: str | None = None

    async def send(self, method: str, accept: str | None = None, **options: Any) -> ClientResponse:
        given = {"Authorization": self.authorization, HEADER: self.token, "Accept": accept}
        headers = {name: value for name, value in given.items() if value is not None}
        return await self.edge.client.request(method, self.edge.graphql, headers=headers, **options)

    async def reserve(self) -> str:
        response = await self.send("PUT")
        assert response.status == 201
        self.token = await response.text()
        return self.token

    async def listen(self) -> ClientResponse:
        response = await self.send("GET", EVENTS)
        assert (response.status, response.content_type) == (200, EVENTS)
        assert await part(response) == "retry: 1000"
        return response

    async def ask(self, ident: object, query: str = "{ hello }", **body: object) -> ClientResponse:
        given = {"query": query, "extensions": {"operationId": ident}, **body}
        return await self.send("POST", json=given)

    async def stop(self, **parameters: str) -> int:
        return (await self.send("DELETE", params=parameters)).status


async def part(response: ClientResponse) -> str:
    """The next event or comment, without its end."""
    async with asyncio.timeout(30):
        return (await response.content.readuntil(b"\n\n")).decode().removesuffix("\n\n")


async def event(response: ClientResponse) -> tuple[str, Json]:
    """The name and the data of the next event, which has a line for each and no other."""
    name, data = (await part(response)).split("\n")
    return name.removeprefix("event: "), msgspec.json.decode(data.removeprefix("data: "))


def told(ident: str, payload: Json) -> tuple[str, Json]:
    return "next", {"id": ident, "payload": payload}


def tick(ident: str, position: int, kind: str = "event") -> tuple[str, Json]:
    return told(ident, {"data": {kind: position}})


def over(ident: str) -> tuple[str, Json]:
    return "complete", {"id": ident}


async def code(response: ClientResponse) -> tuple[int, str]:
    """Status and code of a refusal."""
    (error,) = (await response.json(content_type=None))["errors"]
    return response.status, error["extensions"]["code"]


@pytest.fixture
def party(edge: Edge) -> Party:
    return Party(edge)


class TestDistinctConnections:
    @clause("Distinct connections/1", "the Content-Type is text/event-stream")
    @pytest.mark.parametrize("query", ["{ hello }", "mutation { touch }", TICKS])
    async def test_every_operation_is_an_event_stream(self, party: Party, query: str) -> None:
        response = await party.send("POST", EVENTS, json={"query": query})
        assert (response.status, response.headers["Content-Type"]) == (
            200,
            "text/event-stream; charset=utf-8",
        )

    @clause("Distinct connections/2", "what is found before the execution is a next event with the errors")
    @pytest.mark.parametrize("query", ["{", "{ nothing }", "query A { hello } query B { hello }"])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    async def test_what_is_rejected_is_told_in_the_stream(
        self, party: Party, method: str, query: str
    ) -> None:
        sent: Json = {"params": {"query": query}} if method == "GET" else {"json": {"query": query}}
        response = await party.send(method, EVENTS, **sent)
        _, first, second, rest = (await response.text()).split("\n\n")
        assert (response.status, second, rest) == (200, "event: complete\ndata:", "")
        assert list(msgspec.json.decode(first.removeprefix("event: next\ndata: "))) == ["errors"]

    @clause("Distinct connections/3", "the client ends a streaming operation by closing its connection")
    async def test_closing_ends_the_subscription(self, party: Party) -> None:
        response = await party.send("POST", EVENTS, json={"query": TICKS})
        await part(response)
        response.close()
        await until(lambda: len(party.edge.groups) == 0)

    @clause("Distinct connections/4", "after all results comes complete, and the stream ends")
    async def test_results_and_complete(self, party: Party) -> None:
        response = await party.send("POST", EVENTS, json={"query": TICKS})
        await part(response)
        assert (await part(response)).endswith('data: {"data":{"snapshot":0}}')
        party.edge.hub.publish("a", "a!")
        assert [(await part(response)).split("\n")[-1] for _ in range(2)] == [
            'data: {"data":{"event":1}}',
            'data: {"data":{"event":2}}',
        ]
        assert await part(response) == "event: complete\ndata:"
        assert await response.read() == b""

    @clause(
        "Distinct connections/5", "lines end with a line feed, as every parser of event streams reads them"
    )
    async def test_there_is_no_carriage_return(self, party: Party) -> None:
        assert b"\r" not in await (await party.send("POST", EVENTS, json={"query": "{ hello }"})).read()


class TestReservations:
    @clause("Making reservations/1", "PUT is answered by 201 with a token in the body")
    async def test_put_is_201_with_a_token(self, party: Party) -> None:
        response = await party.send("PUT")
        token = await response.text()
        assert (response.status, response.content_type, len(token)) == (201, "text/plain", 43)
        assert response.headers["Cache-Control"] == "no-store"
        assert await (await party.send("PUT")).text() != token

    @clause("Making reservations/2", "a reservation needs to be authorised as any request")
    @pytest.mark.parametrize("authorization", [None, "Bearer wrong", ENDED])
    async def test_put_without_a_valid_token_is_401(self, edge: Edge, authorization: str | None) -> None:
        response = await Party(edge, authorization).send("PUT")
        assert await code(response) == (401, "UNAUTHENTICATED")
        assert len(edge.reservations) == 0

    @clause("Making reservations/3", "the token comes in the header or in the URL, for an EventSource")
    @pytest.mark.parametrize("with_header", [True, False])
    async def test_the_token_is_an_entrance_ticket(self, edge: Edge, with_header: bool) -> None:
        token = await Party(edge).reserve()
        headers, parameters = ({HEADER: token}, {}) if with_header else ({}, {"token": token})
        response = await edge.client.get(
            edge.graphql, headers={"Accept": EVENTS, **headers}, params=parameters
        )
        assert (response.status, response.content_type) == (200, EVENTS)

    @clause("Making reservations/4", "there are never several connections behind one reservation")
    async def test_a_second_stream_is_409(self, party: Party) -> None:
        await party.reserve()
        first = await party.listen()
        assert await code(await party.send("GET", EVENTS)) == (409, "STREAM_TAKEN")
        assert (await party.ask("1")).status == 202
        assert [await event(first) for _ in range(2)] == [told("1", {"data": {"hello": "world"}}), over("1")]

    @clause("Making reservations/4", "there are never several connections behind one reservation")
    async def test_of_two_that_come_at_once_one_is_409(self, party: Party) -> None:
        await party.reserve()
        both = await asyncio.gather(party.send("GET", EVENTS), party.send("GET", EVENTS))
        assert sorted(response.status for response in both) == [200, 409]

    @clause("Making reservations/5", "the token is for one time")
    async def test_after_its_stream_the_token_is_of_nothing(self, party: Party) -> None:
        await party.reserve()
        (await party.listen()).close()
        await until(lambda: len(party.edge.reservations) == 0)
        for response in (await party.send("GET", EVENTS), await party.ask("1"), await party.send("DELETE")):
            assert await code(response) == (404, "STREAM_NOT_FOUND")

    @clause("Making reservations/6", "an unknown token is 404")
    async def test_an_unknown_token_is_404(self, party: Party) -> None:
        party.token = "unknown"
        for response in (await party.send("GET", EVENTS), await party.ask("1"), await party.send("DELETE")):
            assert await code(response) == (404, "STREAM_NOT_FOUND")

    @pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
    async def test_to_somebody_else_it_does_not_exist(self, edge: Edge, method: str) -> None:
        owner, other = Party(edge), Party(edge, OTHER)
        other.token = await owner.reserve()
        response = {
            "GET": other.send("GET", EVENTS),
            "POST": other.ask("1"),
            "DELETE": other.send("DELETE", params={"operationId": "1"}),
        }
        answers = {name: await code(await asked) for name, asked in response.items()}
        assert answers[method] == (404, "STREAM_NOT_FOUND")
        assert (await owner.ask("1")).status == 202

    @pytest.mark.parametrize("accept", ["application/json", EVENTS])
    async def test_put_gives_nothing_but_text(self, party: Party, accept: str) -> None:
        assert await code(await party.send("PUT", accept)) == (406, "NOT_ACCEPTABLE")

    async def test_one_that_nobody_comes_for_is_given_up(self) -> None:
        async with serving(reserving=ReservationLimits(unattended_seconds=0.01)) as edge:
            party = Party(edge)
            await party.reserve()
            await until(lambda: len(edge.reservations) == 0)
            assert await code(await party.send("GET", EVENTS)) == (404, "LIMIT_EXCEEDED")
            assert await code(await party.ask("1")) == (404, "LIMIT_EXCEEDED")
            party.authorization = None
            assert await code(await party.ask("1")) == (401, "UNAUTHENTICATED")

    async def test_so_many_of_one_caller_wait_as_may(self) -> None:
        async with serving(reserving=ReservationLimits(unattended=2)) as edge:
            party = Party(edge)
            await party.reserve()
            await party.reserve()
            response = await party.send("PUT")
            assert await code(response) == (429, "LIMIT_EXCEEDED")
            assert response.headers["Retry-After"] == "1"
            await Party(edge, OTHER).reserve()
            await party.listen()
            await party.reserve()

    async def test_while_the_process_drains_there_are_none(self, party: Party) -> None:
        await party.edge.peers.close()
        assert await code(await party.send("PUT")) == (503, "UNAVAILABLE")


class TestOperations:
    @clause("Executing operations/1", "a request is answered by 202, and its results come in the one stream")
    async def test_query_mutation_and_subscription(self, party: Party) -> None:
        await party.reserve()
        stream = await party.listen()
        for ident, query in (("q", "{ hello }"), ("m", "mutation { touch }")):
            response = await party.ask(ident, query)
            assert (response.status, await response.read()) == (202, b"")
        assert [await event(stream) for _ in range(4)] == [
            told("q", {"data": {"hello": "world"}}),
            over("q"),
            told("m", {"data": {"touch": 1}}),
            over("m"),
        ]
        assert (await party.ask("s", TICKS)).status == 202
        assert await event(stream) == tick("s", 0, "snapshot")
        party.edge.hub.publish("a", "a!")
        assert [await event(stream) for _ in range(3)] == [tick("s", 1), tick("s", 2), over("s")]

    @clause("Executing operations/2", "an operation may be asked for while there is but a reservation")
    async def test_results_wait_for_the_stream(self, party: Party) -> None:
        await party.reserve()
        assert (await party.ask("1")).status == 202
        assert (await party.ask("2", TICKS)).status == 202
        party.edge.hub.publish("a")
        stream = await party.listen()
        assert [await event(stream) for _ in range(3)] == [
            told("1", {"data": {"hello": "world"}}),
            over("1"),
            # It is opened when it is read, and has what was before.
            tick("2", 1, "snapshot"),
        ]

    @clause("Executing operations/3", "the operation's id is extensions.operationId")
    @pytest.mark.parametrize("ident", [None, "", 7, ["a"], "x" * 257])
    async def test_without_a_proper_id_it_is_400(self, party: Party, ident: object) -> None:
        await party.reserve()
        assert await code(await party.ask(ident)) == (400, "BAD_REQUEST")
        assert party.edge.operations.counts == {}

    @clause("Executing operations/4", "an id is unique among those that run")
    async def test_an_id_in_use_is_409(self, party: Party) -> None:
        await party.reserve()
        stream = await party.listen()
        await party.ask("1", TICKS)
        assert await code(await party.ask("1")) == (409, "OPERATION_EXISTS")
        party.edge.hub.publish("a!")
        assert [await event(stream) for _ in range(3)] == [tick("1", 0, "snapshot"), tick("1", 1), over("1")]
        assert (await party.ask("1")).status == 202

    @clause("Executing operations/5", "problems of the request are answered as in GraphQL over HTTP")
    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"query": "{"}, 400),
            ({"query": "{ nothing }"}, 400),
            ({"query": "subscription { forbidden }"}, 400),
            ({"query": 1}, 400),
            ({"query": "{ down }"}, 503),
            ({"query": "{ broken }"}, 500),
        ],
    )
    async def test_a_problem_is_the_answer_and_frees_the_id(
        self, party: Party, body: Json, status: int
    ) -> None:
        await party.reserve()
        given = {**body, "extensions": {"operationId": "1"}}
        response = await party.send("POST", "application/graphql-response+json", json=given)
        assert (response.status, response.content_type) == (status, "application/graphql-response+json")
        assert list(await response.json(content_type=None)) == ["errors"]
        assert (await party.ask("1")).status == 202

    @clause("Executing operations/6", "an operation may be asked for by GET, but no mutation")
    async def test_by_get(self, party: Party) -> None:
        await party.reserve()
        sent = {"query": "{ hello }", "extensions": '{"operationId":"1"}'}
        assert (await party.send("GET", "application/json", params=sent)).status == 202
        sent = {"query": "mutation { touch }", "extensions": '{"operationId":"2"}'}
        response = await party.send("GET", "application/json", params=sent)
        assert await code(response) == (405, "METHOD_NOT_ALLOWED")
        assert party.edge.operations.counts == {"hello": 1}

    async def test_a_mutation_by_a_token_that_has_just_ended_is_401(self, party: Party) -> None:
        await party.reserve()
        party.authorization = ENDED
        assert await code(await party.ask("1", "mutation { touch }")) == (401, "UNAUTHENTICATED")

    async def test_what_cannot_be_told_by_json_is_406(self, party: Party) -> None:
        await party.reserve()
        response = await party.send("POST", EVENTS, json={"query": "{ hello }"})
        assert await code(response) == (406, "NOT_ACCEPTABLE")

    async def test_so_many_run_as_may(self) -> None:
        async with serving(reserving=ReservationLimits(operations=1)) as edge:
            party = Party(edge)
            await party.reserve()
            await party.ask("1", TICKS)
            assert await code(await party.ask("2")) == (429, "LIMIT_EXCEEDED")
            assert await party.stop(operationId="1") == 200
            assert (await party.ask("2")).status == 202

    async def test_nothing_is_executed_while_too_many_replies_wait(self) -> None:
        async with serving(reserving=ReservationLimits(reply_bytes=1)) as edge:
            party = Party(edge)
            await party.reserve()
            await party.ask("1")
            second = asyncio.get_running_loop().create_task(party.ask("2"))
            await until(lambda: len(edge.operations.requests) == 2)
            assert edge.operations.counts == {"hello": 1}
            stream = await party.listen()
            assert (await second).status == 202
            assert [(await event(stream))[1]["id"] for _ in range(4)] == ["1", "1", "2", "2"]

    async def test_a_failure_of_a_stream_is_its_last_result(self, party: Party) -> None:
        await party.reserve()
        stream = await party.listen()
        await party.ask("1", TICKS, variables={"failing": 1})
        assert await event(stream) == tick("1", 0, "snapshot")
        party.edge.hub.publish("a")
        name, data = await event(stream)
        assert (name, data["id"], list(data["payload"])) == ("next", "1", ["errors"])
        assert await event(stream) == over("1")
        assert (await party.ask("1")).status == 202


class TestStopping:
    @clause("Stopping/1", "DELETE with operationId ends a streaming operation")
    async def test_delete_ends_it(self, party: Party) -> None:
        await party.reserve()
        stream = await party.listen()
        for ident in ("1", "2"):
            await party.ask(ident, TICKS)
            assert await event(stream) == tick(ident, 0, "snapshot")
        assert await party.stop(operationId="1") == 200
        party.edge.hub.publish("a")
        assert await event(stream) == tick("2", 1)
        assert await party.stop(operationId="2") == 200
        await until(lambda: len(party.edge.groups) == 0)

    @clause("Stopping/2", "what is not running is nothing to stop")
    async def test_an_unknown_id_is_no_fault(self, party: Party) -> None:
        await party.reserve()
        assert await party.stop(operationId="unknown") == 200

    @clause("Stopping/3", "the id is needed")
    async def test_without_an_id_it_is_400(self, party: Party) -> None:
        await party.reserve()
        assert await party.stop() == 400
        assert await party.stop(operationId="") == 400

    @clause("Stopping/4", "one that is stopped before it was executed is 204, and nothing is told of it")
    async def test_stopped_meanwhile_it_is_204(self, party: Party) -> None:
        await party.reserve()
        stream = await party.listen()
        slow = asyncio.get_running_loop().create_task(party.ask("1", "{ slow }"))
        await until(lambda: party.edge.operations.counts["slow"] == 1)
        assert await party.stop(operationId="1") == 200
        assert (await party.ask("1")).status == 202
        party.edge.operations.gate.set()
        assert (await slow).status == 204
        assert [await event(stream) for _ in range(2)] == [told("1", {"data": {"hello": "world"}}), over("1")]
        assert (await party.ask("2")).status == 202
        assert (await event(stream))[1]["id"] == "2"

    async def test_whoever_asked_and_went_away_is_told_nothing(self, party: Party) -> None:
        await party.reserve()
        asked = asyncio.get_running_loop().create_task(party.ask("1", "{ slow }"))
        await until(lambda: party.edge.operations.counts["slow"] == 1)
        asked.cancel()
        await until(lambda: party.edge.operations.counts["cancelled"] == 1)
        assert (await party.ask("1")).status == 202

    async def test_the_end_of_the_stream_is_that_of_all_operations(self, party: Party) -> None:
        await party.reserve()
        stream = await party.listen()
        await party.ask("1", TICKS)
        await party.ask("2", TICKS, variables={"topic": "b"})
        assert len(party.edge.groups) == 2
        stream.close()
        await until(lambda: len(party.edge.groups) == 0)
        await until(lambda: len(party.edge.reservations) == 0)

    async def test_a_process_that_stops_ends_the_stream_without_complete(self, party: Party) -> None:
        await party.reserve()
        stream = await party.listen()
        await party.ask("1", TICKS)
        assert await event(stream) == tick("1", 0, "snapshot")
        await party.edge.runner.cleanup()
        assert await stream.read() == b""
        assert len(party.edge.reservations) == 0


class TestManyOperations:
    @clause("Event stream/1", "each message has the id of its operation, whatever else is told")
    async def test_all_come_whole_and_in_order(self, party: Party) -> None:
        await party.reserve()
        stream = await party.listen()
        names = [f"operation {number}" for number in range(20)]
        for name in names:
            await party.ask(name, TICKS, variables={"padding": 3000})
        party.edge.hub.publish(*"a" * 100)
        found: dict[str, list[int]] = {name: [] for name in names}
        while any(len(positions) < 101 for positions in found.values()):
            _, data = await event(stream)
            found[data["id"]].extend(data["payload"]["data"].values())
        assert set(map(tuple, found.values())) == {tuple(range(101))}

    @clause("Event stream/2", "silence is broken by comments, which are no messages")
    async def test_comments(self) -> None:
        async with serving(reserving=ReservationLimits(ping_seconds=0.02)) as edge:
            party = Party(edge)
            await party.reserve()
            stream = await party.listen()
            assert [await part(stream) for _ in range(2)] == [":", ":"]
