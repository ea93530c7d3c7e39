"""The last few pages that were read behind the window, for all groups of a process.

After a restart many groups bring their members from the same parts of the log to the present. A page is read from the
database and decoded once for all of them, one reading at a time, and whoever comes meanwhile has what it finds. Only
full pages at multiples of their length are kept: all readers ask for those, and they never change. They are of one log;
the hub forgets them with it, and what was under way then is kept by nobody.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from core.tasks import Owner
from events.envelope import Page

KEPT_PAGES = 32

Place = tuple[int, int]
"""After which position a page begins, and how many events it has at most."""


class OlderPages:
    """Pages behind the window; `read` reads one from the log."""

    def __init__(self, read: Callable[[int, int], Awaitable[Page]], owner: Owner) -> None:
        self._read = read
        self._owner = owner
        # The one that was used longest ago comes first.
        self._kept: OrderedDict[Place, Page] = OrderedDict()
        self._under_way: dict[Place, asyncio.Task[Page | Exception]] = {}

    def __repr__(self) -> str:
        return f"<OlderPages, {len(self._kept)} kept, {len(self._under_way)} under way>"

    def forget(self) -> None:
        """Another log may be there: keep nothing of this one, nor what is under way."""
        self._kept = OrderedDict()
        self._under_way = {}

    async def read_after(self, position: int, limit: int) -> Page:
        """At most `limit` events after `position`; raises what `read` raises."""
        place = position, limit
        kept = self._kept.get(place)
        if kept is not None:
            self._kept.move_to_end(place)
            return kept
        # Whoever goes away must not take the page from the others.
        found = await asyncio.shield(self._under_way.get(place) or self._begin(place))
        if isinstance(found, Exception):
            raise found
        return found

    def _begin(self, place: Place) -> asyncio.Task[Page | Exception]:
        reading = self._owner.start(self._outcome(place, self._kept, self._under_way), "older page")
        self._under_way[place] = reading
        return reading

    async def _outcome(
        self,
        place: Place,
        kept: OrderedDict[Place, Page],
        under_way: dict[Place, asyncio.Task[Page | Exception]],
    ) -> Page | Exception:
        """What is found, or why nothing is. It goes to where it belongs, which may be forgotten by now."""
        position, limit = place
        try:
            page = await self._read(position, limit)
        except Exception as error:  # noqa: BLE001  It is raised for everybody who waits.
            return error
        finally:
            del under_way[place]
        if position % limit == 0 and len(page.envelopes) == limit:
            kept[place] = page
            if len(kept) > KEPT_PAGES:
                kept.popitem(last=False)
        return page
