"""How the members of one group come to where its window begins: by stretches of the log, each rendered once for all.

The log is cut into stretches of the same length, (0, S], (S, 2S] and so on. A member that is behind gets what the
stretch has above its position, and goes on at the stretch's end. So it does not matter from how many places members
come: the log is read and rendered about once for each stretch, and what was is kept for a while (`live/shelf.py`).

Why nothing is lost, and nothing repeated:

* A stretch has every frame of the stream between its begin and its end. Who takes it is between the two, is handed the
  frames above its own position, and is at the end afterwards. Where it has none of those the member asks at once for
  the next one (`Member.take`), for nobody else would call it.
* Who is inside a silence (`live/window.py`) is at its end before it asks: before that is nothing that the stream tells,
  nor that a rate leaves out. A reset comes only if the log lacks what follows there.
* A stretch that the log has not come to the end of ends where the log did. What follows is a stretch of its own, which
  begins there: nothing is rendered twice, and what was handed out does not change.
* Who asks while its stretch is being read may be above what is found, for the log was shorter when that was begun. It
  is handed nothing, stays where it is, and asks again.
* One whose stretch begins where the log is no longer kept, while it is kept from where the member is, is read for from
  there. A reset comes only if the log lacks what follows its own position.
* With a rate, a stretch begins with nothing held and tells at its end all that it holds. Whoever is inside it has the
  older values of what it tells: from its snapshot, or from wherever its cursor comes from; and `skipped` counts at
  least what was left out since then. While there is only progress, a stretch takes in the ones that follow, as long as
  nobody reads those; it is handed out as a whole, for a part of it would not say what was left out before.
* What is read is of one era: it is handed out and kept only while the hub is in that era, and dropped with it.
"""

from collections.abc import Callable
from functools import partial

from events.log import Lapsed, Replaced
from live.commons import Commons
from live.failures import explain
from live.member import REPLACED, Chunk, Member
from live.operations import Stream
from live.outages import through_outages
from live.shelf import Stretch
from live.snapshots import Snapshots, Start
from live.teller import Teller
from live.window import Due


class CatchingUp:
    """Brings to the members of one group what its window has not."""

    def __init__(self, stream: Stream, commons: Commons, start: Start) -> None:
        self._stream = stream
        self._commons = commons
        self._start = start
        self._snapshots = Snapshots(stream, commons, start)
        self._readings: dict[tuple[int, int], list[Member]] = {}

    def __repr__(self) -> str:
        return f"<CatchingUp of {self._stream.field}, {len(self._readings)} readings>"

    @property
    def era(self) -> int:
        """That of the group."""
        return self._snapshots.era

    def come_over(self) -> None:
        """The group has gone over to the hub's era: what was read before is of another log."""
        self._commons.shelf.forget(self)
        self._snapshots.come_over()

    def end(self) -> None:
        """Keep nothing any more."""
        self._commons.shelf.forget(self)

    def fetch(self, member: Member) -> Chunk | None:
        """What follows the member's position, if it is at hand; else None, and `member.receive` brings it."""
        position = member.position
        if position is None:
            self._snapshots.open(member)
        elif position == REPLACED or self.era != self._commons.hub.era:
            self._snapshots.reset(member, None)
        else:
            return self._fetch_after(position, member)
        return None

    def _fetch_after(self, position: int, member: Member) -> Chunk | None:
        kept = self._commons.shelf.at(self, position)
        if kept is not None and position < kept.end:
            return kept.above(position)
        begin = position - position % self._commons.limits.page
        # What there is of the stretch was read already.
        self._ask(begin if kept is None else max(begin, kept.end), member)
        return None

    def _ask(self, begin: int, member: Member) -> None:
        place = self.era, begin
        if place in self._readings:
            self._readings[place].append(member)
        else:
            self._readings[place] = [member]
            self._start(self._bring(*place), "replay")

    async def _bring(self, era: int, begin: int) -> None:
        """Read a stretch, and hand everybody who waits for it what is theirs."""
        hand: Callable[[Member], None]
        try:
            hand = partial(_hand, await self._through_outages(era, begin))
        except Lapsed:
            hand = partial(self._lapsed, era, begin)
        except Replaced:
            hand = partial(self._snapshots.reset, era=None)
        except Exception as error:  # noqa: BLE001  It is logged with its reason, and ends the waiting members.
            hand = partial(
                Member.receive, chunk=None, failure=explain(error, f"replay of {self._stream.field}")
            )
        for member in self._readings.pop((era, begin)):
            hand(member)

    def _lapsed(self, era: int, begin: int, member: Member) -> None:
        if member.position == begin:
            self._snapshots.reset(member, era)
        else:
            self._ask(member.position or 0, member)

    async def _through_outages(self, era: int, begin: int) -> Stretch:
        field, pause = self._stream.field, self._commons.limits.retry_seconds
        return await through_outages(lambda: self._read(era, begin), field, pause)

    async def _read(self, era: int, begin: int) -> Stretch:
        """Read a stretch and keep it.

        Raises:
            Replaced: the era is over, so what was found counts for nothing.
            Lapsed: the log is no longer kept from there on.
        """
        found: list[Due] = []
        async with self._commons.reading:
            end = await self._tell(era, begin, found)
        if era != self._commons.hub.era:
            raise Replaced(f"Era {era} is over.")
        self._commons.meter.replayed(self._stream.field, len(found))
        # What is replayed does not say how long it waited.
        stretch = Stretch(begin, end, tuple(Due(each.frame) for each in found))
        if end > begin:
            self._commons.shelf.put(self, stretch)
        return stretch

    async def _tell(self, era: int, begin: int, found: list[Due]) -> int:
        """Tell a stretch of the log, and more of them while all there is is held back; how far it came.

        Without a rate nothing is held, so it is one stretch.
        """
        hub, limits, teller = self._commons.hub, self._commons.limits, Teller(self._stream, found.append)
        end, more = begin, True
        while more:
            length = limits.page - end % limits.page
            page = await hub.read_after(end, length, era)
            for envelope in page.envelopes:
                await teller.tell(envelope)
            end = page.position
            only_held = not found and 0 < teller.holding < limits.page
            more = only_held and len(page.envelopes) == length and end - begin < limits.reading
            more = more and not self._is_taken_care_of(era, end)
        await teller.flush()
        return end

    def _is_taken_care_of(self, era: int, begin: int) -> bool:
        """Whether the stretch that begins here was read, or is being read."""
        kept = self._commons.shelf.at(self, begin)
        return (era, begin) in self._readings or (kept is not None and kept.end > begin)


def _hand(stretch: Stretch, member: Member) -> None:
    position = member.position or 0
    member.receive(stretch.above(position) if position < stretch.end else Chunk((), position))
