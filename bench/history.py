"""The checker of histories: what a subscriber received, over all its connections, against the committed log.

It is an oracle of its own. The log is read as plain rows, and which rows belong to a stream is said here once more in
a few lines (`activity`, `campaign_events` and their neighbours), so that a mistake of `graph/streams/` or of the hub
is no mistake of the judge. A run that no judge has seen counts for nothing.

The law: after the frame with which it began, a subscriber has each event of its stream once, in the order of the log.
What a snapshot holds is not told again; after a `StreamReset` the law begins anew, and the reset is counted.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

import msgspec
from sqlalchemy import select

from core.settings import load
from db.engine import Engines
from db.models import EventRow
from events import cursor

PROGRESS = "CampaignProgress"
REPLACED = "LOG_REPLACED"
BATCHES = frozenset({"DomainsGenerated", "DomainsChanged"})
DELETED = "CampaignDeleted"


class Logged(msgspec.Struct, frozen=True):
    """One row of the committed log.

    `at` is its time in seconds since 1970, and `tag` what cursors of it have to have, if that is known.
    """

    position: int
    type: str
    entity_id: UUID
    campaign_id: UUID | None
    entity_type: str
    feed: bool
    owner_id: UUID | None
    at: float = 0.0
    tag: int | None = None


class Received(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One frame as a client got it.

    Attributes:
        subscriber: whose it is.
        connection: the number of the connection that brought it.
        cursor: the text.
        type: what the frame is; of an `ActivityAdded` the `kind` of its activity, where that was asked for.
        reset: the reason, if it is a `StreamReset`.
        skipped: how many of the kind were left out before it, as the frame says.
        at: when it was received, in seconds since 1970.
    """

    subscriber: str
    connection: int
    cursor: str
    type: str
    reset: str | None = None
    skipped: int = 0
    at: float = 0.0


Concerns = Callable[[Logged], bool]


@dataclass(frozen=True)
class Verdict:
    """What became of one subscriber: positions of what was wrong, and what was counted.

    Attributes:
        expected: how many events it should have, up to the position until which it is judged.
        received: how many frames it had that were events.
        missing: in the log, and never told.
        duplicated: told twice, or told although the snapshot had it.
        reordered: told after a later one.
        foreign: told, and not in the log, not of this stream, or of another type or tag than in the log.
        skipped: left out by conflation, and accounted for by the frames themselves.
        resets: how often it was told to begin anew.
        restarts: snapshots without a reset after the first frame, so somebody forgot its place.
        connections: how many brought it at least one frame.
        begun: whether it is known from where on it has to have everything.
        resets_allowed: how many resets there may be.
    """

    subscriber: str
    expected: int
    received: int
    missing: tuple[int, ...]
    duplicated: tuple[int, ...]
    reordered: tuple[int, ...]
    foreign: tuple[int, ...]
    resets: int
    connections: int
    skipped: int = 0
    restarts: int = 0
    begun: bool = True
    resets_allowed: int = 0

    @property
    def clean(self) -> bool:
        """Whether it has everything once, in order, and nothing else."""
        wrong = self.missing or self.duplicated or self.reordered or self.foreign
        return self.begun and not wrong and self.restarts == 0 and self.resets <= self.resets_allowed

    def __str__(self) -> str:
        faults = {
            name: f"{len(found)} (first {found[0]})"
            for name in ("missing", "duplicated", "reordered", "foreign")
            if (found := getattr(self, name))
        }
        counts = f"{self.received} of {self.expected} over {self.connections} connections"
        return f"{self.subscriber}: {counts}, {self.resets} resets, {self.restarts} restarts, {faults or 'no fault'}"


def judge(
    log: Sequence[Logged],
    concerns: Concerns,
    frames: Sequence[Received],
    until: int,
    *,
    after: int | None = None,
    resets_allowed: int = 0,
) -> Verdict:
    """Compare what one subscriber received with what it should have.

    Args:
        log: all rows, ascending, read after the last frame came.
        concerns: whether a row belongs to the subscription.
        frames: in the order in which they came, over all connections.
        until: the position up to which it has to have everything; what came later only has to be in order.
        after: the position after which it subscribed at first, if it did not begin with a snapshot.
        resets_allowed: how many resets do not count against it.

    Raises:
        ValueError: a frame's cursor is none.
    """
    walk = _Walk(log, concerns, until, after)
    replaced = [number for number, frame in enumerate(frames) if frame.reset == REPLACED]
    for number, frame in enumerate(frames):
        # Before the log was replaced its rows were others, which nobody can read any more.
        walk.take(frame, comparable=not replaced or number >= replaced[-1])
    walk.close(until)
    return Verdict(
        subscriber=frames[0].subscriber if frames else "",
        expected=walk.expected,
        received=walk.received,
        missing=tuple(walk.missing),
        duplicated=tuple(walk.duplicated),
        reordered=tuple(walk.reordered),
        foreign=tuple(walk.foreign),
        resets=walk.resets,
        connections=len({frame.connection for frame in frames}),
        skipped=walk.skipped,
        restarts=walk.restarts,
        begun=walk.begun,
        resets_allowed=resets_allowed,
    )


@dataclass
class _Walk:
    """One pass over the frames; what lies between two resets is closed at the later one."""

    log: Sequence[Logged]
    concerns: Concerns
    until: int
    after: int | None
    expected: int = 0
    received: int = 0
    skipped: int = 0
    resets: int = 0
    restarts: int = 0
    begun: bool = False
    missing: list[int] = field(default_factory=list)
    duplicated: list[int] = field(default_factory=list)
    reordered: list[int] = field(default_factory=list)
    foreign: list[int] = field(default_factory=list)
    _seen: dict[int, int] = field(default_factory=dict)
    _frames: int = 0

    def __post_init__(self) -> None:
        self.begun = self.after is not None
        self._begin = self._last = self.after or 0
        self._comparable = True
        self._rows = {row.position: row for row in self.log if self.concerns(row)}

    def take(self, frame: Received, *, comparable: bool) -> None:
        """The next frame."""
        place = position_of(frame.cursor)
        if frame.reset is not None:
            self.close(self._last)
            self.resets += 1
            self._begin_at(place)
        self._comparable = comparable
        if frame.reset is None and frame.type.endswith("Snapshot"):
            self._snapshot(place)
        elif frame.reset is None:
            self._event(frame, place)
        self._frames += 1

    def _begin_at(self, place: int) -> None:
        self.begun = True
        self._begin = self._last = place
        self._seen = {}

    def _snapshot(self, place: int) -> None:
        if self._frames == 0 and self.after is None:
            self._begin_at(place)
        else:
            # What was between is still owed: it shows as missing beside the restart.
            self.restarts += 1
            self._last = max(self._last, place)

    def _event(self, frame: Received, place: int) -> None:
        self.received += 1
        if place in self._seen or place <= self._begin:
            self.duplicated.append(place)
        elif place < self._last:
            self.reordered.append(place)
        self._seen[place] = frame.skipped
        self._last = max(self._last, place)
        row = self._rows.get(place)
        if self._comparable and place <= self.until and (row is None or not _is_told_by(row, frame)):
            self.foreign.append(place)

    def close(self, end: int) -> None:
        """See what was owed from where the law began up to `end`, inclusive."""
        if not self._comparable:
            return
        left_out: dict[UUID | None, list[int]] = {}
        moved: Counter[UUID | None] = Counter()
        owed_until = min(end, self.until)
        for place, row in self._rows.items():
            moved[row.campaign_id] += row.type == PROGRESS
            if place <= self._begin:
                continue
            is_owed = place <= owed_until
            self.expected += is_owed
            if row.type != PROGRESS:
                if is_owed and place not in self._seen:
                    self.missing.append(place)
                continue
            # What was left out before `until` may be accounted for by a frame after it.
            pending = left_out.setdefault(row.campaign_id, [])
            if place not in self._seen:
                pending.append(place)
            else:
                self._account(place, pending, moved[row.campaign_id] - 1)
                pending.clear()
        for pending in left_out.values():
            self.missing += [place for place in pending if place <= owed_until]

    def _account(self, place: int, pending: list[int], before: int) -> None:
        """A frame of progress says how many before it were left out: that many are accounted for.

        The frame is the same for all who follow the same, so it may count some that this subscriber has, from a
        snapshot or a replay; but no more than there were.
        """
        said = self._seen[place]
        self.skipped += min(said, len(pending))
        self.missing += pending[: max(0, len(pending) - said)]
        if said > before:
            self.foreign.append(place)


def _is_told_by(row: Logged, frame: Received) -> bool:
    tag = _decoded(frame.cursor).tag
    return (tag is None or row.tag in (None, tag)) and _is_told_as(row, frame.type)


def _is_told_as(row: Logged, told: str) -> bool:
    if told == "DomainEventBatch":
        return row.type in BATCHES
    # An activity is told by its kind, the type in capitals, to clients that ask; others learn only that there is one.
    kind = told.replace("_", "").lower()
    return kind == row.type.lower() or (told == "ActivityAdded" and row.feed)


@lru_cache(maxsize=1 << 18)
def _decoded(text: str) -> cursor.Cursor:
    return cursor.decode(text)


def position_of(text: str) -> int:
    """The position that a cursor tells.

    Raises:
        ValueError: it is none.
    """
    return _decoded(text).position


async def read_log(database_url: str) -> list[Logged]:
    """All rows of the log, ascending, from the database itself."""
    engines = Engines(load(database_url=database_url).database_url)
    columns = (
        EventRow.position,
        EventRow.type,
        EventRow.entity_id,
        EventRow.campaign_id,
        EventRow.entity_type,
        EventRow.feed,
        EventRow.owner_id,
        EventRow.tag,
        EventRow.occurred_at,
    )
    try:
        async with engines.reading(seconds=None) as session:
            rows = await session.execute(select(*columns).order_by(EventRow.position))
            return [Logged(*row[:-2], tag=row.tag, at=row.occurred_at.timestamp()) for row in rows]
    finally:
        await engines.close()


def activity(campaign_id: UUID | None = None, kinds: Collection[str] | None = None) -> Concerns:
    """`activity`: what people see in the feed, of one campaign or of some kinds."""

    def concerns(row: Logged) -> bool:
        return row.feed and campaign_id in (None, row.campaign_id) and (kinds is None or row.type in kinds)

    return concerns


def resource_events(kinds: Collection[str]) -> Concerns:
    """`resourceEvents` of kinds of entities, such as `KEYWORD_SET`."""
    return lambda row: row.entity_type in kinds


def campaign_events(campaign_id: UUID) -> Concerns:
    """`campaignEvents`: what happens to a campaign itself, not to its domains."""
    return lambda row: (
        row.entity_type == "CAMPAIGN" and row.campaign_id == campaign_id and row.type not in BATCHES
    )


def domain_events(campaign_id: UUID) -> Concerns:
    """`domainEvents`: the batches of a campaign, and its end."""
    return lambda row: row.campaign_id == campaign_id and (row.type in BATCHES or row.type == DELETED)


def proxy_events() -> Concerns:
    """`proxyEvents` of all proxies."""
    return lambda row: row.entity_type == "PROXY"


def owned_by(owner_id: UUID, concerns: Concerns) -> Concerns:
    """The same stream for somebody who sees only what is an owner's."""
    return lambda row: row.owner_id == owner_id and concerns(row)
