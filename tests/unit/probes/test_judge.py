"""What is kept of a page: text, title, description, links and dates, in one reading of the markup."""

import asyncio
from datetime import UTC, datetime
from random import Random

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from probes.body import Body
from probes.judge import MAX_TEXT, Page, is_html, read_apart, read_page
from probes.keywords import Matcher
from vocabulary.keywords import KeywordRule, RuleType
from vocabulary.pages import Link, PageSnapshot

HOME = URL("https://a.test/start")
HTML = (
    "<html><head><title>A shop</title><meta name=description content='  Lamps and\nmore '>"
    "<meta name=keywords content=none><base href=/shop/></head><body><h1>Lamps</h1><h2></h2>"
    "<a href=lamps>Lamps</a> <a href=https://b.test/>Friends</a> <a>no link</a><script>no</script></body></html>"
)


def read(data: bytes, content_type: str | None = "text/html", **headers: str) -> Page:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    fields = CIMultiDict(named if content_type is None else {"Content-Type": content_type, **named})
    return read_page(Body(data, truncated=False), CIMultiDictProxy(fields), Matcher([]), HOME)


def test_what_is_kept_of_an_html_page() -> None:
    page = read(HTML.encode(), last_modified="Sun, 06 Nov 1994 08:49:37 GMT")
    assert page.snapshot == PageSnapshot(
        bytes_read=len(HTML),
        final_url="https://a.test/start",
        text="Lamps Lamps Friends no link",
        title="A shop",
        description="Lamps and more",
        internal_links=1,
        external_links=1,
        links=(Link("b.test", 1),),
        last_modified=datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC),
        headings=2,
    )
    assert page.inner == ("https://a.test/shop/lamps",)


def test_what_is_kept_of_plain_text() -> None:
    page = read(b"Just text, <a href=x>no link</a>", "text/plain", last_modified="yesterday")
    assert page.snapshot == PageSnapshot(32, "https://a.test/start", "Just text, <a href=x>no link</a>")
    assert page.inner == ()


def test_what_is_no_text_is_kept_without_text() -> None:
    assert read(b"\x89PNG", "image/png").snapshot == PageSnapshot(4, "https://a.test/start", "")
    assert read(b"\0\1", None).snapshot == PageSnapshot(2, "https://a.test/start", "")


def test_text_is_cut() -> None:
    page = read(b"<p>" + b"x" * (MAX_TEXT + 5))
    assert (len(page.snapshot.text), page.snapshot.bytes_read) == (MAX_TEXT, MAX_TEXT + 8)


def test_long_descriptions_and_links_are_not_kept_whole() -> None:
    page = read(f"<meta name=description content='{'x' * 2000}'><a href=/{'y' * 3000}>z</a>".encode())
    assert len(page.snapshot.description or "") == 1000
    assert page.snapshot.internal_links == 0


def test_links_beyond_the_first_two_thousand_are_not_counted() -> None:
    assert read(b"<a href=/x>y</a>" * 2500).snapshot.internal_links == 2000


def test_html_is_what_says_so() -> None:
    assert is_html(CIMultiDictProxy(CIMultiDict({"Content-Type": "Text/HTML; charset=x"})))
    assert not is_html(CIMultiDictProxy(CIMultiDict({"Content-Type": "text/plain"})))
    assert not is_html(CIMultiDictProxy(CIMultiDict()))


async def test_the_event_loop_does_not_wait_for_an_expression() -> None:
    """A page may be small and still take most of a second; the loop turns all the while."""
    slow = Matcher([KeywordRule("a[ab]{999}c", RuleType.REGEX)])
    text = "".join(Random(1).choices("ab", k=30_000)).encode()
    body, headers = Body(text, truncated=False), CIMultiDict({"Content-Type": "text/plain"})
    reading = asyncio.ensure_future(read_apart(body, CIMultiDictProxy(headers), slow, HOME))
    turns = 0
    while not reading.done():
        await asyncio.wait({reading}, timeout=0.001)
        turns += 1
    assert (await reading).hits == ()
    assert turns > 5
