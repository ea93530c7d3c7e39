"""What requests have done, held against what one of each kind has done that was sent once and undisturbed.

An oracle of its own: rows of all tables and events of the log are counted, whatever they are about. Nothing but
requests changes anything, so that one effect too many, or one too few, of anybody, is a difference.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import func, select

from bench.history import position_of
from bench.retries.kinds import Kind
from bench.retries.sending import Request
from db.engine import Engines
from db.models import EventRow, Model

# One for all campaigns that have the same names to try, so it is made by the first that starts.
SHARED = frozenset({"generation_spaces"})


class Told(NamedTuple):
    """An event of the log; `at` is when its transaction began, in seconds since 1970."""

    position: int
    type: str
    at: float


@dataclass(frozen=True)
class State:
    """How many rows there are of each table, and all events."""

    rows: Counter[str]
    log: Sequence[Told]

    @property
    def head(self) -> int:
        """Where the log ends."""
        return self.log[-1].position if self.log else 0


@dataclass(frozen=True)
class Effect:
    """What one request does: rows that there are more of (or fewer), types of events, and the kind of its answer."""

    rows: Counter[str]
    events: Counter[str]
    told: tuple[str, str | None]


@dataclass
class Verdict:
    """What was wrong, in words, by what was promised, and in how many cases nobody was answered by who did it."""

    answers: list[str] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)
    lost_answers: int = 0


async def look(engines: Engines) -> State:
    """The state now."""
    tables = {name: table for name, table in Model.metadata.tables.items() if name not in SHARED}
    counts = [select(func.count()).select_from(table).scalar_subquery() for table in tables.values()]
    events = select(EventRow.position, EventRow.type, EventRow.occurred_at).order_by(EventRow.position)
    async with engines.reading() as session:
        rows = (await session.execute(select(*counts))).one()
        log = [Told(row[0], row[1], row[2].timestamp()) for row in await session.execute(events)]
    return State(Counter(dict(zip(tables, rows, strict=True))), log)


def effect(before: State, after: State, request: Request) -> Effect:
    """What happened in between, which is what the request did."""
    return Effect(
        _less(after.rows, before.rows),
        Counter(row.type for row in after.log if row.position > before.head),
        told(request),
    )


def told(request: Request) -> tuple[str, str | None]:
    """The kind of the first answer: its type, and the code if it is an error."""
    kind, answer = request.kind, request.answers[0]
    if answer["__typename"] == kind.again:
        # Whoever was shown it has lost the answer.
        return kind.payload, None
    return answer["__typename"], answer.get("code")


def judge(
    requests: Sequence[Request], effects: dict[Kind, Effect], before: State, after: State, copies: int
) -> Verdict:
    """Compare all that was done with what each kind does once."""
    verdict = Verdict()
    at = {row.position: row.at for row in after.log if row.position > before.head}
    places: Counter[int] = Counter()
    for request in requests:
        verdict.answers += _judge_answers(request, effects[request.kind], copies)
        position = position_of(request.answers[0]["cursor"]) if "cursor" in request.answers[0] else None
        # What has recorded nothing tells where the log ended, which is the place of somebody else's event.
        if position is not None and not request.kind.quiet:
            places[position] += 1
            verdict.lost_answers += request.answer_was_lost(at.get(position, 0.0))
    verdict.effects += [
        f"{count} answers of position {place}"
        for place, count in places.items()
        if count > 1 or place not in at
    ]
    verdict.effects += _judge_effects(requests, effects, before, after)
    return verdict


def _judge_answers(request: Request, expected: Effect, copies: int) -> list[str]:
    wrong = []
    if len(request.distinct) != 1:
        wrong.append(f"{request.kind.field} was answered in {len(request.distinct)} ways: {request.distinct}")
    if len(request.answers) != copies:
        wrong.append(f"{request.kind.field} was answered {len(request.answers)} times")
    if request.shown > 1:
        wrong.append(f"{request.kind.field} showed {request.shown} times what is shown once")
    if told(request) != expected.told:
        wrong.append(f"{request.kind.field} was told {told(request)}, and not {expected.told}")
    return wrong


def _judge_effects(
    requests: Sequence[Request], effects: dict[Kind, Effect], before: State, after: State
) -> list[str]:
    rows, events = Counter(before.rows), Counter(row.type for row in before.log)
    for request in requests:
        rows.update(effects[request.kind].rows)
        events.update(effects[request.kind].events)
    found = Counter(row.type for row in after.log)
    differences = [("rows of", _less(after.rows, rows)), ("events", _less(found, events))]
    return [f"{count:+} {what} {name}" for what, less in differences for name, count in less.items() if count]


def _less(one: Counter[str], other: Counter[str]) -> Counter[str]:
    """The differences that there are, below zero too."""
    names = one.keys() | other.keys()
    return Counter({name: one[name] - other[name] for name in names if one[name] != other[name]})
