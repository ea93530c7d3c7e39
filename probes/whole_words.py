r"""Finds a pattern where it stands by itself: no word character before it, and none after it.

Word characters are Unicode's letters, numbers and marks, and the underscore. RE2's `\b` knows only those of
ASCII, so the characters on either side are made part of the pattern. RE2 then tries every way in which the
pattern fits: `shop|shops` is found in "shops", where a look at the neighbours of "shop" afterwards would lose it.

Hits do not overlap one another. A character between two hits is a neighbour of both, so the search goes on at
the last character of a hit, and there it is no longer a hit to begin the text. What was refused as a part of a
word is passed over by one character, so "a a" is found once in "xa a a", from the second "a" on.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import re2

_re2: Any = re2
_NO_WORD = r"[^\pL\pN\pM_]"
# What RE2 gives a pattern unless told is 8 MiB. The neighbours take some 200 KiB, so that with twice as much
# no pattern is too large here that is not too large by itself.
_MEMORY = 16 << 20


class WholeWords:
    """One pattern of RE2, compiled when it is first looked for: that takes a millisecond, and most never are.

    Raises:
        re2.error: on first use, if the pattern is none of RE2.
    """

    def __init__(self, source: str) -> None:
        self._source = source

    def __repr__(self) -> str:
        return f"<WholeWords {self._source!r}>"

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where it starts and ends, in characters, from left to right."""
        data = text.encode()
        seen = characters = 0
        for start, end in self._byte_spans(data):
            first = characters + len(data[seen:start].decode())
            seen, characters = end, first + len(data[start:end].decode())
            yield first, characters

    def _byte_spans(self, data: bytes) -> Iterator[tuple[int, int]]:
        """The same in bytes, so that one encoding of the text serves all searches."""
        match = self._opening.search(data)
        while match is not None:
            start, end = match.span(1)
            yield start, end
            # A hit without characters, between two that are no word, has no last one.
            match = self._following.search(data, _last_character(data, end) if end > start else end)

    @cached_property
    def _opening(self) -> Any:
        return self._compiled(rf"(?:\A|{_NO_WORD})")

    @cached_property
    def _following(self) -> Any:
        return self._compiled(_NO_WORD)

    def _compiled(self, before: str) -> Any:
        options = _re2.Options()
        options.log_errors = False
        options.max_mem = _MEMORY
        return _re2.compile(rf"{before}({self._source})(?:{_NO_WORD}|\z)", options)


def _last_character(data: bytes, end: int) -> int:
    """Where the last character before `end` starts in UTF-8 (RFC 3629 section 3)."""
    start = end - 1
    while data[start] & 0xC0 == 0x80:
        start -= 1
    return start
