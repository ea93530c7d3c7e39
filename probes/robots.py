"""What a site asks robots not to fetch (RFC 9309), read line by line and matched without any regular expression.

We have more than one token: our own, and what the persona calls itself. The rules for one are those of all groups that
name it, or, if none does, of the groups for `*`, and a path may be fetched if the rules for each token allow it: a
persona that calls itself by the name of another robot gets none of that one's leave. Of the rules for a token the
longest that matches decides, and of two equally long ones the one that allows. `*` stands for any characters and `$` at
the end for the end of the path; percent-encoding is compared in one form. Records that the standard does not define,
such as Crawl-delay and Sitemap, are passed over as if they were not there.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote

TOKEN = "heliograph"  # noqa: S105 - a product token, RFC 9309 section 2.2.1.

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PRINTABLE = "".join(chr(code) for code in range(0x21, 0x7F))
_ESCAPED = re.compile("%[0-9a-fA-F]{2}")
_PRODUCT = re.compile("[A-Za-z_-]+")
_BOM = "\ufeff"


class Rule(NamedTuple):
    """One line of a group: whether paths that match `pattern` may be fetched."""

    is_allowed: bool
    pattern: str


class Robots(NamedTuple):
    """The rules for each of our tokens, all in the one form of percent-encoding."""

    rules: frozenset[tuple[Rule, ...]] = frozenset()

    def allows(self, path: str) -> bool:
        """Whether `path` (with its query, as it is sent) may be fetched; /robots.txt itself always may."""
        path = _normal(path)
        return path == "/robots.txt" or all(_allow(rules, path) for rules in self.rules)


EVERYTHING = Robots()
NOTHING = Robots(frozenset({(Rule(is_allowed=False, pattern="/"),)}))


def tokens_of(user_agent: str) -> frozenset[str]:
    """The names, in lower case, by which a site may call the client of this User-Agent: ours, and the persona's."""
    product = _PRODUCT.match(user_agent)
    return frozenset({TOKEN, product[0].lower()} if product else {TOKEN})


def parse_robots(text: str, tokens: frozenset[str]) -> Robots:
    """The rules of a robots.txt for a client that is called by each of `tokens`. Never raises."""
    groups = [*_groups(_records(text))]
    return Robots(frozenset(_rules_for(token, groups) for token in tokens))


def _rules_for(token: str, groups: Sequence[tuple[frozenset[str], list[Rule]]]) -> tuple[Rule, ...]:
    """The rules of all groups that name a token, else those of the groups for everybody."""
    name = token if any(token in agents for agents, _ in groups) else "*"
    return tuple(rule for agents, rules in groups if name in agents for rule in rules)


def _allow(rules: Iterable[Rule], path: str) -> bool:
    matching = [rule for rule in rules if _matches(rule.pattern, path)]
    return max(((len(rule.pattern), rule.is_allowed) for rule in matching), default=(0, True))[1]


def _records(text: str) -> Iterator[tuple[str, str]]:
    """Name in lower case and value of each line that has them; only the records that the standard defines."""
    for line in text.removeprefix(_BOM).splitlines():
        name, colon, value = line.partition("#")[0].partition(":")
        name = name.strip().lower()
        if colon and name in {"user-agent", "allow", "disallow"}:
            yield name, value.strip()


def _groups(records: Iterable[tuple[str, str]]) -> Iterator[tuple[frozenset[str], list[Rule]]]:
    """Each run of user-agent lines with the rules behind it; rules before the first belong to nobody."""
    agents: set[str] = set()
    rules: list[Rule] = []
    is_open = False
    for name, value in records:
        if name == "user-agent":
            if is_open:
                yield frozenset(agents), rules
                agents, rules, is_open = set(), [], False
            product = _PRODUCT.match(value)
            agents.add("*" if value.startswith("*") else product[0].lower() if product else "")
            continue
        is_open = True
        # An empty rule matches nothing; it is how "nothing is disallowed" is written.
        if value:
            rules.append(Rule(name == "allow", _normal(value)))
    yield frozenset(agents), rules


def _normal(path: str) -> str:
    """Unreserved characters as they are, everything outside printable ASCII encoded, and escapes in upper case."""
    return _ESCAPED.sub(_unescape, quote(path, safe=_PRINTABLE))


def _unescape(match: re.Match[str]) -> str:
    code = int(match[0][1:], 16)
    return chr(code) if code in _UNRESERVED else match[0].upper()


def _matches(pattern: str, path: str) -> bool:
    """Whether `path` begins with `pattern`; each part behind a `*` is sought from left to right, once."""
    is_anchored = pattern.endswith("$")
    first, *others = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    last = others.pop() if is_anchored and others else None
    for part in others:
        found = path.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    if last is not None:
        return len(path) - at >= len(last) and path.endswith(last)
    return not is_anchored or at == len(path)
