"""Each request is counted once, with the status that tells what became of it."""

import aiohttp

from tests.fakes.edge import serving
from tests.fakes.operations import TOKEN
from tests.integration.waiting import until


async def test_a_socket_that_its_client_leaves_is_no_failure() -> None:
    async with serving() as edge:
        socket = await edge.client.ws_connect(edge.graphql, protocols=["graphql-transport-ws"])
        await socket.close()
        asked = {"route": "/graphql", "method": "GET", "status": "101"}
        await until(lambda: edge.sample("http_requests_total", **asked) == 1)
        assert edge.sample("http_requests_total", **{**asked, "status": "500"}) is None


async def test_a_client_that_leaves_before_its_answer_is_counted_as_gone() -> None:
    async with serving() as edge:
        headers = {"Accept": "text/event-stream", "Authorization": TOKEN}
        async with aiohttp.ClientSession() as leaving:
            body = {"query": "subscription { ticks }"}
            async with leaving.post(edge.graphql, json=body, headers=headers) as answer:
                assert answer.status == 200
        asked = {"route": "/graphql", "method": "POST", "status": "499"}
        await until(lambda: edge.sample("http_requests_total", **asked) == 1)


async def test_a_path_that_nobody_defined_makes_no_series_of_its_own() -> None:
    async with serving() as edge:
        async with edge.client.get(f"{edge.url}/nowhere/{'x' * 50}") as answer:
            assert answer.status == 404
        assert edge.sample("http_requests_total", route="other", method="GET", status="404") == 1
