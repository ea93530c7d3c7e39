"""robots.txt, clause by clause of RFC 9309."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.robots import EVERYTHING, NOTHING, parse_robots, tokens_of

US = tokens_of("Heliograph/1.0 (+https://example.com)")


def allows(text: str, path: str, tokens: frozenset[str] = US) -> bool:
    return parse_robots(text, tokens).allows(path)


@pytest.mark.parametrize(
    ("text", "is_allowed"),
    [
        ("", True),
        ("User-agent: *\nDisallow: /", False),
        ("user-AGENT:*\ndisallow:/", False),
        ("\ufeffUser-agent: *\r\nDisallow: / # all\r\n", False),
        ("User-agent: *\nDisallow:", True),
        ("Disallow: /", True),
        ("User-agent: other\nDisallow: /", True),
        ("User-agent: Heliograph\nDisallow: /", False),
        ("User-agent: heliograph/2.0\nDisallow: /", False),
        ("User-agent: heliographer\nDisallow: /", True),
        ("User-agent: *\nDisallow: /\nUser-agent: heliograph\nAllow: /", True),
        ("User-agent: heliograph\nDisallow:\n\nUser-agent: *\nDisallow: /", True),
        ("User-agent: *\nAllow: /\nUser-agent: heliograph\nDisallow: /", False),
        ("User-agent: other\nUser-agent: heliograph\nDisallow: /", False),
        ("User-agent: heliograph\nCrawl-delay: 9\nUser-agent: other\nDisallow: /", False),
        ("User-agent: heliograph\nAllow: /b\nUser-agent: other\nDisallow: /", True),
        ("User-agent: heliograph\nAllow: /b\nSitemap: x\nUser-agent: heliograph\nDisallow: /", False),
        ("<html>not found</html>", True),
    ],
    ids=[
        *("empty", "all", "without spaces", "mark and comment", "empty rule", "no group", "not us", "us"),
        *("us with version", "longer name", "ours instead", "ours first", "ours stricter", "two names"),
        *("unknown record", "group of another", "groups joined", "no robots.txt"),
    ],
)
def test_groups(text: str, is_allowed: bool) -> None:
    assert allows(text, "/page") is is_allowed


@pytest.mark.parametrize(
    ("rules", "path", "is_allowed"),
    [
        # The examples of section 5.2: the longest match wins.
        ("Allow: /example/page/\nDisallow: /example/page/disallowed.gif", "/example/page/x", True),
        (
            "Allow: /example/page/\nDisallow: /example/page/disallowed.gif",
            "/example/page/disallowed.gif",
            False,
        ),
        ("Disallow: /a\nAllow: /a", "/a", True),
        ("Disallow: /a", "/ab/c", False),
        ("Disallow: /a", "/b", True),
        ("Disallow: /a/", "/a", True),
        ("Disallow: *.gif$", "/x/y.gif", False),
        ("Disallow: *.gif$", "/x/y.gif?z", True),
        ("Disallow: /a*c*e", "/abcde", False),
        ("Disallow: /a*c*e", "/abcd", True),
        ("Disallow: /a*a$", "/a", True),
        ("Disallow: /a*a$", "/aba", False),
        ("Disallow: /$", "/", False),
        ("Disallow: /$", "/x", True),
        ("Disallow: /x?y=1", "/x?y=1&z", False),
        # The table of section 2.2.2.
        ("Disallow: /foo/bar?baz=quz", "/foo/bar?baz=quz", False),
        ("Disallow: /foo/bar/%E3%83%84", "/foo/bar/%e3%83%84", False),
        ("Disallow: /foo/bar/\u30c4", "/foo/bar/%E3%83%84", False),
        ("Disallow: /foo/bar/%62%61%7A", "/foo/bar/baz", False),
        ("Disallow: /a%2fb", "/a/b", True),
        ("Disallow: /", "/robots.txt", True),
    ],
    ids=[str(number) for number in range(21)],
)
def test_rules(rules: str, path: str, is_allowed: bool) -> None:
    assert allows(f"User-agent: *\n{rules}", path) is is_allowed


def test_a_persona_is_called_by_its_own_name_too() -> None:
    assert tokens_of("Acme-Bot/1.0 (+https://acme.test)") == {"heliograph", "acme-bot"}
    assert tokens_of("(odd)") == {"heliograph"}
    text = "User-agent: acme-bot\nDisallow: /x"
    assert not allows(text, "/x", tokens_of("Acme-Bot/1.0"))
    assert allows(text, "/x")


@pytest.mark.parametrize(
    ("text", "is_allowed"),
    [
        ("User-agent: heliograph\nDisallow: /\nUser-agent: googlebot\nAllow: /", False),
        ("User-agent: googlebot\nAllow: /\nUser-agent: *\nDisallow: /", False),
        ("User-agent: googlebot\nDisallow: /\nUser-agent: heliograph\nAllow: /", False),
        ("User-agent: googlebot\nUser-agent: heliograph\nAllow: /\nUser-agent: *\nDisallow: /", True),
        ("User-agent: other\nDisallow: /", True),
    ],
    ids=["not us", "nobody else", "not the other", "both", "neither"],
)
def test_the_name_of_another_robot_gets_none_of_its_leave(text: str, is_allowed: bool) -> None:
    posing = tokens_of("Googlebot/2.1 (+http://www.google.com/bot.html)")
    assert allows(text, "/page", posing) is is_allowed


def test_everything_and_nothing() -> None:
    assert EVERYTHING.allows("/x")
    assert not NOTHING.allows("/x")


def test_many_stars_take_no_long_time() -> None:
    started = time.process_time()
    assert allows("User-agent: *\nDisallow: /" + "*a" * 20_000 + "b", "/" + "a" * 40_000)
    assert time.process_time() - started < 2


@given(st.text(max_size=200) | st.text("user-agent:disallow*/ \n#$%", max_size=200), st.text(max_size=40))
def test_any_text_is_read(text: str, path: str) -> None:
    robots = parse_robots(text, US)
    assert robots.allows(path) == robots.allows(path)
    assert parse_robots("", US).allows(path)
