"""Links of a page: inside, outside, to whom, and which pages an extra look may go to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from probes.page_links import MAX_HOSTS, MAX_INNER, Links, read_links, same_origin
from vocabulary.pages import Link

HOME = URL("https://www.a.test:8443/dir/page?q=1")


def read(*hrefs: str, base: str | None = None) -> Links:
    return read_links(hrefs, base, HOME)


def inner(*hrefs: str, base: str | None = None) -> list[str]:
    return [str(url) for url in same_origin(read(*hrefs, base=base).inner, HOME)]


def test_links_are_counted_by_where_they_lead() -> None:
    found = read(
        "/x",
        "y",
        "https://a.test/z",
        "//B.test/",
        "http://b.test/2",
        "https://c.test",
        "https://blog.a.test/",
    )
    assert (found.internal, found.external) == (3, 4)
    assert found.hosts == (Link("b.test", 2), Link("blog.a.test", 1), Link("c.test", 1))


def test_only_the_hosts_with_the_most_links_are_kept() -> None:
    found = read(*(f"https://h{n:02}.test/" for n in range(30)), "https://h29.test/again")
    assert (found.external, len(found.hosts), found.hosts[0]) == (31, MAX_HOSTS, Link("h29.test", 2))


@pytest.mark.parametrize(
    "href",
    [
        "#top",
        "mailto:x@a.test",
        "javascript:void(0)",
        "tel:1",
        "ftp://a.test/",
        "http://[oops/",
        "http://",
        "https://bad host/",
        "http://" + "x" * 300,
        "data:text/html,x",
        "https:x",
    ],
    ids=lambda href: href[:20],
)
def test_what_leads_nowhere_is_no_link(href: str) -> None:
    assert read(href) == Links()


def test_names_in_other_scripts_are_as_dns_has_them() -> None:
    assert read("https://B\u00fccher.test/").hosts == (Link("xn--bcher-kva.test", 1),)


def test_pages_of_the_same_origin_each_once_without_fragment_and_credentials() -> None:
    assert inner(
        "/a#one", "/a#two", "b?x=1", "https://u:p@www.a.test:8443/c", "/dir/page?q=1", "/dir/page?q=1#x"
    ) == [
        "https://www.a.test:8443/a",
        "https://www.a.test:8443/dir/b?x=1",
        "https://www.a.test:8443/c",
    ]


@pytest.mark.parametrize(
    "href", ["http://www.a.test:8443/x", "https://www.a.test/x", "https://a.test:8443/x", "https://b.test/x"]
)
def test_another_origin_is_not_the_same(href: str) -> None:
    assert inner(href) == []


def test_a_base_moves_what_is_relative() -> None:
    assert inner("x", base="/other/") == ["https://www.a.test:8443/other/x"]
    assert read("x", base="https://b.test/").hosts == (Link("b.test", 1),)
    assert inner("x", base="http://[oops") == ["https://www.a.test:8443/dir/x"]


def test_pages_to_look_at_are_bounded() -> None:
    found = read(*(f"/{n}" for n in range(500)))
    assert (found.internal, len(found.inner)) == (500, MAX_INNER)


@given(
    st.lists(st.text(max_size=30) | st.text(":/?#[]@a.%\u0130", max_size=12), max_size=20),
    st.text(max_size=9),
)
def test_no_link_is_too_strange(hrefs: list[str], base: str) -> None:
    found = read_links(hrefs, base, HOME)
    assert found.internal + found.external <= len(hrefs)
    assert sum(link.count for link in found.hosts) <= found.external
    assert len(found.inner) <= found.internal
    assert all(url.origin() == HOME.origin() for url in same_origin(found.inner, HOME))
