"""Reading lists of proxies: the four forms, what is refused, and what is never given back."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.proxies import ProxyDraft
from services.proxy_lines import FORMS, MAX_BYTES, MAX_LINES, SCHEMES, TWO_WAYS, Line, check_list, read_lines
from vocabulary.proxies import ProxyProtocol

HTTP, HTTPS = ProxyProtocol.HTTP, ProxyProtocol.HTTPS
SOCKS4, SOCKS5 = ProxyProtocol.SOCKS4, ProxyProtocol.SOCKS5


def read(text: str, protocol: ProxyProtocol = HTTP) -> Line:
    [line] = read_lines(text, protocol)
    return line


def parts(draft: ProxyDraft | None) -> tuple[ProxyProtocol, str, int, str | None, str | None]:
    assert draft is not None
    return draft.protocol, draft.host, draft.port, draft.username, draft.password


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("proxy.example:8080", (HTTP, "proxy.example", 8080, None, None)),
        ("192.0.2.1:1", (HTTP, "192.0.2.1", 1, None, None)),
        ("[2001:db8::1]:65535", (HTTP, "[2001:db8::1]", 65535, None, None)),
        ("h.example:80:ada:secret", (HTTP, "h.example", 80, "ada", "secret")),
        ("h.example:80:ada:a:b:c", (HTTP, "h.example", 80, "ada", "a:b:c")),
        ("h.example:80:ada:p@ss", (HTTP, "h.example", 80, "ada", "p@ss")),
        ("[::1]:80:ada:secret", (HTTP, "[::1]", 80, "ada", "secret")),
        ("ada:secret@h.example:80", (HTTP, "h.example", 80, "ada", "secret")),
        ("ada:a:b@c%41@[::1]:80", (HTTP, "[::1]", 80, "ada", "a:b@c%41")),
        ("ada@h.example:80", (HTTP, "h.example", 80, "ada", None)),
        ("http://h.example:80", (HTTP, "h.example", 80, None, None)),
        ("HTTPS://h.example:443/", (HTTPS, "h.example", 443, None, None)),
        ("socks4://ada@h.example:1080", (SOCKS4, "h.example", 1080, "ada", None)),
        ("socks5://ada:p%40s%3As%C3%B6@h.example:1080", (SOCKS5, "h.example", 1080, "ada", "p@s:sö")),
    ],
)
def test_every_form_is_read(text: str, expected: object) -> None:
    assert parts(read(text).draft) == expected


@pytest.mark.parametrize("protocol", list(ProxyProtocol))
def test_the_default_protocol_is_that_of_lines_without_a_scheme(protocol: ProxyProtocol) -> None:
    lines = read_lines("a.example:1\nsocks5://a.example:2", protocol)
    assert [line.draft.protocol for line in lines if line.draft] == [protocol, SOCKS5]


def test_blank_lines_and_comments_are_counted_and_left_out() -> None:
    text = "\ufeff# head\r\n\r\n  a.example:1  # one\n\t#x\rb.example:2:u:p#1\n"
    lines = read_lines(text, HTTP)
    assert [(line.number, parts(line.draft)[1:]) for line in lines] == [
        (3, ("a.example", 1, None, None)),
        (5, ("b.example", 2, "u", "p#1")),
    ]


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("h.example", "text", FORMS),
        ("h.example:", "text", FORMS),
        ("h.example:80a", "text", FORMS),
        ("h.example:80:ada", "text", FORMS),
        ("::1:80", "text", FORMS),
        ("http://h.example", "text", FORMS),
        ("http://h.example:80/path", "text", FORMS),
        ("http://h.example:80:ada:secret", "text", FORMS),
        ("socks5h://h.example:80", "text", SCHEMES),
        ("ftp://h.example:80", "text", SCHEMES),
        ("192.0.2.1:80:ada:x@h.example:81", "text", TWO_WAYS),
        ("http://u:%ff@h.example:80", "text", "must have UTF-8 behind its percent signs"),
        ("h.example:0", "port", "must be from 1 to 65535"),
        ("h.example:65536", "port", "must be from 1 to 65535"),
        ("192.0.2.300:80", "host", "must be an IP address or a legal host name"),
        (":secret@h.example:80", "username", "must have 1 to 255 characters"),
        ("h.example:80:ada:", "password", "must have 1 to 255 characters"),
        ("socks4://ada:secret@h.example:80", "password", "is not part of SOCKS4"),
        ("socks5://ada@h.example:80", "password", "is needed with a username over SOCKS5"),
    ],
)
def test_a_wrong_line_says_what_is_wrong(text: str, path: str, message: str) -> None:
    line = read(text)
    assert line.draft is None
    [violation] = line.violations
    assert violation.path == (path,)
    assert violation.message.startswith(message)


@pytest.mark.parametrize(
    "text",
    ["h.example:80", "192.0.2.1:99999", "[2001:db8::1]:80", "socks5://h.example:80/", "ftp://h.example:80"],
)
def test_a_line_without_user_and_password_is_given_back(text: str) -> None:
    assert read(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        "h.example:80:ada:hunter2",
        "ada:hunter2@h.example:80",
        "http://ada:hunter2@h.example:80",
        "ftp://ada:hunter2@h.example:80",
        "h.example:80:hunter2",
        "h.example:hunter2",
        "h.example:80 ada hunter2",
        "h.example,80,ada,hunter2",
        "h.example:80/hunter2",
        "http://h.example:80?p=hunter2",
        "ada:hunter2@h.example:99999",
        "[hunter2]:80",
        "hunter2",
        "hunter2:",
        "http://hunter2",
    ],
)
def test_a_line_that_may_hold_a_password_is_not(text: str) -> None:
    line = read(text)
    assert line.text is None
    assert "hunter2" not in repr(line)


WORD = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=30)


@given(WORD, WORD, st.sampled_from(["{user}:{password}@h.example:80", "h.example:80:{user}:{password}"]))
def test_no_credentials_are_ever_given_back(user: str, password: str, form: str) -> None:
    for line in read_lines(form.format(user=user, password=password), HTTP):
        assert line.text is None or "#" in form.format(user=user, password=password)


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    for line in read_lines(text, SOCKS5):
        assert (line.draft is None) == bool(line.violations)


@pytest.mark.parametrize("text", ["@", ":", "a:", "a@", "a:@", "[", "%41", "://", "a:1:"])
def test_a_long_line_is_read_in_no_time(text: str) -> None:
    started = time.process_time()
    read_lines(text * (50_000 // len(text)), HTTP)
    assert time.process_time() - started < 2


def broken(text: str) -> list[str | None]:
    violations = [*check_list(text)]
    assert all(violation.path == ("text",) for violation in violations)
    return [violation.limit for violation in violations]


def test_a_list_has_limits() -> None:
    full = "# head\n\n" + "h.example:1\n" * MAX_LINES
    assert broken("") == broken(full) == []
    assert broken(full + "h.example:1") == ["0..1000"]
    assert broken("#" * MAX_BYTES) == []
    assert broken("#" * MAX_BYTES + "#") == broken("ü" * (MAX_BYTES // 2 + 1)) == ["0..262144"]
    assert broken("a\0") == broken("a\ud800") == [None]
