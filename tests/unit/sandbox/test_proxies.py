"""The proxies, by raw sockets where bytes matter and through aiohttp as a worker uses them."""

import asyncio
import base64
import ssl
from ipaddress import ip_address
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp_socks import ProxyConnector, ProxyError, ProxyType

from sandbox.behaviours import Web
from sandbox.sandbox import PROXY_CREDENTIALS, Sandbox
from sandbox.world import UNHEARD, WORLD

USER, PASSWORD = PROXY_CREDENTIALS.username, PROXY_CREDENTIALS.password
BASIC = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
SOURCES = {"http": "127.0.0.2", "https": "127.0.0.3", "socks4": "127.0.0.5", "socks5": "127.0.0.4"}
# Those that take names: SOCKS 4 has no 4A here, so that it takes addresses alone.
BY_NAME = ["http", "https", "socks5"]
TITLE = WORLD.having(Web.TITLE)[0]


async def exchange(port: int, *sent: bytes, tls: ssl.SSLContext | None = None) -> bytes:
    """All that comes back until the peer closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    try:
        for octets in sent:
            writer.write(octets)
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


def request(line: str, *fields: str, secret: str | None = BASIC) -> bytes:
    auth = [] if secret is None else [f"Proxy-Authorization: Basic {secret}"]
    return "\r\n".join([line, *auth, *fields, "", ""]).encode()


def session(
    box: Sandbox, name: str, trusting: ssl.SSLContext, password: str = PASSWORD
) -> aiohttp.ClientSession:
    endpoint = box.proxy(name)
    url = f"{name}://{USER}:{quote(password)}@{endpoint.host}:{endpoint.port}"
    if name == "socks4":
        connector = ProxyConnector(
            endpoint.host, endpoint.port, ProxyType.SOCKS4, USER, rdns=False, ssl=trusting
        )
        return aiohttp.ClientSession(connector=connector)
    if name == "socks5":
        return aiohttp.ClientSession(connector=ProxyConnector.from_url(url, rdns=True, ssl=trusting))
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting), proxy=url)


@pytest.mark.parametrize("name", BY_NAME)
async def test_a_page_is_fetched_through_the_proxy_by_name_and_counted(
    box: Sandbox, trusting: ssl.SSLContext, name: str
) -> None:
    urls = [f"https://{TITLE.name}:{box.https_port}/", f"http://{TITLE.name}:{box.http_port}/"]
    async with session(box, name, trusting) as client:
        for url in urls:
            async with client.get(url) as response:
                assert response.status == 200
                assert TITLE.title in await response.text()
    assert box.served == {key: 2 if key == name else 0 for key in SOURCES}


@pytest.mark.parametrize(("name", "source"), SOURCES.items())
async def test_the_target_sees_the_proxys_own_address(
    box: Sandbox, trusting: ssl.SSLContext, name: str, source: str
) -> None:
    async with session(box, name, trusting) as client, client.get(box.probe_url) as response:
        assert await response.json() == {"origin": source}


@pytest.mark.parametrize("name", ["http", "https"])
async def test_a_wrong_password_is_407(box: Sandbox, trusting: ssl.SSLContext, name: str) -> None:
    async with session(box, name, trusting, password="wrong") as client:
        async with client.get(box.probe_url) as response:
            assert (response.status, response.headers["Proxy-Authenticate"]) == (407, 'Basic realm="sandbox"')
        with pytest.raises(aiohttp.ClientHttpProxyError) as failure:
            await client.get(f"https://{TITLE.name}:{box.https_port}/")
        assert failure.value.status == 407
    assert box.served[name] == 0


async def test_a_wrong_socks_password_is_rejected(box: Sandbox, trusting: ssl.SSLContext) -> None:
    async with session(box, "socks5", trusting, password="wrong") as client:
        with pytest.raises(ProxyError, match=r"(?i)auth"):
            await client.get(box.probe_url)
    assert box.served["socks5"] == 0


@pytest.mark.parametrize("secret", [None, "!!!", base64.b64encode(b"helio").decode()])
async def test_missing_or_broken_credentials_are_407(box: Sandbox, secret: str | None) -> None:
    said = await exchange(box.proxy("http").port, request("CONNECT a.test:443 HTTP/1.1", secret=secret))
    assert said.startswith(b"HTTP/1.1 407 ")


@pytest.mark.parametrize(
    ("target", "status", "cause"),
    [
        ("nowhere.sandbox.test:443", b"502", b"dns_error"),
        (f"{UNHEARD}:443", b"502", b"connection_refused"),
        ("192.0.2.1:443", b"403", b"http_request_denied"),
        ("[::1]:443", b"403", b"http_request_denied"),
    ],
)
async def test_an_unreachable_target_is_told_from_a_fault_of_the_proxy(
    box: Sandbox, target: str, status: bytes, cause: bytes
) -> None:
    said = await exchange(box.proxy("http").port, request(f"CONNECT {target} HTTP/1.1"))
    assert said.startswith(b"HTTP/1.1 " + status)
    assert b"\r\nProxy-Status: sandbox; error=" + cause + b"\r\n" in said


@pytest.mark.parametrize(
    "line", ["GET /ip HTTP/1.1", "GET https://a.test/ HTTP/1.1", "CONNECT a.test:port HTTP/1.1"]
)
async def test_a_target_that_is_none_is_400(box: Sandbox, line: str) -> None:
    assert (await exchange(box.proxy("http").port, request(line))).startswith(b"HTTP/1.1 400 ")


async def test_credentials_are_not_forwarded(box: Sandbox) -> None:
    seen: list[bytes] = []

    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(target, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        line = f"GET http://127.0.0.1:{port}/a?b HTTP/1.1"
        said = await exchange(box.proxy("http").port, request(line, f"Host: 127.0.0.1:{port}"))
    assert said == b"HTTP/1.1 204 No Content\r\n\r\n"
    assert seen == [f"GET /a?b HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n".encode()]


GREETING = b"\5\1\2"
LOGIN = bytes((1, len(USER))) + USER.encode() + bytes((len(PASSWORD),)) + PASSWORD.encode()
WELCOME = b"\5\2\1\0"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (b"\5\1\0\1\x7f\0\0\x09\1\xbb", 5),
        (b"\5\1\0\1\xc0\0\2\1\1\xbb", 2),
        (b"\5\1\0\3\x14nowhere.sandbox.test\1\xbb", 4),
        (b"\5\1\0\4" + bytes(15) + b"\1\1\xbb", 2),
        (b"\5\2\0\1\x7f\0\0\1\1\xbb", 7),
        (b"\5\1\0\x09\x7f\0\0\1\1\xbb", 8),
    ],
    ids=["refused", "not allowed", "unresolvable", "ipv6", "bind", "address type"],
)
async def test_socks_says_why_a_target_is_not_reached(box: Sandbox, asked: bytes, code: int) -> None:
    said = await exchange(box.proxy("socks5").port, GREETING + LOGIN + asked)
    assert said == WELCOME + bytes((5, code, 0, 1)) + bytes(6)


async def test_socks_accepts_no_client_without_credentials(box: Sandbox) -> None:
    assert await exchange(box.proxy("socks5").port, b"\5\1\0") == b"\5\xff"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (b"\4\1\1\xbb\x7f\0\0\x09" + USER.encode() + b"\0", 91),
        (b"\4\1\1\xbb\xc0\0\2\1" + USER.encode() + b"\0", 91),
        (b"\4\2\1\xbb\x7f\0\0\1" + USER.encode() + b"\0", 91),
        (b"\4\1\1\xbb\x7f\0\0\1somebody\0", 93),
        (b"\4\1\1\xbb\x7f\0\0\1\0", 93),
    ],
    ids=["refused", "not allowed", "bind", "another user", "no user"],
)
async def test_socks_4_says_that_a_target_is_not_reached(box: Sandbox, asked: bytes, code: int) -> None:
    assert await exchange(box.proxy("socks4").port, asked) == bytes((0, code)) + bytes(6)
    assert box.served["socks4"] == 0


@pytest.mark.parametrize("name", BY_NAME)
async def test_a_reset_by_the_target_arrives_as_a_reset(
    box: Sandbox, trusting: ssl.SSLContext, name: str
) -> None:
    host = WORLD.having(Web.RESET)[0].name
    async with session(box, name, trusting) as client:
        with pytest.raises((aiohttp.ClientOSError, ConnectionResetError)) as failure:
            await client.get(f"http://{host}:{box.http_port}/")
    assert "reset by peer" in str(failure.value)


async def test_the_dead_proxy_refuses(box: Sandbox) -> None:
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", box.proxy("dead").port)


async def test_passwords_are_not_shown(box: Sandbox) -> None:
    assert PASSWORD not in repr(box.proxies)
    assert PASSWORD not in repr(PROXY_CREDENTIALS)


async def socks_4(box: Sandbox, name: str) -> bytes:
    """What a plain host of the world says to a GET over SOCKS 4."""
    site = WORLD.find(name)
    assert site is not None
    asked = b"\4\1" + box.http_port.to_bytes(2) + ip_address(site.addresses[0]).packed + USER.encode() + b"\0"
    get = f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode()
    return await exchange(box.proxy("socks4").port, asked + get)


async def test_a_page_is_fetched_over_socks_4_by_address_and_counted(box: Sandbox) -> None:
    said = await socks_4(box, TITLE.name)
    assert said.startswith(b"\0\x5a" + bytes(6) + b"HTTP/1.1 200 OK\r\n")
    assert TITLE.title.encode() in said
    assert box.served == {"http": 0, "https": 0, "socks4": 1, "socks5": 0}


async def test_a_reset_by_the_target_arrives_as_a_reset_over_socks_4(box: Sandbox) -> None:
    with pytest.raises(ConnectionResetError):
        await socks_4(box, WORLD.having(Web.RESET)[0].name)
