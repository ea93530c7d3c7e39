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


class PageText(msgspec.Struct, frozen=True):
    """The text of each zone that has any, and the title as it is shown."""

    zones: dict[Zone, str]
    title: str | None = None


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
        Zone.META: _clean(" ".join(_contents(tree))),
        Zone.HEADING: _clean("".join(visible.headings)),
        Zone.ANCHOR: _clean("".join(visible.anchors)),
        Zone.BODY: _clean("".join(visible.body)),
    }
    zones = {zone: text for zone, text in texts.items() if text}
    return PageText(zones, zones.get(Zone.TITLE, "")[:MAX_TITLE] or None)


def _contents(tree: LexborHTMLParser) -> Iterator[str]:
    for node in tree.css(_META):
        yield node.attributes.get("content") or ""


def _clean(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))


class _Visible:
    """Collects the visible text of a tree; without recursion, since pages nest as deep as they like."""

    def __init__(self) -> None:
        self.body: list[str] = []
        self.headings: list[str] = []
        self.anchors: list[str] = []
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
                self._enter(tag)
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

    def _enter(self, tag: str) -> None:
        if tag not in _INLINE:
            self._take(" ")
        self._heading += tag in _HEADINGS
        self._anchor += tag == "a"

    def _leave(self, tag: str) -> None:
        # The space at the end of a heading or a link belongs to it, so that two of them do not run together.
        if tag not in _INLINE:
            self._take(" ")
        elif tag == "a":
            self.anchors.append(" ")
        self._heading -= tag in _HEADINGS
        self._anchor -= tag == "a"
