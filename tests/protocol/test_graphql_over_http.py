"""GraphQL over HTTP, edition of September 2026, over real requests to the product, section by section.

Where the edition recommends another status than all audits of `graphql-http` ask for, we go by the audits; what is lost
by that is marked so.
"""

import io
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from aiohttp import ClientSession, ContentTypeError
from yarl import URL

from tests.fakes.edge import Edge
from tests.fakes.operations import TOKEN as FAKE_TOKEN
from tests.protocol.served import TOKEN, product

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
NAME = "{ __typename }"
IN_DATA = {"__typename": "Query"}
AUDITED = "the audits of graphql-http, which clients go by, ask for 400"


def clause(ident: str, asks: str) -> pytest.MarkDecorator:
    return pytest.mark.clause("GraphQL over HTTP", ident, asks)


class Answer:
    """What came back; `body` is None if it is not JSON."""

    def __init__(self, status: int, headers: Mapping[str, str], body: Any) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def media(self) -> str:
        return self.headers["Content-Type"].partition(";")[0]

    @property
    def is_a_refusal(self) -> bool:
        return list(self.body) == ["errors"] and all(error["message"] for error in self.body["errors"])


class Server:
    """The product, asked by whoever may."""

    def __init__(self, client: ClientSession, url: str, token: str) -> None:
        self._client = client
        self._url = url
        self._token = token

    async def send(
        self,
        method: str,
        accept: str | None = GRAPHQL,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Answer:
        sent = {"Authorization": f"Bearer {self._token}", **(headers or {})}
        if accept is not None:
            sent["Accept"] = accept
        async with self._client.request(method, self._url, headers=sent, **options) as response:
            await response.read()
            try:
                body = await response.json(content_type=None)
            except (ValueError, ContentTypeError):
                body = None
            return Answer(response.status, response.headers, body)

    async def post(self, body: object, accept: str | None = GRAPHQL, **headers: str) -> Answer:
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return await self.send("POST", accept, {"Content-Type": JSON, **headers}, data=data)

    async def get(self, accept: str | None = GRAPHQL, **parameters: str) -> Answer:
        return await self.send("GET", accept, params=parameters)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with (
        product(tmp_path_factory.mktemp("http")) as api,
        ClientSession(skip_auto_headers=["Accept"]) as client,
    ):
        yield Server(client, f"{api.url}/graphql", TOKEN)


pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestUrl:
    @clause("URL/1", "queries and mutations are served by one URL")
    async def test_one_url(self, server: Server) -> None:
        for query, kind in ((NAME, "Query"), ("mutation { __typename }", "Mutation")):
            assert (await server.post({"query": query})).body == {"data": {"__typename": kind}}

    @clause("URL/2", "a request that is forbidden has a 4xx or 5xx status, whatever it asks for")
    @pytest.mark.parametrize("query", [NAME, "{ nothing }", "{"])
    async def test_forbidden_whatever_it_asks(self, server: Server, query: str) -> None:
        answer = await server.post({"query": query}, Authorization="Bearer wrong")
        assert (answer.status, answer.is_a_refusal) == (401, True)
        assert answer.headers["WWW-Authenticate"] == "Bearer"


class TestMediaTypes:
    @clause("Media Types/1", "UTF-8 is assumed where a media type says nothing of its encoding")
    @pytest.mark.parametrize(
        "content_type", [JSON, f"{JSON}; charset=utf-8", 'Application/JSON; Charset="UTF-8"']
    )
    async def test_utf8(self, server: Server, content_type: str) -> None:
        body = '{"query":"{ __type(name: \\"Зима 🏃\\") { name } }"}'.encode()
        answer = await server.post(body, **{"Content-Type": content_type})
        assert answer.body == {"data": {"__type": None}}

    @clause("Body/1", "the media type of a response is said, with its encoding")
    @pytest.mark.parametrize("media", [JSON, GRAPHQL])
    async def test_it_is_said(self, server: Server, media: str) -> None:
        answer = await server.post({"query": NAME}, media)
        assert answer.headers["Content-Type"] == f"{media}; charset=utf-8"

    @clause("Body/2", "application/graphql-response+json is supported")
    async def test_the_type_of_responses(self, server: Server) -> None:
        answer = await server.post({"query": NAME}, GRAPHQL)
        assert (answer.status, answer.media, answer.body) == (200, GRAPHQL, {"data": IN_DATA})

    @clause("Body/3", "the highest priority of Accept that is supported is taken")
    @pytest.mark.parametrize(
        ("accept", "media"),
        [
            (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
            (f"{JSON};q=0.9, {GRAPHQL}", GRAPHQL),
            (f"{JSON}, {GRAPHQL};q=0.9", JSON),
            (f"{JSON};q=0, */*;q=0.1", GRAPHQL),
            (f"image/png, {GRAPHQL};q=0.001", GRAPHQL),
            (f"{GRAPHQL}; charset=utf-8, {JSON}; charset=utf-8", GRAPHQL),
            (f"{GRAPHQL}, application/graphql+json, {JSON}, text/event-stream, multipart/mixed", GRAPHQL),
            ("application/*", JSON),
            ("*/*", JSON),
        ],
    )
    async def test_priorities(self, server: Server, accept: str, media: str) -> None:
        answer = await server.post({"query": NAME}, accept)
        assert (answer.status, answer.media, answer.body) == (200, media, {"data": IN_DATA})

    @clause("Body/4", "a request without Accept is answered")
    async def test_without_accept(self, server: Server) -> None:
        answer = await server.post({"query": NAME}, None)
        assert (answer.status, answer.media, answer.body) == (200, JSON, {"data": IN_DATA})

    @clause("Body/5", "where nothing is acceptable it is 406, and nothing is done")
    @pytest.mark.parametrize(
        "accept",
        ["image/png", "text/html", f"{GRAPHQL};q=0", f"{GRAPHQL}; charset=utf-16", "multipart/mixed"],
    )
    async def test_nothing_acceptable(self, server: Server, accept: str) -> None:
        answer = await server.post({"query": NAME}, accept)
        assert (answer.status, answer.is_a_refusal) == (406, True)

    @clause(
        "Body/6", "a legacy client gets the same statuses as others, and its own media type with a 2xx alone"
    )
    @pytest.mark.xfail(
        reason="the audits of graphql-http ask for 200, which legacy clients need to read an error"
    )
    async def test_legacy_clients(self, server: Server) -> None:
        answer = await server.post({"query": "{"}, JSON)
        assert (answer.status, answer.media) == (400, GRAPHQL)


class TestGet:
    @clause("GET/1", "parameters are in the query component, as URLSearchParams encodes them")
    @pytest.mark.parametrize(
        "query", ["query=%7B+__typename+%7D", "query={__typename}", "query=%7b__typename%7d&x=1"]
    )
    async def test_encodings(self, server: Server, query: str) -> None:
        url = URL(f"{server._url}?{query}", encoded=True)
        async with server._client.get(url, headers={"Authorization": f"Bearer {TOKEN}"}) as response:
            assert await response.json() == {"data": IN_DATA}

    @clause("GET/2", "variables and extensions are JSON")
    async def test_json_parameters(self, server: Server) -> None:
        query = "query ($name: String!) { __type(name: $name) { name } }"
        answer = await server.get(query=query, variables='{"name":"Query"}', extensions='{"a":1}')
        assert answer.body["data"] == {"__type": {"name": "Query"}}
        for name in ("variables", "extensions"):
            for value in ("{", "[]", "1", '"x"'):
                assert (await server.get(query=NAME, **{name: value})).status == 400

    @clause("GET/3", "operationName is a name, 'null' included")
    async def test_operation_name(self, server: Server) -> None:
        query = "query null { __typename } query other { __schema { __typename } }"
        assert (await server.get(query=query, operationName="null")).body == {"data": IN_DATA}

    @clause("GET/4", "an empty optional parameter is none")
    async def test_empty_parameters(self, server: Server) -> None:
        answer = await server.get(query=NAME, operationName="", variables="", extensions="")
        assert answer.body == {"data": IN_DATA}

    @clause("GET/5", "no mutation is executed: 405, with Allow")
    @pytest.mark.parametrize("accept", [GRAPHQL, JSON, "text/event-stream"])
    async def test_no_mutation(self, server: Server, accept: str) -> None:
        query = "query A { __typename } mutation B { __typename }"
        answer = await server.get(accept, query=query, operationName="B")
        assert (answer.status, answer.headers["Allow"], answer.is_a_refusal) == (405, "POST", True)
        assert (await server.get(query=query, operationName="A")).status == 200


class TestPost:
    @clause("POST/1", "JSON in UTF-8 is supported")
    async def test_json(self, server: Server) -> None:
        assert (await server.post({"query": NAME})).body == {"data": IN_DATA}

    @clause("POST/2", "without a Content-Type it is a 4xx")
    async def test_no_content_type(self, server: Server) -> None:
        answer = await server.send(
            "POST", data=b'{"query":"{ __typename }"}', skip_auto_headers=["Content-Type"]
        )
        assert (answer.status, answer.is_a_refusal) == (415, True)

    @clause("JSON Encoding/1", "properties that are not understood are ignored")
    async def test_other_properties(self, server: Server) -> None:
        assert (await server.post({"query": NAME, "id": 1, "batch": []})).body == {"data": IN_DATA}

    @clause("JSON Encoding/2", "null is the same as no optional parameter")
    async def test_nulls(self, server: Server) -> None:
        nothing = dict.fromkeys(("operationName", "variables", "extensions"))
        assert (await server.post({"query": NAME, **nothing})).body == {"data": IN_DATA}

    @clause("Security", "what a form of another site can send is no request")
    @pytest.mark.parametrize(
        "content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]
    )
    async def test_simple_requests(self, server: Server, content_type: str) -> None:
        answer = await server.post({"query": NAME}, **{"Content-Type": content_type})
        assert (answer.status, answer.is_a_refusal) == (415, True)


NOT_WELL_FORMED: tuple[object, ...] = (
    {"qeury": NAME},
    {"query": None},
    {"query": [NAME]},
    {"query": NAME, "variables": [7]},
    {"query": NAME, "operationName": 1},
    {"query": NAME, "extensions": "x"},
    [{"query": NAME}],
    "x",
)


class TestStatus:
    @clause("Status Codes/1", "data without errors is 200")
    async def test_success(self, server: Server) -> None:
        assert (await server.post({"query": NAME})).status == 200

    @clause("Status Codes/2", "data, even null, with errors is 294")
    async def test_partial_success(self, server: Server) -> None:
        answer = await server.post({"query": "{ campaigns(first: -1) { nodes { id } } }"})
        assert answer.body.keys() >= {"data", "errors"}
        assert answer.status == 294

    @clause("Status Codes/3", "a result without data is a 4xx or 5xx")
    @pytest.mark.parametrize("query", ["{", "{ nothing }", "query A { __typename } query B { __typename }"])
    async def test_no_data(self, server: Server, query: str) -> None:
        answer = await server.post({"query": query})
        assert (answer.status, answer.is_a_refusal) == (400, True)

    @clause("Status Codes/4", "another method is 405, with Allow")
    @pytest.mark.parametrize("method", ["PATCH", "OPTIONS", "PROPFIND"])
    async def test_methods(self, server: Server, method: str) -> None:
        answer = await server.send(method)
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, POST, PUT, DELETE")

    @clause("Status Codes/5", "a Content-Type that is not supported is 415")
    @pytest.mark.parametrize("content_type", ["application/graphql", GRAPHQL, f"{JSON}; charset=utf-16", "x"])
    async def test_content_types(self, server: Server, content_type: str) -> None:
        answer = await server.post({"query": NAME}, **{"Content-Type": content_type})
        assert (answer.status, answer.is_a_refusal) == (415, True)

    @clause("Status Codes/6", "a URI that is too large is 414")
    async def test_large_uri(self, server: Server) -> None:
        answer = await server.get(query=NAME, variables='{"x":"' + "x" * (1 << 15) + '"}')
        assert (answer.status, answer.is_a_refusal) == (414, True)

    @clause("Status Codes/7", "headers that are too large are 431")
    async def test_large_headers(self, server: Server) -> None:
        answer = await server.post({"query": NAME}, **{"X-Large": "x" * 20_000})
        assert (answer.status, answer.is_a_refusal) == (431, True)

    @clause("Status Codes/8", "a body that is too large is 413")
    async def test_large_body(self, server: Server) -> None:
        body = msgspec.json.encode({"query": NAME, "variables": {"x": "x" * (1 << 20)}})
        answer = await server.send("POST", headers={"Content-Type": JSON}, data=io.BytesIO(body))
        assert (answer.status, answer.is_a_refusal) == (413, True)

    @clause("Status Codes/9", "a body that is no JSON is 400")
    @pytest.mark.parametrize("accept", [GRAPHQL, JSON])
    @pytest.mark.parametrize("body", [b"NONSENSE", b'{"query":', b"", b"\xff\xfe", b'{"query":"{ a }"}x'])
    async def test_no_json(self, server: Server, accept: str, body: bytes) -> None:
        answer = await server.post(body, accept)
        assert (answer.status, answer.is_a_refusal) == (400, True)

    @clause("Status Codes/10", "a document that cannot be parsed is 400")
    async def test_no_document(self, server: Server) -> None:
        assert (await server.post({"query": "query {"})).status == 400

    @clause("Status Codes/11", "a request that is not well-formed is 422")
    @pytest.mark.parametrize("body", NOT_WELL_FORMED, ids=range(len(NOT_WELL_FORMED)))
    @pytest.mark.xfail(reason=AUDITED)
    async def test_not_well_formed(self, server: Server, body: object) -> None:
        assert (await server.post(body)).status == 422

    @clause("Status Codes/12", "what does not pass validation is 422")
    @pytest.mark.xfail(reason=AUDITED)
    async def test_validation(self, server: Server) -> None:
        assert (await server.post({"query": "{ nothing }"})).status == 422

    @clause("Status Codes/13", "an operation that cannot be determined is 422")
    @pytest.mark.xfail(reason=f"as with validation: {AUDITED}")
    async def test_which_operation(self, server: Server) -> None:
        assert (await server.post({"query": NAME, "operationName": "Other"})).status == 422

    @clause("Status Codes/14", "variables that cannot be coerced are 422")
    @pytest.mark.xfail(reason=AUDITED)
    async def test_coercion(self, server: Server) -> None:
        body = {"query": "query ($id: ID!) { __typename }", "variables": {"id": None}}
        assert (await server.post(body)).status == 422

    @pytest.mark.parametrize("body", NOT_WELL_FORMED, ids=range(len(NOT_WELL_FORMED)))
    async def test_what_is_422_there_is_400_here(self, server: Server, body: object) -> None:
        for accept in (GRAPHQL, JSON):
            answer = await server.post(body, accept)
            assert (answer.status, answer.is_a_refusal) == (400, True)

    @clause("Status Codes/15", "who is not permitted to ask is 401, 403 or alike")
    async def test_not_permitted(self, server: Server) -> None:
        assert (await server.post({"query": NAME}, Authorization="")).status == 401


@pytest.mark.asyncio(loop_scope="function")
@pytest.mark.parametrize(
    ("query", "status"),
    [
        pytest.param("{ broken }", 500, marks=clause("Status Codes/16", "a failure of the server is a 5xx")),
        pytest.param(
            "{ down }", 503, marks=clause("Status Codes/17", "what cannot be done at this time is 503")
        ),
    ],
)
async def test_failures_of_the_server(edge: Edge, query: str, status: int) -> None:
    headers = {"Authorization": FAKE_TOKEN, "Accept": GRAPHQL}
    async with edge.client.post(edge.graphql, json={"query": query}, headers=headers) as response:
        assert (response.status, response.content_type) == (status, GRAPHQL)
        assert list(await response.json(content_type=None)) == ["errors"]
