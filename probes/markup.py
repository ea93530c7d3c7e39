"""Cuts markup off where building its tree would take more work than any honest page does.

The tree construction of HTML is not linear. Elements that are never closed make every later step walk a
longer stack (50 000 nested divs, 250 kB, took 2.3 s), and formatting elements that are left open are cloned
into every paragraph after them, so that 500 of them and 100 000 paragraphs become 50 million nodes. Fetched
pages are untrusted and the parser cannot be interrupted, so the work is estimated first, by one linear pass
over the tags (possessive patterns, no backtracking), and the page ends where the estimate runs over. Pages
with few tags are not looked at.
"""

import re
from collections import Counter

_FEW_TAGS = 2000
_MOST_STEPS = 8_000_000
_MOST_CLONES = 500_000

_FORMATTING = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
)
# Elements that hold nothing, and those that the next of their kind closes.
_FLAT = frozenset(
    {
        *(
            "area",
            "base",
            "br",
            "col",
            "embed",
            "hr",
            "img",
            "input",
            "link",
            "meta",
            "source",
            "track",
            "wbr",
        ),
        *(
            "caption",
            "colgroup",
            "dd",
            "dt",
            "li",
            "optgroup",
            "option",
            "p",
            "rp",
            "rt",
            "tbody",
            "td",
            "tfoot",
        ),
        *("th", "thead", "tr"),
    }
)
# What ends an svg without an end tag, because it is HTML again (HTML standard, 13.2.6.5).
_BREAKOUT = frozenset(
    {
        *(
            "b",
            "big",
            "blockquote",
            "body",
            "br",
            "center",
            "code",
            "dd",
            "div",
            "dl",
            "dt",
            "em",
            "embed",
            "font",
        ),
        *(
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "head",
            "hr",
            "i",
            "img",
            "li",
            "listing",
            "menu",
            "meta",
            "nobr",
        ),
        *(
            "ol",
            "p",
            "pre",
            "ruby",
            "s",
            "small",
            "span",
            "strike",
            "strong",
            "sub",
            "sup",
            "table",
            "tt",
            "u",
        ),
        *("ul", "var", "desc", "foreignobject"),
    }
)
_TAG = re.compile(
    r"""<!--.*?(?:-->|\Z)
    | <(?P<raw>script|style|textarea|title|xmp|iframe|noembed|noframes)\b.*?(?:</(?P=raw)\b|\Z)
    | <(?P<end>/?+)(?P<tag>[a-z][^\s/>]*+)
      (?:[\s/]++ | =?+[^\s/>=]++ (?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>]*+))?+ | =)*+
    """,
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)


def bounded(html: str) -> str:
    """`html`, up to the tag at which its tree would become too much work; nearly always all of it."""
    if html.count("<") <= _FEW_TAGS:
        return html
    load = _Load()
    for match in _TAG.finditer(html):
        tag = (match["tag"] or "").lower()
        if not tag:
            continue
        if match["end"]:
            load.end(tag)
        elif not load.start(tag, is_self_closed=match[0].endswith("/")):
            return html[: match.start()]
    return html


class _Load:
    """Counts what a parser would have open, and what that costs it."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._depth = 0
        self._formatting = 0
        self._steps = 0
        self._clones = 0
        self._is_svg = False

    def start(self, tag: str, *, is_self_closed: bool) -> bool:
        """Count a start tag; False if it is one too many."""
        self._steps += self._depth
        self._clones += self._formatting
        self._is_svg = (self._is_svg or tag == "svg") and tag not in _BREAKOUT
        # Only in svg does a slash close an element; in HTML it means nothing.
        if tag not in _FLAT and not (is_self_closed and self._is_svg):
            self._open[tag] += 1
            self._depth += 1
            self._formatting += tag in _FORMATTING
        return self._steps <= _MOST_STEPS and self._clones <= _MOST_CLONES

    def end(self, tag: str) -> None:
        """Count an end tag, if its element is open."""
        self._is_svg = self._is_svg and tag not in {"svg", "p", "br"}
        if self._open[tag] > 0:
            self._open[tag] -= 1
            self._depth -= 1
            self._formatting -= tag in _FORMATTING
