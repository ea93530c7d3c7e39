"""Every behaviour of the web hosts, met by a real client over real sockets."""

import asyncio
import gzip
import ssl
import zlib
from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import parsedate_to_datetime

import aiohttp
import brotli
import pytest
import pytest_asyncio
from aiohttp.abc import AbstractResolver, ResolveResult

from core.clock import SystemClock
from sandbox.behaviours import OUTCOMES, Web
from sandbox.sandbox import Sandbox
from sandbox.world import HUB, MARKETPLACE, WORLD, Site
from vocabulary.checks import CheckStatus, HttpReason


class WorldResolver(AbstractResolver):
    """Names to addresses by the world's table, as a client sees it that asked the zone."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        site = WORLD.find(host)
        if site is None or not site.addresses:
            raise OSError(f"{host} has no address.")
        return [
            ResolveResult(hostname=host, host=address, port=port, family=2, proto=0, flags=4)
            for address in site.addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


@pytest_asyncio.fixture
async def client(box: Sandbox, trusting: ssl.SSLContext) -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(resolver=WorldResolver(), ssl=trusting, limit=100)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
        yield session


def first(behaviour: Web) -> str:
    return WORLD.having(behaviour)[0].name


def https(box: Sandbox, name: str) -> str:
    return f"https://{name}:{box.https_port}/"


def http(box: Sandbox, name: str) -> str:
    return f"http://{name}:{box.http_port}/"


async def fetch(session: aiohttp.ClientSession, url: str) -> tuple[int, bytes, aiohttp.ClientResponse]:
    async with session.get(url) as response:
        return response.status, await response.read(), response


NO_ANSWER = {
    HttpReason.TIMEOUT, HttpReason.CONNECTION_REFUSED, HttpReason.CONNECTION_RESET, HttpReason.DNS_RESOLVE_ERROR,
    HttpReason.TLS_ERROR, HttpReason.TLS_EXPIRED, HttpReason.TOO_MANY_REDIRECTS,
}  # fmt: skip


async def test_every_host_that_answers_answers_as_the_world_says(
    box: Sandbox, client: aiohttp.ClientSession
) -> None:
    """All hosts at once, https first and http where its handshake is broken: status and title of each."""

    async def check(site: Site) -> None:
        expected = site.fetch
        assert expected is not None
        url = http(box, site.name) if site.web is Web.TLS_BROKEN else https(box, site.name)
        status, body, _ = await fetch(client, url)
        assert status == expected.status_code, site
        plain = site.web not in {
            Web.GZIP, Web.BROTLI, Web.DEFLATE, Web.GZIP_BOMB, Web.BROKEN_GZIP, Web.UTF16, Web.EMPTY
        }  # fmt: skip
        if expected.title and plain:
            assert f"<title>{expected.title}</title>".encode() in body

    sites = [site for site in WORLD.sites if site.fetch is not None and site.fetch.reason not in NO_ANSWER]
    assert len(sites) == 278
    await asyncio.gather(*(check(site) for site in sites))


async def test_http_serves_the_same_pages(box: Sandbox, client: aiohttp.ClientSession) -> None:
    for behaviour in (Web.TITLE, Web.STATUS_404, Web.IMAGE):
        name = first(behaviour)
        over_tls, in_clear = await fetch(client, https(box, name)), await fetch(client, http(box, name))
        assert over_tls[:2] == in_clear[:2]


@pytest.mark.parametrize(
    ("behaviour", "where", "hops"),
    [
        (Web.REDIRECT_PATH, "https://{name}:{https}/welcome?from=lobby", 2),
        (Web.REDIRECT_PLAIN, "http://{name}:{http}/welcome", 1),
        (Web.REDIRECT_HOST, f"https://{HUB}:{{https}}/welcome", 1),
    ],
)
async def test_redirects_end_where_they_should(
    box: Sandbox, client: aiohttp.ClientSession, behaviour: Web, where: str, hops: int
) -> None:
    name = first(behaviour)
    status, _, response = await fetch(client, https(box, name))
    expected = where.format(name=name, http=box.http_port, https=box.https_port)
    assert (status, str(response.url), len(response.history)) == (200, expected, hops)


async def test_a_redirect_loop_never_ends(box: Sandbox, client: aiohttp.ClientSession) -> None:
    with pytest.raises(aiohttp.TooManyRedirects):
        await fetch(client, https(box, first(Web.REDIRECT_LOOP)))


async def test_a_lost_redirect_leads_to_a_name_without_address(
    box: Sandbox, client: aiohttp.ClientSession
) -> None:
    with pytest.raises(aiohttp.ClientConnectorDNSError, match=r"nowhere\.sandbox\.test"):
        await fetch(client, https(box, first(Web.REDIRECT_LOST)))


@pytest.mark.parametrize("behaviour", [Web.TLS_SELF_SIGNED, Web.TLS_EXPIRED, Web.TLS_WRONG_NAME])
async def test_a_faulty_certificate_has_no_plain_way_round(
    box: Sandbox, client: aiohttp.ClientSession, behaviour: Web
) -> None:
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        await fetch(client, https(box, first(behaviour)))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await fetch(client, http(box, first(behaviour)))


async def test_a_broken_handshake_is_an_alert(box: Sandbox, client: aiohttp.ClientSession) -> None:
    with pytest.raises(aiohttp.ClientConnectorSSLError, match=r"(?i)handshake"):
        await fetch(client, https(box, first(Web.TLS_BROKEN)))


async def test_an_unheard_host_refuses_on_both_ports(box: Sandbox, client: aiohttp.ClientSession) -> None:
    for url in (https(box, first(Web.UNHEARD)), http(box, first(Web.UNHEARD))):
        with pytest.raises(aiohttp.ClientConnectorError) as failure:
            await fetch(client, url)
        assert isinstance(failure.value.os_error, ConnectionRefusedError)


async def test_a_resetting_host_resets_on_both_ports(box: Sandbox, client: aiohttp.ClientSession) -> None:
    for url in (https(box, first(Web.RESET)), http(box, first(Web.RESET))):
        with pytest.raises((aiohttp.ClientOSError, ConnectionResetError)) as failure:
            await fetch(client, url)
        assert "reset by peer" in str(failure.value)


@pytest.mark.parametrize("behaviour", [Web.TLS_SILENT, Web.STALLED_HEAD, Web.DRIPPING_BODY])
async def test_a_slow_host_outlasts_the_client(
    box: Sandbox, client: aiohttp.ClientSession, behaviour: Web
) -> None:
    answer = client.get(https(box, first(behaviour)), timeout=aiohttp.ClientTimeout(total=0.6))
    if behaviour is Web.DRIPPING_BODY:
        async with answer as response:
            assert response.status == 200
            with pytest.raises(TimeoutError):
                await response.read()
    else:
        with pytest.raises(TimeoutError):
            await answer


async def test_codings_are_what_they_are_called(box: Sandbox, client: aiohttp.ClientSession) -> None:
    decoders = {
        Web.GZIP: ("gzip", gzip.decompress),
        Web.DEFLATE: ("deflate", zlib.decompress),
        Web.BROTLI: ("br", brotli.decompress),
    }
    for behaviour, (coding, decode) in decoders.items():
        site = WORLD.having(behaviour)[0]
        _, body, response = await fetch(client, https(box, site.name))
        assert response.headers["Content-Encoding"] == coding
        assert site.plants[0].text.encode() in decode(body)


async def test_a_broken_gzip_stream_cannot_be_read(box: Sandbox, trusting: ssl.SSLContext) -> None:
    connector = aiohttp.TCPConnector(resolver=WorldResolver(), ssl=trusting)
    async with aiohttp.ClientSession(connector=connector) as decoding:
        with pytest.raises(aiohttp.ClientPayloadError):
            await fetch(decoding, https(box, first(Web.BROKEN_GZIP)))


CAP = 2 * 1024 * 1024


async def test_a_huge_page_hides_its_second_keyword_beyond_the_limit(
    box: Sandbox, client: aiohttp.ClientSession
) -> None:
    _, body, _ = await fetch(client, https(box, first(Web.HUGE)))
    assert len(body) > 3 * 1024 * 1024
    assert b"panel" in body[:2000].lower()
    assert b"Photovoltaics" in body[CAP:]
    assert b"Photovoltaics" not in body[:CAP]


async def test_a_bomb_is_small_on_the_wire(box: Sandbox, client: aiohttp.ClientSession) -> None:
    _, body, _ = await fetch(client, https(box, first(Web.GZIP_BOMB)))
    page = gzip.decompress(body)
    assert len(body) < 100_000
    assert len(page) > 7 * 1024 * 1024
    assert b"panel" in page[:2000].lower()
    assert b"Photovoltaics" not in page[:CAP]


async def test_charsets_are_declared_as_the_world_says(box: Sandbox, client: aiohttp.ClientSession) -> None:
    _, body, response = await fetch(client, https(box, first(Web.WINDOWS_1251)))
    assert (response.headers["Content-Type"], response.charset) == ("text/html", None)
    assert b'<meta charset="windows-1251">' in body
    assert "Солнечные" in body.decode("cp1251")

    _, body, response = await fetch(client, https(box, first(Web.FALSE_UTF8)))
    assert response.charset == "utf-8"
    with pytest.raises(UnicodeDecodeError):
        body.decode()
    assert b"Photovoltaics" in body

    _, body, response = await fetch(client, https(box, first(Web.UTF16)))
    assert (body[:2], response.charset) == (b"\xff\xfe", None)
    assert "Солнечные" in body.decode("utf-16")


async def test_odd_bodies(box: Sandbox, client: aiohttp.ClientSession) -> None:
    assert b"\0" in (await fetch(client, https(box, first(Web.NULS))))[1]
    assert (await fetch(client, https(box, first(Web.EMPTY))))[1] == b""
    _, body, response = await fetch(client, https(box, first(Web.IMAGE)))
    assert (body[:4], response.content_type) == (b"\x89PNG", "image/png")
    _, body, response = await fetch(client, https(box, first(Web.PLAIN_TEXT)))
    assert (b"555-0142" in body, response.content_type) == (True, "text/plain")


async def test_ip_tells_the_client_its_address(box: Sandbox, client: aiohttp.ClientSession) -> None:
    for url in (box.probe_url, http(box, "ip.sandbox.test") + "ip"):
        async with client.get(url) as response:
            assert await response.json() == {"origin": "127.0.0.1"}


async def test_strangers_and_strange_paths_are_turned_away(
    box: Sandbox, client: aiohttp.ClientSession
) -> None:
    assert (await fetch(client, https(box, first(Web.TITLE)) + "other"))[0] == 404
    async with client.get(box.probe_url, headers={"Host": "example.com"}) as response:
        assert response.status == 421


async def test_head_has_the_length_and_no_body(box: Sandbox, client: aiohttp.ClientSession) -> None:
    _, body, _ = await fetch(client, https(box, first(Web.TITLE)))
    async with client.head(https(box, first(Web.TITLE))) as response:
        assert (int(response.headers["Content-Length"]), await response.read()) == (len(body), b"")


def test_only_accepted_pages_can_match() -> None:
    for outcome in OUTCOMES.values():
        assert outcome.status is CheckStatus.OK or not outcome.plants


async def test_some_pages_say_when_they_changed(box: Sandbox, client: aiohttp.ClientSession) -> None:
    ages = {}
    for behaviour in (Web.RICH, Web.LOW_SCORE, Web.PLAIN):
        _, _, response = await fetch(client, https(box, first(behaviour)))
        said = response.headers.get("Last-Modified")
        ages[behaviour] = None if said is None else SystemClock().now() - parsedate_to_datetime(said)
    rich, low = ages[Web.RICH], ages[Web.LOW_SCORE]
    assert rich is not None
    assert low is not None
    assert timedelta(hours=1) < rich < timedelta(hours=3)
    assert low > timedelta(days=399)
    assert ages[Web.PLAIN] is None


async def test_a_name_for_sale_leads_to_the_market_place(box: Sandbox, client: aiohttp.ClientSession) -> None:
    name = first(Web.MARKET)
    status, body, response = await fetch(client, https(box, name))
    assert (status, response.url.host, response.url.query_string) == (200, MARKETPLACE, f"name={name}")
    assert WORLD.site(name).title.encode() in body
