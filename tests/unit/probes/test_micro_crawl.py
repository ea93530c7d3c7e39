"""Extra pages from real servers: which are fetched, what they bring, what robots.txt and limits forbid."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

import pytest
import structlog

from probes import micro_crawl as module
from probes.fetch import Fetcher, Ports
from probes.keywords import Matcher
from probes.micro_crawl import merged
from tests.unit.probes.loopback import LOCAL, Request, WebServer, closed_port, page, redirect, web_server
from vocabulary.campaigns import MicroCrawl
from vocabulary.checks import CheckStatus, HttpVerdict, KeywordHit, Zone
from vocabulary.keywords import KeywordRule
from vocabulary.pages import PageSnapshot
from vocabulary.personas import Header, HttpPersonaConfig
from vocabulary.proxies import ProxyEndpoint, ProxyProtocol

DEFAULT = MicroCrawl()
HOME = ("127.0.0.1",)
RULES = Matcher([KeywordRule("solar"), KeywordRule("panel"), KeywordRule("roof")])
Reply = bytes | None


def persona(**more: object) -> HttpPersonaConfig:
    values = {"user_agent": "Acme/1", "rate_per_second": 1e6, "burst": 100} | more
    return HttpPersonaConfig(**values)  # type: ignore[arg-type]


async def here(_: str) -> Sequence[str]:
    return HOME


def links(*paths: str) -> str:
    return "".join(f"<a href='{path}'>go</a> " for path in paths)


def site(pages: dict[str, Reply | str], front: str = "") -> Callable[[Request], Reply]:
    """A handler with these pages; strings are HTML, and robots.txt is missing unless it is given."""
    front = front or f"<p>solar</p>{links(*(path for path in pages if path != '/robots.txt'))}"

    def answer(request: Request) -> Reply:
        reply = {"/": front, **pages}.get(request.line.split()[1], page("nothing", 404))
        return page(reply) if isinstance(reply, str) else reply

    return answer


def asked(server: WebServer) -> list[str]:
    return [request.line.split()[1] for request in server.requests]


async def fetch(
    server: WebServer, limits: MicroCrawl | None = DEFAULT, name: str = "a.test", **more: object
) -> HttpVerdict:
    async with Fetcher(persona(**more), here, LOCAL) as fetcher:
        ports = Ports(server.port, closed_port())
        return await fetcher.fetch(name, HOME, ports, RULES, micro_crawl=limits)


async def test_extra_pages_add_their_hits() -> None:
    pages: dict[str, Reply | str] = {
        "/a": "<title>roof</title><p>solar panel</p>",
        "/b": "<h1>panel</h1><p>panel</p>",
    }
    async with web_server(site(pages)) as server:
        verdict = await fetch(server)
        alone = await fetch(server, None)
    assert asked(server) == ["/", "/robots.txt", "/a", "/b", "/"]
    # A title of an extra page is not the page's.
    assert verdict.hits == (
        KeywordHit("solar", Zone.BODY, 2),
        KeywordHit("panel", Zone.BODY, 3),
        KeywordHit("panel", Zone.HEADING, 1),
    )
    assert alone.hits == (KeywordHit("solar", Zone.BODY, 1),)
    assert alone.page is not None
    assert verdict.page == PageSnapshot(
        bytes_read=alone.bytes_read,
        final_url=f"http://a.test:{server.port}/",
        text=alone.page.text,
        internal_links=2,
        extra_pages=2,
        extra_bytes=sum(len(str(text)) for text in pages.values()),
        gained=1,
    )
    assert (verdict.content_hash, verdict.bytes_read) == (alone.content_hash, alone.bytes_read)


@pytest.mark.effect("http.micro_crawl", "micro_crawl.max_pages")
@pytest.mark.parametrize(("most", "paths"), [(1, ["/a"]), (2, ["/a", "/b"]), (10, ["/a", "/b", "/c"])])
async def test_max_pages_bounds_the_requests(most: int, paths: list[str]) -> None:
    async with web_server(site({"/a": "x", "/b": "x", "/c": "x"})) as server:
        verdict = await fetch(server, MicroCrawl(max_pages=most))
    assert asked(server) == ["/", "/robots.txt", *paths]
    assert verdict.page is not None
    assert verdict.page.extra_pages == len(paths)


@pytest.mark.effect("micro_crawl.byte_budget")
@pytest.mark.parametrize(
    ("budget", "paths", "size"), [(1024, ["/a", "/b"], 1024), (2048, ["/a", "/b", "/c"], 1601)]
)
async def test_the_budget_bounds_the_bytes(budget: int, paths: list[str], size: int) -> None:
    async with web_server(site({"/a": "x" * 800, "/b": "y" * 800, "/c": "z"})) as server:
        verdict = await fetch(server, MicroCrawl(byte_budget=budget))
    assert asked(server) == ["/", "/robots.txt", *paths]
    assert verdict.page is not None
    assert (verdict.page.extra_pages, verdict.page.extra_bytes) == (len(paths), size)


async def test_robots_txt_is_asked_and_honoured() -> None:
    robots = page("User-agent: acme\nDisallow: /a", content_type="text/plain")
    async with web_server(site({"/robots.txt": robots, "/a": "panel", "/b": "roof"})) as server:
        verdict = await fetch(server)
        other = await fetch(server, user_agent="Other/1")
    assert asked(server)[:3] == ["/", "/robots.txt", "/b"]
    assert asked(server)[3:] == ["/", "/robots.txt", "/a", "/b"]
    assert [hit.pattern for hit in verdict.hits] == ["solar", "roof"]
    assert [hit.pattern for hit in other.hits] == ["solar", "panel", "roof"]


@pytest.mark.parametrize(
    ("robots", "is_crawled"),
    [
        (page("", 404), True),
        (page("", 403), True),
        (page("", 429), False),
        (page("", 503), False),
        (None, False),
        (page("x" * 70_000), False),
        (page("User-agent: *\nAllow: /"), True),
        (redirect("/elsewhere"), True),
        (redirect("/robots.txt"), False),
        (redirect("ftp://a.test/"), False),
    ],
    ids=["missing", "forbidden", "busy", "broken", "silent", "long", "open", "moved", "loop", "lost"],
)
async def test_a_robots_txt_that_does_not_come_forbids_everything(robots: Reply, is_crawled: bool) -> None:
    pages: dict[str, Reply | str] = {
        "/robots.txt": robots,
        "/a": "panel",
        "/elsewhere": "User-agent: *\nDisallow: /b",
    }
    front = f"<p>solar</p>{links('/a')}"
    async with web_server(site(pages, front)) as server:
        verdict = await fetch(server)
    assert verdict.status is CheckStatus.OK
    assert ("/a" in asked(server)) is is_crawled


@pytest.mark.parametrize(
    "reply",
    [
        page("panel", 500),
        page("panel", 404),
        redirect("/c"),
        page("panel", content_type="text/plain"),
        page("panel", content_encoding="gzip"),
        page("panel", content_length="99"),
        None,
        b"nonsense\r\n\r\n",
    ],
    ids=["500", "404", "redirect", "no html", "no gzip", "cut", "silent", "nonsense"],
)
async def test_a_page_that_fails_is_passed_over(reply: Reply) -> None:
    async with web_server(site({"/a": reply, "/b": "roof", "/c": "x"})) as server:
        verdict = await fetch(server, MicroCrawl(max_pages=2))
    assert asked(server) == ["/", "/robots.txt", "/a", "/b"]
    assert (verdict.status, [hit.pattern for hit in verdict.hits]) == (CheckStatus.OK, ["solar", "roof"])
    assert verdict.page is not None
    assert verdict.page.extra_pages == 1


async def test_a_slow_page_has_a_time_limit_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE_SECONDS", 0.3)

    async def slow(request: Request) -> Reply:
        if "/a" in request.line:
            await asyncio.Event().wait()
        return site({"/a": "x", "/b": "roof"})(request)

    async with web_server(slow) as server:
        verdict = await fetch(server, request_timeout_seconds=10.0)
    assert asked(server) == ["/", "/robots.txt", "/a", "/b"]
    assert [hit.pattern for hit in verdict.hits] == ["solar", "roof"]


async def test_only_pages_of_the_same_origin_are_fetched() -> None:
    async with web_server(site({})) as other:
        front = links(
            f"http://b.test:{other.port}/x",
            f"http://a.test:{other.port}/x",
            "/lamp.PDF",
            "/",
            "#top",
            "/a#x",
            "/a",
        )
        async with web_server(site({"/a": "x"}, front)) as server:
            await fetch(server)
    assert asked(server) == ["/", "/robots.txt", "/a"]
    assert asked(other) == []


async def test_without_links_or_acceptance_nothing_more_is_asked() -> None:
    async with web_server(site({"/a": "x"}, front="solar")) as server:
        await fetch(server)
    async with web_server(lambda _: page(links("/a"), 500)) as broken:
        assert (await fetch(broken)).status is CheckStatus.ERROR
    assert (asked(server), asked(broken)) == (["/"], ["/"])


async def test_where_a_redirect_led_the_pages_of_that_host_are_fetched_without_credentials() -> None:
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(web_server(site({"/a": "panel"})))
        home = await stack.enter_async_context(web_server(lambda _: redirect(f"http://b.test:{there.port}/")))
        verdict = await fetch(home, headers=(Header("Authorization", "secret"), Header("X-Other", "1")))
    assert asked(there) == ["/", "/robots.txt", "/a"]
    sent = [{name for name, _ in request.headers} for request in there.requests]
    assert all("X-Other" in names and "Authorization" not in names for names in sent)
    assert {request["Host"] for request in there.requests} == {f"b.test:{there.port}"}
    assert [hit.pattern for hit in verdict.hits] == ["solar", "panel"]


async def test_at_home_credentials_are_sent() -> None:
    async with web_server(site({"/a": "panel"})) as server:
        await fetch(server, headers=(Header("Authorization", "secret"),))
    assert {request["Authorization"] for request in server.requests} == {"secret"}


async def test_every_request_goes_through_the_proxy() -> None:
    through: list[str] = []

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = (await reader.readuntil(b"\r\n\r\n")).decode().split()[1].partition(":")
        through.append(port)
        try:
            there, here_too = await asyncio.open_connection(host, int(port))
        except OSError:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
        else:
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            here_too.write(await reader.readuntil(b"\r\n\r\n"))
            writer.write(await there.read())
            here_too.close()
        await writer.drain()
        writer.close()

    proxies = await asyncio.start_server(tunnel, "127.0.0.1", 0)
    proxy = ProxyEndpoint(ProxyProtocol.HTTP, "127.0.0.1", proxies.sockets[0].getsockname()[1])
    pages = site({"/a": "panel", "/b": "roof"})
    async with proxies, web_server(pages) as server, Fetcher(persona(), here, LOCAL) as fetcher:
        ports = Ports(server.port, closed_port())
        verdict = await fetcher.fetch("a.test", HOME, ports, RULES, proxy, DEFAULT)
    assert [hit.pattern for hit in verdict.hits] == ["solar", "panel", "roof"]
    assert through == [str(ports.https), *[str(server.port)] * 4]
    assert server.connections == 4


async def test_the_addresses_of_extra_pages_are_checked_anew() -> None:
    answers = [HOME, ("10.0.0.1",), ("10.0.0.1",)]

    async def rebinding(_: str) -> Sequence[str]:
        return answers.pop(0)

    async with (
        web_server(site({"/a": "panel"})) as there,
        web_server(lambda _: redirect(f"http://b.test:{there.port}/")) as server,
        Fetcher(persona(), rebinding, LOCAL) as fetcher,
    ):
        ports = Ports(server.port, closed_port())
        verdict = await fetcher.fetch("a.test", HOME, ports, RULES, micro_crawl=DEFAULT)
    assert (verdict.status, asked(there)) == (CheckStatus.OK, ["/"])
    assert answers == [("10.0.0.1",)]


async def test_every_request_waits_for_its_turn() -> None:
    loop = asyncio.get_running_loop()
    async with web_server(site({"/a": "x", "/b": "x"})) as server:
        started = loop.time()
        await fetch(server, rate_per_second=20.0, burst=1)
    # Four requests, three waits of a twentieth.
    assert loop.time() - started >= 0.14


async def test_a_defect_of_ours_leaves_the_front_page_s_verdict() -> None:
    class Broken(Matcher):
        calls = 0

        def hits(self, zones: object) -> tuple[KeywordHit, ...]:
            self.calls += 1
            if self.calls > 1:
                raise KeyError(self.calls)
            return (KeywordHit("solar", Zone.BODY, 1),)

    async with web_server(site({"/a": "x"})) as server, Fetcher(persona(), here, LOCAL) as fetcher:
        with structlog.testing.capture_logs() as logs:
            ports = Ports(server.port, closed_port())
            verdict = await fetcher.fetch("a.test", HOME, ports, Broken([]), micro_crawl=MicroCrawl())
    assert (verdict.status, len(verdict.hits)) == (CheckStatus.OK, 1)
    assert [entry["event"] for entry in logs] == ["extra_pages_failed"]


def test_merging_keeps_the_front_page_first_and_categories_apart() -> None:
    front = [KeywordHit("a", Zone.BODY, 1, "x"), KeywordHit("a", Zone.BODY, 1, "y")]
    extra = [
        [KeywordHit("a", Zone.BODY, 2, "x", "context"), KeywordHit("b", Zone.TITLE, 1)],
        [
            KeywordHit("b", Zone.BODY, 1),
            KeywordHit("b", Zone.ANCHOR, 1),
            KeywordHit("a", Zone.HEADING, 1, "x"),
        ],
        [KeywordHit("b", Zone.BODY, 4)],
    ]
    assert merged(front, extra) == (
        (
            KeywordHit("a", Zone.BODY, 3, "x"),
            KeywordHit("a", Zone.BODY, 1, "y"),
            KeywordHit("b", Zone.BODY, 5),
            KeywordHit("b", Zone.ANCHOR, 1),
            KeywordHit("a", Zone.HEADING, 1, "x"),
        ),
        1,
    )
    assert merged(front, []) == (tuple(front), 0)
