"""No way out leads into the networks around a worker: every door by every address, and by every spelling of one.

What counts is what the process asked of the kernel: an audit hook notes every connection and every datagram, whoever
makes it. One server stands on 127.0.0.2, the only address that is allowed; it plays the public network.
"""

import asyncio
import ipaddress
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import pytest

from core.errors import ValidationFailed
from probes.addresses import AddressPolicy
from probes.dialer import system_addresses
from probes.fetch import Fetcher, Ports
from probes.keywords import Matcher
from probes.proxy_test import test_proxy as try_proxy
from probes.resolver import Resolver
from probes.trials import Errand, Trials, read_url
from tests.unit.probes.loopback import closed_port, redirect, web_server
from vocabulary.checks import CheckStatus, DnsReason, HttpReason, HttpVerdict
from vocabulary.personas import DnsPersonaConfig, HttpPersonaConfig
from vocabulary.proxies import ProxyEndpoint, ProxyProtocol

PUBLIC = "127.0.0.2"
POLICY = AddressPolicy([ipaddress.ip_network(f"{PUBLIC}/32")])
CONFIG = HttpPersonaConfig("test", rate_per_second=1e6, burst=100)
NAME = "name.test"

ADDRESSES = (
    *("10.0.0.1", "10.255.255.254", "172.16.0.1", "172.31.255.254", "192.168.0.1", "127.0.0.1", "127.9.9.9"),
    *(
        "169.254.169.254",
        "169.254.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "0.0.0.0",
        "0.1.2.3",
        "100.64.0.1",
    ),
    *("224.0.0.1", "239.255.255.255", "255.255.255.255", "240.0.0.1", "198.18.0.1", "192.0.0.8"),
    *("::", "::1", "fc00::1", "fdff::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "2001:db8::1"),
    # An IPv4 address inside: mapped, compatible, NAT64, local NAT64, 6to4, Teredo, ISATAP.
    *("::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::a00:1"),
    *("64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:a00:1::1", "2002:7f00:1::1", "2001:0:a00:1::f5ff:fffe"),
    *("2001:470::5efe:a00:1", "2001:470::200:5efe:7f00:1"),
)
SPELLINGS = (
    *("127.1", "2130706433", "0x7f000001", "017700000001", "0177.0.0.1", "0x7f.0.0.1", "127.0.0.1.", "0"),
    *(
        "localhost",
        "LOCALHOST.",
        "10.1",
        "0xa000001",
        "169.254.43518",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:0:0:1]",
    ),
    *("１２７.0.0.1", "127。0。0。1", "①②⑦.⓪.⓪.①"),
)

Door = Callable[[str], Awaitable[str]]


class Notes:
    """What the process asks of the kernel. The hook cannot be taken off again; it notes only while a test wants it."""

    def __init__(self) -> None:
        self.is_noting = False
        self.addresses: list[Any] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if self.is_noting and event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
            self.addresses.append(args[1])


NOTES = Notes()


@pytest.fixture
def connected() -> Iterator[Callable[[], set[str]]]:
    """The addresses that this process has spoken to, but for the public one."""
    NOTES.addresses.clear()
    NOTES.is_noting = True
    yield lambda: {str(each[0]) for each in NOTES.addresses if isinstance(each, tuple)} - {PUBLIC}
    NOTES.is_noting = False


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def told(verdict: HttpVerdict) -> str:
    assert verdict.status is CheckStatus.ERROR, verdict
    return f"{verdict.reason}"


async def a_page(address: str) -> str:
    async with Fetcher(CONFIG, system_addresses, POLICY) as fetcher:
        return told(await fetcher.fetch("a.test", [address], Ports(), Matcher([])))


async def a_redirect(host: str) -> str:
    response = redirect("http://HOST:8080/").replace(b"HOST", bracketed(host).encode())
    async with (
        web_server(lambda _: response, host=PUBLIC) as server,
        Fetcher(CONFIG, system_addresses, POLICY) as fetcher,
    ):
        return told(await fetcher.fetch("a.test", [PUBLIC], Ports(server.port, closed_port()), Matcher([])))


async def a_resolver(host: str) -> str:
    return await _refused(DnsPersonaConfig((f"{bracketed(host)}:53",)))


async def a_doh_url(host: str) -> str:
    config = DnsPersonaConfig((f"https://{bracketed(host)}/dns-query",), attempts=1)
    return await _refused(config)


async def _refused(config: DnsPersonaConfig) -> str:
    try:
        async with Resolver(config, POLICY) as resolver:
            verdict = await resolver.lookup("a.test")
    except ValidationFailed:
        return "BLOCKED_ADDRESS"
    assert verdict.reason is DnsReason.ERROR
    return "BLOCKED_ADDRESS"


async def a_proxy(host: str) -> str:
    proxy = ProxyEndpoint(ProxyProtocol.SOCKS5, host.strip("[]"), 1080, None, None)
    result = await try_proxy(proxy, f"http://{PUBLIC}/", 5.0, POLICY, None)
    assert not result.success
    return "BLOCKED_ADDRESS" if "is not allowed" in str(result.error) else str(result.error)


async def a_proxy_of_a_page(host: str) -> str:
    proxy = ProxyEndpoint(ProxyProtocol.HTTP, host.strip("[]"), 3128, None, None)
    async with Fetcher(CONFIG, system_addresses, POLICY) as fetcher:
        verdict = await fetcher.fetch("a.test", [PUBLIC], Ports(), Matcher([]), proxy)
    assert verdict.reason is HttpReason.PROXY_ERROR
    return "BLOCKED_ADDRESS" if "is not allowed" in str(verdict.detail) else str(verdict.detail)


async def a_test_url(host: str) -> str:
    async with web_server(lambda _: b"HTTP/1.1 200 OK\r\n\r\n", host=PUBLIC) as server:
        proxy = ProxyEndpoint(ProxyProtocol.HTTP, PUBLIC, server.port, None, None)
        result = await try_proxy(proxy, f"http://{bracketed(host)}/", 5.0, POLICY, None)
    # Nor is a proxy asked for it.
    assert server.requests == []
    return str(result.error).partition(":")[0]


async def a_page_for_keywords(host: str) -> str:
    url = read_url(f"http://{bracketed(host)}/")
    errand = Errand(str(url), url.raw_host or "", [url])
    test = await Trials(POLICY).fetch(CONFIG, errand, None, by_system=True)
    return told(test.verdict)


BY_NAME: tuple[Door, ...] = (
    a_redirect,
    a_doh_url,
    a_proxy,
    a_proxy_of_a_page,
    a_test_url,
    a_page_for_keywords,
)
BY_ADDRESS: tuple[Door, ...] = (a_page, a_resolver, *BY_NAME)


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("door", BY_ADDRESS)
async def test_no_door_leads_to_an_address_that_is_not_public(
    door: Door, address: str, connected: Callable[[], set[str]]
) -> None:
    assert await door(address) == "BLOCKED_ADDRESS"
    assert connected() == set()


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("door", BY_NAME)
async def test_nor_does_a_name_that_has_such_an_address(
    door: Door, address: str, connected: Callable[[], set[str]], names: dict[str, list[str]]
) -> None:
    names[NAME] = [address]
    assert await door(NAME) == "BLOCKED_ADDRESS"
    assert connected() == set()


@pytest.mark.parametrize("address", ADDRESSES)
async def test_whoever_gives_a_name_is_not_told_its_address(
    address: str, names: dict[str, list[str]]
) -> None:
    """The system knows names that the world does not; a refusal tells what kind of address each has, and not which."""
    names[NAME] = [address.strip("[]")]
    url = read_url(f"http://{NAME}/")
    test = await Trials(POLICY).fetch(CONFIG, Errand(str(url), NAME, [url]), None, by_system=True)
    kind = POLICY.refuses(address.strip("[]"))
    assert (test.verdict.detail, test.visits) == (f"{NAME}: {kind}", ())


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("door", BY_NAME)
async def test_nor_does_another_spelling_of_one(
    door: Door, spelling: str, connected: Callable[[], set[str]]
) -> None:
    # Whether it is understood and refused or not understood at all is no matter, as long as nobody goes there.
    await door(spelling)
    assert connected() == set()


@pytest.mark.parametrize("scheme", ["file", "ftp", "gopher", "data", "javascript", "unix", "ws", "HTTPX", ""])
async def test_only_http_and_https_are_followed(scheme: str, connected: Callable[[], set[str]]) -> None:
    location = f"{scheme}://{PUBLIC}/x" if scheme else "//:80/"
    async with (
        web_server(lambda _: redirect(location), host=PUBLIC) as server,
        Fetcher(CONFIG, system_addresses, POLICY) as fetcher,
    ):
        verdict = await fetcher.fetch("a.test", [PUBLIC], Ports(server.port, closed_port()), Matcher([]))
        assert verdict.reason is HttpReason.ERROR
        assert len(server.requests) == 1
    proxy = ProxyEndpoint(ProxyProtocol.HTTP, PUBLIC, closed_port(), None, None)
    assert str((await try_proxy(proxy, location, 5.0, POLICY, None)).error).startswith("ERROR: ")
    with pytest.raises(ValueError, match="address"):
        read_url(location)
    with pytest.raises(ValidationFailed):
        Resolver(DnsPersonaConfig((location,)), POLICY)
    assert connected() == set()


async def test_the_hook_sees_what_it_shall_see(connected: Callable[[], set[str]]) -> None:
    with pytest.raises(OSError, match="127"):
        await asyncio.open_connection("127.0.0.1", closed_port())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.sendto(b"", ("127.9.9.9", 9))
    assert connected() == {"127.0.0.1", "127.9.9.9"}


async def test_of_the_addresses_of_a_name_only_those_are_tried_that_are_allowed(
    connected: Callable[[], set[str]],
) -> None:
    async with web_server(lambda _: b"HTTP/1.1 204 No\r\n\r\n", host=PUBLIC) as server:

        async def resolve(_: str) -> Sequence[str]:
            return ["10.0.0.1", "::1", PUBLIC, "127.0.0.1"]

        async with Fetcher(CONFIG, resolve, POLICY) as fetcher:
            addresses = await resolve("a.test")
            verdict = await fetcher.fetch("a.test", addresses, Ports(server.port, closed_port()), Matcher([]))
    assert verdict.status_code == 204
    assert connected() == set()
