"""The test of a proxy: success is 200 and an origin and nothing less, and errors are honest and keep secrets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from probes.addresses import AddressPolicy
from probes.proxy_test import preferred
from probes.proxy_test import test_proxy as try_proxy
from tests.unit.probes.loopback import LOCAL, Authority, Request, closed_port, page, web_server
from vocabulary.proxies import ProxyEndpoint, ProxyProtocol, ProxyTestResult

ECHO = json.dumps({"origin": " 192.0.2.9 ", "more": [1]})
SECRET = "very-secret"


@asynccontextmanager
async def connect_proxy(answer: bytes = b"HTTP/1.1 200 OK\r\n\r\n") -> AsyncIterator[ProxyEndpoint]:
    """An HTTP proxy that joins the two sides."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        if b" 200 " in answer:
            host, _, port = head.split()[1].decode().rpartition(":")
            onward_reader, onward = await asyncio.open_connection(host, int(port))
            await asyncio.gather(copy(reader, onward), copy(onward_reader, writer))
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        yield ProxyEndpoint(ProxyProtocol.HTTP, "127.0.0.1", port, "user", SECRET)


async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    except OSError:
        pass
    finally:
        sink.close()


async def run(reply: bytes, url: str = "http://127.0.0.1:{}/ip", timeout: float = 5.0) -> ProxyTestResult:
    async with web_server(lambda _: reply) as target, connect_proxy() as proxy:
        result = await try_proxy(proxy, url.format(target.port), timeout, LOCAL, None)
    assert SECRET not in repr(result)
    return result


async def test_a_200_with_an_origin_is_success() -> None:
    result = await run(page(ECHO, content_type="application/json"))
    assert (result.success, result.status_code, result.returned_ip) == (True, 200, "192.0.2.9")
    assert result.error is None


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "[]",
        "not json",
        '{"origin": ""}',
        '{"origin": "  "}',
        '{"origin": "1\\u0000"}',
        '{"origin": 5}',
        "\xff",
    ],
)
async def test_a_200_without_an_origin_is_a_failure(body: str) -> None:
    result = await run(page(body.encode("latin-1")))
    assert (result.success, result.status_code, result.returned_ip) == (False, 200, None)
    assert result.error == "the answer is not JSON with an origin"


async def test_another_status_is_a_failure_and_named() -> None:
    result = await run(page(ECHO, 503))
    assert (result.success, result.status_code, result.error) == (False, 503, "the test URL answered 503")


async def test_no_more_than_a_kibibyte_is_read() -> None:
    long = json.dumps({"origin": "192.0.2.9", "padding": "x" * 1000})
    assert (await run(page(long))).error == "the answer is not JSON with an origin"


async def test_over_https_the_name_is_checked(authority: Authority) -> None:
    tls = authority.context("127.0.0.1")
    async with web_server(lambda _: page(ECHO), tls) as target, connect_proxy() as proxy:
        url = f"https://127.0.0.1:{target.port}/"
        good = await try_proxy(proxy, url, 5.0, LOCAL, authority.file)
        bad = await try_proxy(proxy, url, 5.0, LOCAL, None)
    assert (good.success, bad.success) == (True, False)
    assert str(bad.error).startswith("TLS_ERROR: ")


async def test_silence_ends_at_the_time_limit() -> None:
    async def never(_: Request) -> None:
        await asyncio.Event().wait()

    async with web_server(never) as target, connect_proxy() as proxy:
        result = await try_proxy(proxy, f"http://127.0.0.1:{target.port}/", 0.1, LOCAL, None)
    assert (result.success, result.error) == (False, "no answer in 0.1 s")
    assert result.duration_ms >= 100


async def test_a_refused_password_is_named_and_not_shown() -> None:
    async with connect_proxy(b"HTTP/1.1 407 Auth\r\n\r\n") as proxy:
        result = await try_proxy(proxy, "http://127.0.0.1:1025/", 5.0, LOCAL, None)
    assert (result.status_code, result.error) == (407, "PROXY_ERROR: the proxy answered 407 to CONNECT")
    assert SECRET not in repr(result)


async def test_a_dead_proxy_is_named() -> None:
    dead = ProxyEndpoint(ProxyProtocol.SOCKS5, "127.0.0.1", closed_port(), "user", SECRET)
    result = await try_proxy(dead, "http://127.0.0.1:1025/", 5.0, LOCAL, None)
    assert (result.success, result.error) == (False, "PROXY_ERROR: the proxy: ECONNREFUSED")


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("ftp://127.0.0.1/", "ERROR: the test URL is not an http or https URL"),
        ("http://[x/", "ERROR: the test URL is not an http or https URL"),
        ("", "ERROR: the test URL is not an http or https URL"),
        ("http://10.0.0.1/", "BLOCKED_ADDRESS: 10.0.0.1: private"),
        ("http://no-such-host.invalid/", "DNS_RESOLVE_ERROR: no-such-host.invalid does not resolve"),
    ],
)
async def test_a_test_url_that_must_not_be_asked_is_named(url: str, error: str) -> None:
    async with connect_proxy() as proxy:
        result = await try_proxy(proxy, url, 5.0, LOCAL, None)
    assert (result.success, result.error) == (False, error)


async def test_a_proxy_on_a_refused_address_is_not_asked() -> None:
    async with connect_proxy() as proxy:
        result = await try_proxy(proxy, "http://8.8.8.8/", 5.0, AddressPolicy(), None)
    assert result.error == "PROXY_ERROR: the proxy's address is not allowed"


@pytest.mark.parametrize(
    ("addresses", "chosen"),
    [(["::1", "127.0.0.1", "127.0.0.2"], "127.0.0.1"), (["::1", "::2"], "::1")],
)
def test_a_proxy_is_asked_for_an_ipv4_address_if_there_is_one(addresses: list[str], chosen: str) -> None:
    assert preferred(addresses) == chosen
