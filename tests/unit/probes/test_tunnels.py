"""The proxy client against independent servers (proxy.py, pproxy), and against scripted ones for every failure."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

import pytest

from probes.addresses import AddressPolicy
from probes.fetch import Fetcher, Ports
from probes.keywords import Matcher
from tests.unit.probes.loopback import LOCAL, Authority, WebServer, closed_port, page, web_server
from vocabulary.checks import CheckStatus, HttpReason, HttpVerdict
from vocabulary.personas import HttpPersonaConfig
from vocabulary.proxies import ProxyEndpoint, ProxyProtocol

HTTP, HTTPS = ProxyProtocol.HTTP, ProxyProtocol.HTTPS
SOCKS4, SOCKS5 = ProxyProtocol.SOCKS4, ProxyProtocol.SOCKS5
USER, PASSWORD = "someone", "p@ss:wörd"
PLAIN_PASSWORD = "open-sesame"  # The two servers take their password from a command line.


async def nowhere(_: str) -> Sequence[str]:
    return ()


async def through(
    proxy: ProxyEndpoint,
    http: int | None = None,
    https: int | None = None,
    ca_file: Path | None = None,
    policy: AddressPolicy = LOCAL,
    timeout: float = 5.0,
) -> HttpVerdict:
    config = HttpPersonaConfig("test", request_timeout_seconds=timeout)
    async with Fetcher(config, nowhere, policy, ca_file) as fetcher:
        ports = Ports(http or closed_port(), https or closed_port())
        return await fetcher.fetch("a.test", ["127.0.0.1"], ports, Matcher([]), proxy)


async def accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@asynccontextmanager
async def process(port: int, *arguments: str) -> AsyncIterator[int]:
    """A server program on `port`, ready when it accepts connections, ended by its process."""
    silent = asyncio.subprocess.DEVNULL
    running = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=silent, stderr=silent)
    try:
        async with asyncio.timeout(15):
            while not await accepts(port):
                assert running.returncode is None
                await asyncio.sleep(0.02)
        yield port
    finally:
        if running.returncode is None:
            running.terminate()
        await running.wait()


def proxy_py(port: int, *more: str) -> AbstractAsyncContextManager[int]:
    options = ["--hostname", "127.0.0.1", "--port", str(port), "--num-workers", "1", "--num-acceptors", "1"]
    auth = ["--basic-auth", f"{USER}:{PLAIN_PASSWORD}", "--threadless"]
    return process(port, "-m", "proxy", *options, *auth, *more)


def endpoint(protocol: ProxyProtocol, port: int, password: str | None = PLAIN_PASSWORD) -> ProxyEndpoint:
    user = None if password is None else USER
    return ProxyEndpoint(protocol, "127.0.0.1", port, user, password)


async def check_contract(proxy: ProxyEndpoint, authority: Authority, down_is: HttpReason) -> None:
    """What every proxy server must do for us: http, https under the target's name, and say if a target is down."""
    tls = authority.context("a.test")
    async with web_server(lambda _: page("<title>In</title>"), tls) as https:
        secure = await through(proxy, https=https.port, ca_file=authority.file)
    assert (secure.status, secure.title) == (CheckStatus.OK, "In"), secure
    async with web_server(lambda _: page("<title>In</title>")) as http:
        plain = await through(proxy, http=http.port)
    assert (plain.status, plain.final_url) == (CheckStatus.OK, f"http://a.test:{http.port}/"), plain
    assert http.requests[0].line == "GET / HTTP/1.1"
    down = await through(proxy)
    assert (down.reason, down.proxy_fault) == (down_is, False), down


async def check_wrong_password(proxy: ProxyEndpoint) -> None:
    async with web_server(lambda _: page("in")) as http:
        verdict = await through(proxy, http=http.port)
    assert (verdict.reason, verdict.proxy_fault) == (HttpReason.PROXY_ERROR, True), verdict
    assert http.connections == 0
    assert PLAIN_PASSWORD not in repr(verdict)


async def test_proxy_py_over_http_with_a_password(authority: Authority) -> None:
    async with proxy_py(closed_port()) as port:
        await check_contract(endpoint(HTTP, port), authority, HttpReason.CONNECTION_REFUSED)
        await check_wrong_password(endpoint(HTTP, port, "wrong"))
        await check_wrong_password(endpoint(HTTP, port, None))


async def test_proxy_py_over_tls(authority: Authority) -> None:
    certificate, key = authority.files("127.0.0.1")
    port = closed_port()
    async with proxy_py(port, "--cert-file", str(certificate), "--key-file", str(key)):
        proxy = endpoint(HTTPS, port)
        async with web_server(lambda _: page("in"), authority.context("a.test")) as https:
            inside = await through(proxy, https=https.port, ca_file=authority.file)
            stranger = await through(proxy, https=https.port)
    assert inside.status is CheckStatus.OK
    assert (stranger.reason, stranger.proxy_fault) == (HttpReason.PROXY_ERROR, True)


# pproxy takes uvloop if it is there and does not work with it.
PPROXY = (
    "import sys; sys.modules['uvloop'] = None; from pproxy.server import main; sys.exit(main(sys.argv[1:]))"
)


async def test_pproxy_over_socks_5_with_a_password(authority: Authority) -> None:
    port = closed_port()
    listen = f"socks5://127.0.0.1:{port}#{USER}:{PLAIN_PASSWORD}"
    async with process(port, "-c", PPROXY, "-l", listen):
        # pproxy remembers who once had the right password, so the wrong ones come first.
        await check_wrong_password(endpoint(SOCKS5, port, "wrong"))
        await check_wrong_password(endpoint(SOCKS5, port, None))
        # It says yes before it tries, and then hangs up.
        await check_contract(endpoint(SOCKS5, port), authority, HttpReason.CONNECTION_RESET)


async def test_pproxy_over_socks_4_with_a_user_id(authority: Authority) -> None:
    port = closed_port()
    async with process(port, "-c", PPROXY, "-l", f"socks4://127.0.0.1:{port}#{USER}"):
        known = ProxyEndpoint(SOCKS4, "127.0.0.1", port, USER)
        # It hangs up on a user that it does not know, which it may do for other reasons too.
        stranger = await through(ProxyEndpoint(SOCKS4, "127.0.0.1", port, "nobody"))
        assert (stranger.reason, stranger.proxy_fault) == (HttpReason.PROXY_ERROR, False)
        # It says yes before it tries, and then hangs up.
        await check_contract(known, authority, HttpReason.CONNECTION_RESET)


Step = tuple[int | bytes, bytes]


@asynccontextmanager
async def scripted(*steps: Step) -> AsyncIterator["Script"]:
    """A proxy that reads so many bytes, or up to so many bytes of an end mark, and answers, step by step."""
    script = Script(steps)
    listener = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    script.port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield script


class Script:
    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = steps
        self.heard: list[bytes] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for wanted, reply in self.steps:
                read = reader.readexactly(wanted) if isinstance(wanted, int) else reader.readuntil(wanted)
                self.heard.append(await read)
                writer.write(reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()


HEAD = b"\r\n\r\n"


def connect_answer(line: str) -> Step:
    return HEAD, f"HTTP/1.1 {line}\r\nX: y\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("line", "reason", "fault"),
    [
        ("407 Proxy Authentication Required", HttpReason.PROXY_ERROR, True),
        ("405 Method Not Allowed", HttpReason.PROXY_ERROR, True),
        ("403 Forbidden", HttpReason.PROXY_ERROR, False),
        ("500 Oops", HttpReason.PROXY_ERROR, False),
        ("502 Bad Gateway", HttpReason.CONNECTION_REFUSED, False),
        ("503 Unavailable", HttpReason.PROXY_ERROR, False),
        ("504 Gateway Timeout", HttpReason.TIMEOUT, False),
        ("abc", HttpReason.PROXY_ERROR, True),
    ],
)
async def test_an_answer_to_connect_has_its_reason_and_its_blame(
    line: str, reason: HttpReason, fault: bool
) -> None:
    async with scripted(connect_answer(line)) as script:
        verdict = await through(ProxyEndpoint(HTTP, "127.0.0.1", script.port))
    assert (verdict.reason, verdict.proxy_fault) == (reason, fault)


@pytest.mark.parametrize(
    ("reply", "reason", "fault"),
    [
        (1, HttpReason.PROXY_ERROR, False),
        (2, HttpReason.PROXY_ERROR, False),
        (3, HttpReason.CONNECTION_REFUSED, False),
        (4, HttpReason.CONNECTION_REFUSED, False),
        (5, HttpReason.CONNECTION_REFUSED, False),
        (6, HttpReason.TIMEOUT, False),
        (7, HttpReason.PROXY_ERROR, True),
        (8, HttpReason.PROXY_ERROR, True),
        (99, HttpReason.PROXY_ERROR, True),
    ],
)
async def test_a_socks_reply_has_its_reason_and_its_blame(
    reply: int, reason: HttpReason, fault: bool
) -> None:
    async with scripted((3, b"\x05\x00"), (10, bytes([5, reply, 0, 1]) + b"\0" * 6)) as script:
        verdict = await through(ProxyEndpoint(SOCKS5, "127.0.0.1", script.port))
    assert (verdict.reason, verdict.proxy_fault) == (reason, fault)


@pytest.mark.parametrize(
    ("reply", "fault"),
    [(b"\0\x5b", False), (b"\0\x5c", True), (b"\0\x5d", True), (b"\0\x63", True), (b"\4\x5a", True)],
    ids=["failed", "no identd", "other user", "unknown", "version"],
)
async def test_a_socks_4_reply_has_its_blame(reply: bytes, fault: bool) -> None:
    async with scripted((9, reply + bytes(6))) as script:
        verdict = await through(ProxyEndpoint(SOCKS4, "127.0.0.1", script.port))
    assert (verdict.reason, verdict.proxy_fault) == (HttpReason.PROXY_ERROR, fault)


async def test_socks_4_is_told_the_user_id_and_the_target_in_one_request() -> None:
    async with scripted((17, b"\0\x5b" + bytes(6))) as script:
        await through(ProxyEndpoint(SOCKS4, "127.0.0.1", script.port, "somebödy"[:7]), https=4430)
    assert script.heard[0] == b"\4\1" + (4430).to_bytes(2, "big") + b"\x7f\0\0\1" + b"someb\xc3\xb6d\0"


async def over_socks_4(port: int, addresses: Sequence[str], target: int) -> HttpVerdict:
    policy = AddressPolicy([ip_network("127.0.0.0/8"), ip_network("::1/128")])
    async with Fetcher(HttpPersonaConfig("test"), nowhere, policy) as fetcher:
        proxy = ProxyEndpoint(SOCKS4, "127.0.0.1", port)
        return await fetcher.fetch("a.test", addresses, Ports(target, closed_port()), Matcher([]), proxy)


async def test_an_ipv6_target_is_no_fault_of_a_socks_4_proxy() -> None:
    async with scripted((9, b"")) as script:
        verdict = await over_socks_4(script.port, ["::1"], closed_port())
    assert (verdict.reason, verdict.proxy_fault) == (HttpReason.CONNECTION_REFUSED, False)
    assert verdict.detail == "SOCKS 4 leads to IPv4 addresses only"
    assert script.heard == []


async def test_a_target_with_both_kinds_of_address_is_reached_over_socks_4() -> None:
    port = closed_port()
    socks = process(port, "-c", PPROXY, "-l", f"socks4://127.0.0.1:{port}")
    async with socks, web_server(lambda _: page("in")) as http:
        verdict = await over_socks_4(port, ["::1", "127.0.0.1"], http.port)
    assert verdict.status is CheckStatus.OK, verdict


@pytest.mark.parametrize(
    "greeting",
    [b"HT", b"\x05\xff", b"\x05\x01", b"\x05\x02", b"\x05"],
    ids=["http", "none", "odd", "unasked", "short"],
)
async def test_a_bad_greeting_is_the_proxy_s_fault(greeting: bytes) -> None:
    async with scripted((3, greeting)) as script:
        verdict = await through(ProxyEndpoint(SOCKS5, "127.0.0.1", script.port))
    assert (verdict.reason, verdict.proxy_fault) == (HttpReason.PROXY_ERROR, True)


@pytest.mark.parametrize("protocol", [HTTP, SOCKS4, SOCKS5])
async def test_hanging_up_when_asked_for_the_target_is_nobody_s_fault(protocol: ProxyProtocol) -> None:
    steps: dict[ProxyProtocol, list[Step]] = {
        HTTP: [(HEAD, b"")],
        SOCKS4: [(9, b"")],
        SOCKS5: [(3, b"\x05\x00"), (10, b"")],
    }
    async with scripted(*steps[protocol]) as script:
        verdict = await through(ProxyEndpoint(protocol, "127.0.0.1", script.port))
    assert (verdict.reason, verdict.proxy_fault) == (HttpReason.PROXY_ERROR, False)


async def test_credentials_are_sent_in_utf_8_and_the_target_as_an_address() -> None:
    async with scripted((HEAD, b"HTTP/1.1 407 No\r\n\r\n")) as script:
        await through(ProxyEndpoint(HTTP, "127.0.0.1", script.port, USER, PASSWORD), https=4430)
    assert script.heard[0].split(b"\r\n") == [
        b"CONNECT 127.0.0.1:4430 HTTP/1.1",
        b"Host: 127.0.0.1:4430",
        b"Proxy-Authorization: Basic c29tZW9uZTpwQHNzOnfDtnJk",
        b"",
        b"",
    ]
    login = b"\x01\x07someone\x0ap@ss:w\xc3\xb6rd"
    async with scripted(
        (4, b"\x05\x02"), (len(login), b"\x01\x00"), (10, b"\x05\x05\x00\x01" + b"\0" * 6)
    ) as script:
        await through(ProxyEndpoint(SOCKS5, "127.0.0.1", script.port, USER, PASSWORD), https=4430, http=4431)
    assert script.heard[:3] == [
        b"\x05\x02\x00\x02",
        login,
        b"\x05\x01\x00\x01\x7f\0\0\x01" + (4430).to_bytes(2, "big"),
    ]


async def test_an_answer_in_small_parts_is_read_whole() -> None:
    async with web_server(lambda _: page("in")) as http:

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(HEAD)
            for part in (b"HTTP/1.1 200 OK", b"\r\nX: y\r", b"\n\r", b"\n"):
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0)
            await join(reader, writer, http)

        listener = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with listener:
            port = listener.sockets[0].getsockname()[1]
            verdict = await through(ProxyEndpoint(HTTP, "127.0.0.1", port), http=http.port)
    assert verdict.status is CheckStatus.OK


async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: WebServer) -> None:
    """Pass one request and its response on; a TLS handshake is hung up on."""
    first = await reader.read(65536)
    if not first.startswith(b"\x16"):
        onward_reader, onward = await asyncio.open_connection("127.0.0.1", target.port)
        onward.write(first)
        writer.write(await onward_reader.read())
        await writer.drain()
        onward.close()
    writer.close()


async def test_a_proxy_that_talks_on_is_at_fault() -> None:
    async with scripted((HEAD, b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")) as script:
        verdict = await through(ProxyEndpoint(HTTP, "127.0.0.1", script.port))
    assert (verdict.reason, verdict.proxy_fault) == (HttpReason.PROXY_ERROR, True)


async def test_an_endless_answer_is_cut_off() -> None:
    async with scripted((HEAD, b"HTTP/1.1 200 " + b"x" * 100_000)) as script:
        verdict = await through(ProxyEndpoint(HTTP, "127.0.0.1", script.port))
    assert (verdict.detail, verdict.proxy_fault) == ("the answer to CONNECT is too long", True)


@pytest.mark.parametrize("protocol", list(ProxyProtocol))
async def test_a_dead_proxy_is_at_fault(protocol: ProxyProtocol) -> None:
    verdict = await through(ProxyEndpoint(protocol, "127.0.0.1", closed_port()))
    assert (verdict.status, verdict.reason) == (CheckStatus.ERROR, HttpReason.PROXY_ERROR)
    assert (verdict.proxy_fault, verdict.detail) == (True, "the proxy: ECONNREFUSED")


async def test_a_proxy_whose_name_does_not_resolve_is_at_fault() -> None:
    verdict = await through(ProxyEndpoint(HTTP, "no-such-host.invalid", 8080))
    assert (verdict.reason, verdict.proxy_fault) == (HttpReason.PROXY_ERROR, True)


async def test_a_proxy_on_a_refused_address_is_not_connected_to() -> None:
    only_target = AddressPolicy()
    async with scripted((3, b"\x05\x00")) as script:
        config = HttpPersonaConfig("test")
        async with Fetcher(config, nowhere, only_target) as fetcher:
            proxy = ProxyEndpoint(SOCKS5, "127.0.0.1", script.port)
            verdict = await fetcher.fetch("a.test", ["8.8.8.8"], Ports(), Matcher([]), proxy)
    assert (verdict.reason, verdict.detail) == (HttpReason.PROXY_ERROR, "the proxy's address is not allowed")
    assert script.heard == []


async def test_a_silent_proxy_is_at_fault_and_a_silent_target_is_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        silent_proxy = await through(ProxyEndpoint(SOCKS5, "127.0.0.1", port), timeout=0.2)
        silent_target = await through(ProxyEndpoint(HTTP, "127.0.0.1", port), timeout=0.2)
    assert (silent_proxy.reason, silent_proxy.proxy_fault) == (HttpReason.PROXY_ERROR, True)
    assert (silent_target.reason, silent_target.proxy_fault) == (HttpReason.TIMEOUT, False)


async def test_credentials_that_socks_cannot_carry_are_an_error() -> None:
    async with scripted((4, b"\x05\x02")) as script:
        verdict = await through(ProxyEndpoint(SOCKS5, "127.0.0.1", script.port, USER, "x" * 256))
    assert (verdict.detail, verdict.proxy_fault) == ("SOCKS 5 credentials have 1 to 255 bytes each", True)


async def test_a_cancelled_tunnel_leaves_no_connection() -> None:
    gone: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    greeted = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(3)
        greeted.set()
        try:
            gone.set_result(await reader.read(1))
        except OSError:
            gone.set_result(b"")
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        work: Awaitable[HttpVerdict] = through(ProxyEndpoint(SOCKS5, "127.0.0.1", port))
        task = asyncio.ensure_future(work)
        await greeted.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.wait_for(gone, 5) == b""
