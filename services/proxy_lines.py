"""Lists of proxies as people have them: one on a line, in one of four forms.

    host:port
    host:port:user:password
    user:password@host:port                       (the password may be left out)
    scheme://[user:password@]host:port            (http, https, socks4, socks5)

With a scheme, %XX stands for a byte of the user or the password; without one, everything stands for itself. Blank
lines count for nothing, nor does what follows a `#` that begins a line or stands after white space.

A line that can be read in two ways is refused, for a wrong guess would tell a password to a stranger. What is given
back of a line is its text only where no part of it can be a user or a password; when in doubt, it is not.
"""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

import msgspec

from core.errors import Violation
from services.proxies import ProxyDraft, check_connection, told_apart
from services.rules_text import is_storable
from vocabulary.proxies import ProxyProtocol

MAX_LINES = 1000
MAX_BYTES = 256 * 1024

_ADDRESS = r"(?P<host>\[[^\[\]@\s]*\]|[^:\[\]@\s]+):(?P<port>[0-9]{1,9})"
_BEHIND = re.compile(rf"{_ADDRESS}(?::(?P<user>[^:]*):(?P<password>.*))?", re.DOTALL)
_BEFORE = re.compile(rf"(?P<user>[^:]*)(?::(?P<password>.*))?@{_ADDRESS}", re.DOTALL)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_COMMENT = re.compile(r"(?:^|\s)#.*", re.DOTALL)
# With its port: a word alone may be a password, of a line that was broken in two.
_HARMLESS = re.compile(r"(?:[A-Za-z0-9+.-]+://)?(?:\[[0-9A-Fa-f:.]*\]|[A-Za-z0-9._-]{1,253}):[0-9]{1,9}/?")

FORMS = (
    "must be host:port, host:port:user:password, user:password@host:port or scheme://user:password@host:port"
)
TWO_WAYS = "can be read in two ways: write it as scheme://user:password@host:port"
SCHEMES = "must begin with http://, https://, socks4:// or socks5://, or have no scheme"


class Line(msgspec.Struct, frozen=True):
    """A line that is neither blank nor a comment: a draft without a name, or what is wrong with it.

    `number` counts from 1, blank lines and comments too; `text` is None where it may hold a user or a password.
    """

    number: int
    text: str | None
    draft: ProxyDraft | None = None
    violations: tuple[Violation, ...] = ()


class _Unreadable(Exception):
    """A line is in none of the forms; the message is constant, so that it says nothing of the line."""


def check_list(text: str) -> Iterator[Violation]:
    """A list as a whole: its size, and what no database can hold."""
    if len(text.encode(errors="replace")) > MAX_BYTES:
        yield Violation(("text",), f"must have at most {MAX_BYTES} bytes in UTF-8", f"0..{MAX_BYTES}")
    elif not is_storable(text):
        yield Violation(("text",), "must not contain U+0000 or lone surrogates")
    elif sum(1 for _ in _entries(text)) > MAX_LINES:
        yield Violation(("text",), f"must hold at most {MAX_LINES} proxies", f"0..{MAX_LINES}")


def lines_told_apart(lines: Sequence[Line]) -> list[object]:
    """What makes a list another request than another one: all that it says but for passwords."""
    return [(line.number, line.text, line.draft and told_apart(line.draft)) for line in lines]


def read_lines(text: str, protocol: ProxyProtocol) -> list[Line]:
    """Every line that names a proxy; `protocol` is that of lines without a scheme."""
    return [_line(number, entry, protocol) for number, entry in _entries(text)]


def _entries(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        entry = _COMMENT.sub("", line.removeprefix("\ufeff")).strip()
        if entry:
            yield number, entry


def _line(number: int, entry: str, protocol: ProxyProtocol) -> Line:
    text = entry if _HARMLESS.fullmatch(entry) else None
    try:
        draft = _draft(entry, protocol)
    except _Unreadable as error:
        return Line(number, text, violations=(Violation(("text",), str(error)),))
    broken = tuple(check_connection(draft))
    return Line(number, text, violations=broken) if broken else Line(number, text, draft)


def _draft(entry: str, protocol: ProxyProtocol) -> ProxyDraft:
    scheme = _SCHEME.match(entry)
    if scheme is None:
        return _made(_plain(entry), protocol)
    try:
        named = ProxyProtocol(scheme[1].upper())
    except ValueError as error:
        raise _Unreadable(SCHEMES) from error
    rest = entry[scheme.end() :].removesuffix("/")
    found = _BEFORE.fullmatch(rest) or re.fullmatch(_ADDRESS, rest)
    if found is None:
        raise _Unreadable(FORMS)
    return _made({name: _decoded(value) for name, value in found.groupdict().items()}, named)


def _plain(entry: str) -> dict[str, str | None]:
    found = [match for form in (_BEFORE, _BEHIND) if (match := form.fullmatch(entry))]
    if not found:
        raise _Unreadable(FORMS)
    if len(found) > 1:
        raise _Unreadable(TWO_WAYS)
    return found[0].groupdict()


def _decoded(value: str | None) -> str | None:
    try:
        return None if value is None else unquote(value, errors="strict")
    except UnicodeDecodeError as error:
        raise _Unreadable("must have UTF-8 behind its percent signs") from error


def _made(parts: dict[str, str | None], protocol: ProxyProtocol) -> ProxyDraft:
    return ProxyDraft(
        name="",
        protocol=protocol,
        host=parts["host"] or "",
        port=int(parts["port"] or 0),
        username=parts.get("user"),
        password=parts.get("password"),
    )
