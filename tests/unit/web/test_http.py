"""GraphQL over HTTP, edition of September 2026, on a real server; codes in brackets name `graphql-http` audits."""

import asyncio
import gzip
import io
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import msgspec
import pytest
from aiohttp import ClientResponse
from yarl import URL

from core.limits import STANDARD
from tests.fakes.edge import Edge
from tests.fakes.operations import ENDED, TOKEN
from tests.integration.waiting import until
from web.json_results import status_of
from web.negotiation import MediaType

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
}
HELLO = {"data": {"hello": "world"}}


async def post(edge: Edge, body: object, accept: str | None = GRAPHQL, **headers: str) -> ClientResponse:
    sent = {"Authorization": TOKEN, "Content-Type": JSON, **headers}
    if accept is not None:
        sent["Accept"] = accept
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return await edge.client.post(edge.graphql, data=data, headers=sent)


async def get(edge: Edge, accept: str = GRAPHQL, **parameters: str) -> ClientResponse:
    headers = {"Authorization": TOKEN, "Accept": accept}
    return await edge.client.get(edge.graphql, params=parameters, headers=headers)


async def refusal(response: ClientResponse) -> tuple[int, str, str]:
    """Status, code and message; the body is errors and nothing else."""
    body = await response.json(content_type=None)
    assert list(body) == ["errors"]
    (error,) = body["errors"]
    return response.status, error["extensions"]["code"], error["message"]


class TestMediaTypes:
    @pytest.mark.parametrize(
        ("accept", "media"),
        [(GRAPHQL, GRAPHQL), (JSON, JSON), ("*/*", JSON), (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL)],
    )
    async def test_the_answer_has_the_type_that_was_asked_for(
        self, edge: Edge, accept: str, media: str
    ) -> None:
        """[22EB] [4655] [47DE]"""
        response = await post(edge, {"query": "{ hello }"}, accept)
        assert response.status == 200
        assert response.headers["Content-Type"] == f"{media}; charset=utf-8"
        assert await response.json(content_type=None) == HELLO

    async def test_several_lines_of_accept_are_one_list(self, edge: Edge) -> None:
        headers = [("Authorization", TOKEN), ("Accept", "image/png"), ("Accept", GRAPHQL)]
        response = await edge.client.post(edge.graphql, json={"query": "{ hello }"}, headers=headers)
        assert response.content_type == GRAPHQL

    async def test_nothing_that_we_have_is_406(self, edge: Edge) -> None:
        response = await post(edge, {"query": "{ hello }"}, "image/png")
        assert (await refusal(response))[:2] == (406, "NOT_ACCEPTABLE")
        assert edge.operations.requests == []

    @pytest.mark.parametrize(
        "content_type", [JSON, f"{JSON}; charset=utf-8", 'Application/JSON;charset="UTF-8"']
    )
    async def test_json_in_utf8_is_read(self, edge: Edge, content_type: str) -> None:
        """[BF61] [78D5]"""
        response = await post(edge, {"query": "{ hello }"}, **{"Content-Type": content_type})
        assert response.status == 200

    @pytest.mark.parametrize(
        "content_type",
        [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            f"{JSON}; charset=utf-16",
            "x",
        ],
    )
    async def test_any_other_body_is_415(self, edge: Edge, content_type: str) -> None:
        response = await post(edge, {"query": "{ hello }"}, **{"Content-Type": content_type})
        assert (await refusal(response))[:2] == (415, "UNSUPPORTED_MEDIA_TYPE")
        assert edge.operations.requests == []

    async def test_no_content_type_is_415(self, edge: Edge) -> None:
        """[9ABE]"""
        headers = {"Authorization": TOKEN}
        response = await edge.client.post(
            edge.graphql, data=b"{}", headers=headers, skip_auto_headers=["Content-Type"]
        )
        assert response.status == 415


class TestStatus:
    @pytest.mark.parametrize(
        ("query", "graphql", "json"),
        [("{ hello }", 200, 200), ("{ partial }", 294, 200), ("{", 400, 200), ("{ nothing }", 400, 200)],
    )
    async def test_says_how_it_went_in_the_new_type_only(
        self, edge: Edge, query: str, graphql: int, json: int
    ) -> None:
        """[572B] [FDE2] [556A] [74FF]"""
        assert (await post(edge, {"query": query}, GRAPHQL)).status == graphql
        assert (await post(edge, {"query": query}, JSON)).status == json

    def test_without_data_is_400(self) -> None:
        assert status_of(b'{"errors":[{"message":"x"}]}', MediaType.GRAPHQL) == 400

    def test_null_data_is_a_partial_success(self) -> None:
        assert status_of(b'{"errors":[],"data":null}', MediaType.GRAPHQL) == 294

    async def test_a_defect_is_500_masked_with_the_request_id(self, edge: Edge) -> None:
        response = await post(edge, {"query": "{ broken }"}, **{"X-Request-ID": "abc"})
        body = await response.json(content_type=None)
        assert response.status == 500
        assert body == {
            "errors": [{"message": "Internal error.", "extensions": {"code": "INTERNAL", "requestId": "abc"}}]
        }

    async def test_an_outage_is_503_and_says_when_to_come_back(self, edge: Edge) -> None:
        response = await post(edge, {"query": "{ down }"})
        assert (await refusal(response))[:2] == (503, "UNAVAILABLE")
        assert response.headers["Retry-After"] == "1"


class TestPost:
    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (b"", None),
            (b'{ "not a JSON', None),
            (b'{"query":"{ hello }","variables":{"x":NaN}}', None),
            (b"[" * 100_000, "JSON is nested deeper than 128 levels."),
            (b"\xff", None),
            (b"1", "The body must be a JSON object."),
            ([{"query": "{ hello }"}], "Batches are not supported: send one request at a time."),
            ({"qeury": "{ hello }"}, "'query' must be a string, not null."),
            ({"query": {"obj": "ect"}}, "'query' must be a string, not an object."),
            ({"query": "{ hello }", "operationName": 0}, "'operationName' must be a string, not a number."),
            ({"query": "{ hello }", "variables": "x"}, "'variables' must be an object, not a string."),
            ({"query": "{ hello }", "variables": [7]}, "'variables' must be an object, not an array."),
            ({"query": "{ hello }", "extensions": False}, "'extensions' must be an object, not a boolean."),
        ],
    )
    @pytest.mark.parametrize("accept", [GRAPHQL, JSON])
    async def test_what_is_no_request_is_400(
        self, edge: Edge, body: object, message: str | None, accept: str
    ) -> None:
        """[A5BF] [423L] [LKJ] [6C0] [476] [58B] [BCF8] [B7N8] [3E3A]"""
        status, code, said = await refusal(await post(edge, body, accept))
        assert (status, code) == (400, "BAD_REQUEST")
        assert message is None or said == message
        assert edge.operations.requests == []

    async def test_optional_members_may_be_null_and_others_are_ignored(self, edge: Edge) -> None:
        """[94B] [022]"""
        body = {"query": "{ hello }", "operationName": None, "variables": None, "extensions": None, "x": 1}
        assert await (await post(edge, body)).json(content_type=None) == HELLO

    async def test_a_mutation_is_executed(self, edge: Edge) -> None:
        response = await post(edge, {"query": "mutation { touch }"})
        assert await response.json(content_type=None) == {"data": {"touch": 1}}

    @pytest.mark.parametrize("announced", [True, False])
    async def test_too_large_a_body_is_413(self, edge: Edge, announced: bool) -> None:
        large = msgspec.json.encode({"query": "{ hello }" + " " * STANDARD.body_bytes})

        async def parts() -> Any:
            yield large

        headers = {"Authorization": TOKEN, "Content-Type": JSON}
        data = io.BytesIO(large) if announced else parts()
        response = await edge.client.post(edge.graphql, data=data, headers=headers)
        assert (await refusal(response))[:2] == (413, "LIMIT_EXCEEDED")

    @pytest.mark.parametrize("coding", CODINGS)
    async def test_a_compressed_body_is_read(self, edge: Edge, coding: str) -> None:
        packed = CODINGS[coding](b'{"query":"{ hello }"}')
        response = await post(edge, packed, **{"Content-Encoding": coding})
        assert await response.json(content_type=None) == HELLO

    @pytest.mark.parametrize("coding", CODINGS)
    async def test_a_body_that_unpacks_to_too_much_is_413(self, edge: Edge, coding: str) -> None:
        packed = CODINGS[coding](b" " * (64 << 20))
        response = await post(edge, packed, **{"Content-Encoding": coding})
        assert response.status == 413

    async def test_what_unpacks_to_nothing_counts_as_well(self, edge: Edge) -> None:
        """Empty blocks of deflate, as many as one likes."""
        packed = zlib.compress(b"")[:2] + b"\x00\x00\x00\xff\xff" * (STANDARD.body_bytes // 4)

        async def parts() -> Any:
            yield packed

        headers = {"Authorization": TOKEN, "Content-Type": JSON, "Content-Encoding": "deflate"}
        response = await edge.client.post(edge.graphql, data=parts(), headers=headers)
        assert response.status == 413

    @pytest.mark.parametrize("coding", CODINGS)
    @pytest.mark.parametrize("is_cut", [True, False])
    async def test_a_body_that_does_not_unpack_is_400(self, edge: Edge, coding: str, is_cut: bool) -> None:
        body = b'{"query":"{ hello }"}'
        given = CODINGS[coding](body)[:-4] if is_cut else body
        response = await post(edge, given, **{"Content-Encoding": coding})
        message = "The body is not encoded as its Content-Encoding says."
        assert await refusal(response) == (400, "BAD_REQUEST", message)

    @pytest.mark.parametrize("coding", ["zstd", "gzip, br", "x"])
    async def test_a_coding_that_we_do_not_know_is_415(self, edge: Edge, coding: str) -> None:
        response = await post(edge, b"x", **{"Content-Encoding": coding})
        assert (await refusal(response))[:2] == (415, "UNSUPPORTED_MEDIA_TYPE")
        assert response.headers["Accept-Encoding"] == "gzip, deflate, br"

    async def test_the_largest_body_is_read(self, edge: Edge) -> None:
        body = msgspec.json.encode({"query": "{ hello }"})
        response = await post(edge, body + b" " * (STANDARD.body_bytes - len(body)))
        assert response.status == 200

    async def test_a_client_that_goes_away_cancels_its_query(self, edge: Edge) -> None:
        request = asyncio.get_running_loop().create_task(post(edge, {"query": "{ slow }"}))
        await until(lambda: edge.operations.counts["slow"] == 1)
        request.cancel()
        await until(lambda: edge.operations.counts["cancelled"] == 1)


class TestGet:
    async def test_a_query_is_executed(self, edge: Edge) -> None:
        """[5A70]"""
        response = await get(edge, query="{ hello }")
        assert (response.status, await response.json(content_type=None)) == (200, HELLO)

    async def test_parameters_are_read(self, edge: Edge) -> None:
        """[D6D5] [6A70]"""
        await get(
            edge,
            query="query null { hello }",
            operationName="null",
            variables='{"x":1}',
            extensions='{"y":2}',
        )
        (request,) = edge.operations.requests
        assert request.operation_name == "null"
        assert (request.variables, request.extensions) == ({"x": 1}, {"y": 2})

    async def test_empty_parameters_are_none(self, edge: Edge) -> None:
        response = await get(edge, query="{ hello }", operationName="", variables="", extensions="")
        assert response.status == 200

    @pytest.mark.parametrize("parameters", [{"variables": "x"}, {"variables": "[]"}, {"extensions": "1"}])
    async def test_parameters_of_other_types_are_400(self, edge: Edge, parameters: dict[str, str]) -> None:
        assert (await get(edge, query="{ hello }", **parameters)).status == 400

    async def test_a_parameter_twice_is_400(self, edge: Edge) -> None:
        headers = {"Authorization": TOKEN}
        response = await edge.client.get(
            f"{edge.graphql}?query=%7Bhello%7D&query=%7Bslow%7D", headers=headers
        )
        assert (await refusal(response))[2] == "'query' must be given once."

    async def test_without_a_query_is_400(self, edge: Edge) -> None:
        assert (await get(edge)).status == 400

    async def test_a_mutation_is_405_and_not_executed(self, edge: Edge) -> None:
        """[9C48]"""
        response = await get(edge, query="mutation { touch }")
        assert (await refusal(response))[:2] == (405, "METHOD_NOT_ALLOWED")
        assert response.headers["Allow"] == "POST"
        assert edge.operations.counts == {}

    @pytest.mark.parametrize("method", ["PATCH", "OPTIONS", "TRACE"])
    async def test_other_methods_are_405(self, edge: Edge, method: str) -> None:
        response = await edge.client.request(method, edge.graphql, headers={"Authorization": TOKEN})
        assert response.status == 405
        assert response.headers["Allow"] == "GET, HEAD, POST, PUT, DELETE"

    @pytest.mark.parametrize(
        ("query", "accept", "status"),
        [
            ("{ hello }", GRAPHQL, 200),
            ("{ nothing }", GRAPHQL, 400),
            ("mutation { touch }", GRAPHQL, 405),
            ("{ hello }", "text/event-stream", 200),
            ("subscription { ticks }", "text/event-stream", 200),
        ],
    )
    async def test_head_is_a_get_without_a_body(
        self, edge: Edge, query: str, accept: str, status: int
    ) -> None:
        """Raw, for a client passes over what comes where there is to be no body."""
        reader, writer = await asyncio.open_connection("127.0.0.1", URL(edge.url).port)
        target = URL("/graphql").with_query(query=query)
        lines = [f"HEAD {target} HTTP/1.1", "Host: x", f"Authorization: {TOKEN}", f"Accept: {accept}"]
        writer.write("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        assert head.startswith(b"HTTP/1.1 %d " % status)
        assert accept.encode() in head
        assert body == b""

    async def test_a_browser_gets_the_page(self, edge: Edge) -> None:
        response = await edge.client.get(edge.graphql, headers={"Accept": "text/html, */*;q=0.8"})
        assert await response.text() == "GraphiQL"

    async def test_a_browser_with_a_query_gets_its_result(self, edge: Edge) -> None:
        response = await get(edge, "text/html, */*;q=0.8", query="{ hello }")
        assert await response.json() == HELLO


class TestAuthentication:
    @pytest.mark.parametrize(
        "headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}]
    )
    async def test_nobody_that_is_known_is_401_and_nothing_is_executed(
        self, edge: Edge, headers: dict[str, str]
    ) -> None:
        response = await edge.client.post(edge.graphql, json={"query": "{ hello }"}, headers=headers)
        assert (await refusal(response))[:2] == (401, "UNAUTHENTICATED")
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert edge.operations.requests == []

    async def test_a_token_that_cannot_be_checked_is_503(self, edge: Edge) -> None:
        response = await post(edge, {"query": "{ hello }"}, Authorization="Bearer unknowable")
        assert response.status == 503

    async def test_a_token_that_has_just_ended_may_still_read(self, edge: Edge) -> None:
        assert (await post(edge, {"query": "{ hello }"}, Authorization=ENDED)).status == 200

    @pytest.mark.parametrize(
        ("query", "accept"),
        [("mutation { touch }", GRAPHQL), ("subscription { ticks }", "text/event-stream")],
    )
    async def test_it_changes_nothing_and_follows_nothing(self, edge: Edge, query: str, accept: str) -> None:
        response = await post(edge, {"query": query}, accept, Authorization=ENDED)
        assert (await refusal(response))[:2] == (401, "UNAUTHENTICATED")
        assert edge.operations.callers == []


class TestRequestId:
    async def test_a_plain_one_is_kept(self, edge: Edge) -> None:
        response = await get(edge, query="{ hello }")
        assert len(response.headers["X-Request-ID"]) == 36
        assert (await post(edge, {}, **{"X-Request-ID": "a.b-c_1"})).headers["X-Request-ID"] == "a.b-c_1"

    @pytest.mark.parametrize("ident", ["x" * 65, "a b", "<x>", "é"])
    async def test_another_is_replaced(self, edge: Edge, ident: str) -> None:
        response = await post(edge, {}, **{"X-Request-ID": ident})
        assert len(response.headers["X-Request-ID"]) == 36

    async def test_what_is_not_found_has_one(self, edge: Edge) -> None:
        response = await edge.client.get(f"{edge.url}/nowhere")
        assert (response.status, len(response.headers["X-Request-ID"])) == (404, 36)
