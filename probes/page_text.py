"""The text of a page in zones, as a person would see it, so that keywords are not found in scripts and attributes.

BODY is all visible text; HEADING and ANCHOR are the parts of it inside h1 to h6 and inside links, listed
once more, so that a phrase which runs into a link is still found whole. Inline elements do not break a word
and all others do. White space is collapsed and everything is in NFC, as the rules are.
"""

import unicodedata
from collections.abc import Iterator

import msgspec
from selectolax.lexbor import LexborHTMLParser, LexborNode

from probes.markup import bounded
from vocabulary.checks import Zone

MAX_TITLE = 512
MAX_DESCRIPTION = 1000
MAX_LINKS = 2000
_MAX_HREF = 2048

_SKIPPED = frozenset({"head", "script", "style", "noscript", "template", "iframe", "noembed", "noframes"})
_INLINE = frozenset(
    {
        *(
            "a",
            "abbr",
            "acronym",
            "b",
            "bdi",
            "bdo",
            "big",
            "cite",
            "code",
            "data",
            "del",
            "dfn",
            "em",
            "font",
            "i",
        ),
        *(
            "ins",
            "kbd",
            "label",
            "mark",
            "q",
            "ruby",
            "s",
            "samp",
            "small",
            "span",
            "strike",
            "strong",
            "sub",
            "sup",
        ),
        *("time", "tt", "u", "var", "wbr"),
    }
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_META = "meta[name=description i], meta[name=keywords i]"
_DESCRIPTION = "meta[name=description i]"


class PageText(msgspec.Struct, frozen=True):
    """The text of each zone that has any, the title and the description as they are shown, and how the page is built.

    `headings` counts elements, empty ones too; `hrefs` are the first `MAX_LINKS` links as they are written, to be read
    from `base` if that is not None.
    """

    zones: dict[Zone, str]
    title: str | None = None
    description: str | None = None
    headings: int = 0
    hrefs: tuple[str, ...] = ()
    base: str | None = None


def from_plain(text: str) -> PageText:
    """A document without markup: all of it is body."""
    body = _clean(text)
    return PageText({Zone.BODY: body} if body else {})


def from_html(html: str) -> PageText:
    """The zones of an HTML page; broken markup is read as browsers read it."""
    tree = LexborHTMLParser(bounded(html))
    title = tree.css_first("head > title") or tree.css_first("body > title")
    visible = _Visible()
    if tree.body is not None:
        visible.walk(tree.body)
    texts = {
        Zone.TITLE: _clean(title.text()) if title is not None else "",
        Zone.META: _clean(" ".join(_contents(tree, _META))),
        Zone.HEADING: _clean("".join(visible.headings)),
        Zone.ANCHOR: _clean("".join(visible.anchors)),
        Zone.BODY: _clean("".join(visible.body)),
    }
    zones = {zone: text for zone, text in texts.items() if text}
    base = tree.css_first("base[href]")
    return PageText(
        zones,
        title=zones.get(Zone.TITLE, "")[:MAX_TITLE] or None,
        description=_clean(next(_contents(tree, _DESCRIPTION), ""))[:MAX_DESCRIPTION] or None,
        headings=visible.heading_count,
        hrefs=tuple(visible.hrefs),
        base=_href(base) if base is not None else None,
    )


def _contents(tree: LexborHTMLParser, selector: str) -> Iterator[str]:
    for node in tree.css(selector):
        yield node.attributes.get("content") or ""


def _href(node: LexborNode) -> str | None:
    """Where a link leads, as it is written; None if it says nothing, or too much."""
    href = (node.attributes.get("href") or "").strip()
    return href if 0 < len(href) <= _MAX_HREF else None


def _clean(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))


class _Visible:
    """Collects the visible text of a tree; without recursion, since pages nest as deep as they like."""

    def __init__(self) -> None:
        self.body: list[str] = []
        self.headings: list[str] = []
        self.anchors: list[str] = []
        self.hrefs: list[str] = []
        self.heading_count = 0
        self._heading = 0
        self._anchor = 0

    def walk(self, root: LexborNode) -> None:
        """Visit everything below `root` in document order."""
        node: LexborNode | None = root.child
        parents: list[tuple[LexborNode, str]] = []
        while True:
            while node is None:
                if not parents:
                    return
                node, tag = parents.pop()
                self._leave(tag)
                node = node.next
            tag = node.tag or ""
            if tag == "-text":
                self._take(node.text_content or "")
            elif tag not in _SKIPPED and not tag.startswith(("-", "!")):
                self._enter(node, tag)
                parents.append((node, tag))
                node = node.child
                continue
            node = node.next

    def _take(self, text: str) -> None:
        self.body.append(text)
        if self._heading:
            self.headings.append(text)
        if self._anchor:
            self.anchors.append(text)

    def _enter(self, node: LexborNode, tag: str) -> None:
        if tag not in _INLINE:
            self._take(" ")
        if tag in _HEADINGS:
            self.heading_count += 1
            self._heading += 1
        elif tag == "a":
            self._anchor += 1
            if len(self.hrefs) < MAX_LINKS and (href := _href(node)) is not None:
                self.hrefs.append(href)

    def _leave(self, tag: str) -> None:
        # The space at the end of a heading or a link belongs to it, so that two of them do not run together.
        if tag not in _INLINE:
            self._take(" ")
        elif tag == "a":
            self.anchors.append(" ")
        self._heading -= tag in _HEADINGS
        self._anchor -= tag == "a"
