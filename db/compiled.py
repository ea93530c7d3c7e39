"""The statements that SQLAlchemy has compiled for one engine: those used most recently, bounded by their size.

Its own cache is bounded by their number, which is no bound: which statements there are is up to clients, who choose
what lists are narrowed to and how many of them are asked for at once. One of a hundred parts takes a thousand times
what the smallest does.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterator, MutableMapping

from sqlalchemy.engine import Compiled

KEPT_CHARACTERS = 1 << 17
"""Compiled, a statement takes 80 times the memory of its text: 10 MiB for all of an engine. All statements that write
are 80, of 20 thousand characters together."""


class CompiledStatements(MutableMapping[Hashable, Compiled]):
    """What SQLAlchemy takes for the `compiled_cache` of an engine; `characters` is how much text all of them are."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Compiled] = OrderedDict()
        self.characters = 0

    def __repr__(self) -> str:
        return f"<CompiledStatements {len(self)} kept>"

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._kept)

    def __getitem__(self, key: Hashable) -> Compiled:
        found = self._kept[key]
        self._kept.move_to_end(key)
        return found

    def __setitem__(self, key: Hashable, compiled: Compiled) -> None:
        if key in self._kept:
            del self[key]
        self._kept[key] = compiled
        self.characters += _size(compiled)
        while self.characters > KEPT_CHARACTERS:
            _, oldest = self._kept.popitem(last=False)
            self.characters -= _size(oldest)

    def __delitem__(self, key: Hashable) -> None:
        self.characters -= _size(self._kept.pop(key))


def _size(compiled: Compiled) -> int:
    # What comes to no text, such as a default, takes some memory all the same.
    return len(compiled.string or "") or 1
