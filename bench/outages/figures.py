"""The figures of the outages: from the log, from what the clients recorded, and from what was watched."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.deliveries import Delivery
from bench.history import Verdict
from bench.load import Tally
from bench.outages.asker import Asker
from bench.outages.scenes import Played
from bench.outages.watch import Watch
from bench.report import Figure

RED_SECONDS = 5.0
# What was committed in the last moment before an outage may be told only after it.
ON_THE_WAY_SECONDS = 1.5


@dataclass
class Found:
    """All that a run has left."""

    played: list[Played] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    lost: int = 0
    gave_up: int = 0
    wrong: list[str] = field(default_factory=list)


def figures(found: Found, watch: Watch, tally: Tally, asker: Asker) -> list[Figure]:
    """All lines of the table."""
    lines = [line for played in found.played for line in _scene(found, played, watch)]
    return [_calm(found), *lines, *_whole(found, tally, asker)]


def _calm(found: Found) -> Figure:
    """What the machine makes of the load while nothing is out; all else is to be read beside it."""
    end = found.played[0].began - ON_THE_WAY_SECONDS
    waits = [each.seconds for each in found.deliveries if each.at < end]
    return _seconds("nothing is out: longest from commit to client", max(waits, default=0.0))


def _scene(found: Found, played: Played, watch: Watch) -> Iterator[Figure]:
    told = f"{played.scene.told} ({played.scene.seconds:g} s)"
    yield _count(f"{told}: clients disconnected", played.cut, 0)
    end = played.over if played.returned is None else played.returned
    yield _seconds(f"{told}: until all processes are red", watch.until_red(played.began, end), RED_SECONDS)
    begin, over = played.began - ON_THE_WAY_SECONDS, played.over - ON_THE_WAY_SECONDS
    during = [each for each in found.deliveries if begin <= each.at < min(end, over)]
    waits = [each.seconds for each in during]
    yield _seconds(f"{told}: longest from commit to client meanwhile", max(waits, default=0.0))
    if played.returned is None:
        return
    green = watch.until_green(played.returned, played.over)
    yield _seconds(f"{told}: until all are green again", green)
    late = [
        each.received - max(each.at, played.returned)
        for each in found.deliveries
        if begin <= each.at < over and each.received > played.returned
    ]
    latest = max(late, default=0.0)
    promised = played.scene.back_seconds
    yield _seconds(f"{told}: longest from commit, or from its return, to client", latest, promised)


def _whole(found: Found, tally: Tally, asker: Asker) -> Iterator[Figure]:
    missing = sum(len(each.missing) for each in found.verdicts)
    duplicated = sum(len(each.duplicated) for each in found.verdicts)
    reordered = sum(len(each.reordered) for each in found.verdicts)
    received = sum(each.received for each in found.verdicts)
    clients = len(found.verdicts)
    yield Figure(
        what="missing / duplicated / reordered",
        value=f"{missing} / {duplicated} / {reordered} of {received} deliveries to {clients} clients",
        goal="0 / 0 / 0",
        met=all(each.clean for each in found.verdicts) and received > 0,
    )
    yield _count("clients that gave up", found.gave_up, 0)
    yield Figure(what="load over HTTP", value=str(tally))
    yield _count("acknowledged changes that are not in the log", found.lost, 0)
    ends = asker.ends
    typed = ("Payload", "refused", "in doubt")
    yield Figure(
        what="mutations on an open socket",
        value=f"{ends['Payload']} acknowledged, {ends['refused']} refused and {ends['in doubt']} in doubt "
        "by the typed error",
    )
    others = sum(count for end, count in ends.items() if end not in typed)
    yield _count("mutations on this socket that had another error", others, 0)
    yield _count("times that this socket was closed", asker.cut, 0)
    yield _seconds("slowest answer to one of them", asker.longest)
    yield _count("complaints of processes, surprises of the load", len(found.wrong), 0)


def _count(what: str, value: int, goal: int) -> Figure:
    return Figure(what=what, value=str(value), goal=str(goal), met=value == goal)


def _seconds(what: str, value: float | None, goal: float | None = None) -> Figure:
    said = "never" if value is None else f"{value:.2f} s"
    if goal is None:
        return Figure(what=what, value=said)
    return Figure(what=what, value=said, goal=f"≤ {goal:g} s", met=value is not None and value <= goal)
