"""What a run has found, in words, beside what it had to be."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bench.fanout.contestants import GRAPHQL_WS, MERCURIUS, OURS, STOCK, UVLOOP
from bench.fanout.nchan import NCHAN
from bench.fanout.scenes import Scene, Slice
from bench.report import Figure

STEADY, BURST, MANY, ONE, FLAT = "steady", "burst", "many", "one", "flat"
MOST = {STEADY: 9.0, BURST: 1.5, MANY: 1.0}
"""Microseconds of processor time for a delivery of ours."""
FEWER = {
    (STEADY, GRAPHQL_WS): 4.0,
    (STEADY, MERCURIUS): 4.0,
    (STEADY, STOCK): 22.0,
    (BURST, GRAPHQL_WS): 20.0,
}
"""How many times fewer ours has to need."""
MOST_OF_RAW = 1.25
MOST_UNEVEN = 0.15


@dataclass
class Course:
    """All slices of a run, by scene and server."""

    scenes: Sequence[Scene]
    slices: dict[tuple[str, str], list[Slice]] = field(default_factory=dict)

    def add(self, scene: Scene, server: str, found: Slice) -> None:
        """One slice more."""
        self.slices.setdefault((scene.name, server), []).append(found)

    def micros(self, scene: str, server: str) -> float | None:
        """Of the slices the median, in microseconds of processor time for a delivery; None if there are none."""
        found = self.slices.get((scene, server))
        return None if found is None else statistics.median(each.micros for each in found)

    def ratio(self, scene: str, server: str, other: str) -> float | None:
        """How many times the processor time of the other one needs; None if one of them was not measured."""
        one, two = self.micros(scene, server), self.micros(scene, other)
        return None if one is None or two is None else one / two

    @property
    def series(self) -> Mapping[str, Mapping[str, float]]:
        """The microseconds, by scene and server, to be drawn."""
        found: dict[str, dict[str, float]] = {}
        for scene, server in self.slices:
            found.setdefault(scene, {})[server] = round(self.micros(scene, server) or 0.0, 3)
        return found


def figures(course: Course) -> list[Figure]:
    """All lines of the table."""
    return [*_scenes(course), *_left_out(course), *_ratios(course), *_even(course), *_fixed(course)]


def _scenes(course: Course) -> Iterator[Figure]:
    for scene in course.scenes:
        for (name, server), slices in course.slices.items():
            if name == scene.name:
                yield _cost(scene, server, slices)


def _cost(scene: Scene, server: str, slices: Sequence[Slice]) -> Figure:
    each = sorted(one.micros for one in slices)
    deliveries = sum(one.deliveries for one in slices)
    wall = sum(one.wall for one in slices) / deliveries * 1e6
    micros = statistics.median(each)
    most = MOST.get(scene.name) if server == OURS else None
    return Figure(
        what=f"{scene.name}, {scene}: {server}",
        value=f"{micros:.2f} µs CPU ({each[0]:.2f} to {each[-1]:.2f}), {wall:.2f} µs wall; {deliveries:,} deliveries",
        goal="" if most is None else f"at most {most:g} µs CPU",
        met=None if most is None else micros <= most,
    )


def _left_out(course: Course) -> Iterator[Figure]:
    if not any(server == NCHAN for _, server in course.slices):
        yield Figure(what=NCHAN, value="not measured: there was no nginx with this module")


def _ratios(course: Course) -> Iterator[Figure]:
    for (scene, server), least in FEWER.items():
        if (ratio := course.ratio(scene, server, OURS)) is not None:
            yield Figure(
                what=f"{scene}: CPU of {server} by ours",
                value=f"{ratio:.1f}",
                goal=f"at least {least:g}",
                met=ratio >= least,
            )
    if (ratio := course.ratio(STEADY, OURS, UVLOOP)) is not None:
        yield Figure(
            what=f"{STEADY}: CPU of ours by {UVLOOP}",
            value=f"{ratio:.2f}",
            goal=f"at most {MOST_OF_RAW:g}",
            met=ratio <= MOST_OF_RAW,
        )


def _even(course: Course) -> Iterator[Figure]:
    sizes = [scene for scene in course.scenes if scene.name.startswith(FLAT)]
    costs = [cost for scene in sizes if (cost := course.micros(scene.name, OURS)) is not None]
    if len(costs) > 1:
        uneven = max(costs) / min(costs) - 1
        yield Figure(
            what=f"ours from {sizes[0].connections:,} to {sizes[-1].connections:,} subscribers, the dearest delivery"
            " above the cheapest",
            value=f"{uneven:+.0%} ({', '.join(f'{cost:.2f}' for cost in costs)} µs)",
            goal=f"at most {MOST_UNEVEN:.0%}",
            met=uneven <= MOST_UNEVEN,
        )


def _fixed(course: Course) -> Iterator[Figure]:
    """An event costs something before anybody has it: it is in the figures above, and told apart here."""
    found = course.slices.get((ONE, OURS))
    if found is None:
        return
    event = statistics.median(each.cpu / each.events for each in found) * 1e6
    yield Figure(
        what="ours: an event for a single subscriber (ring, log, execution, delivery), which is part of all above",
        value=f"{event:.0f} µs CPU",
    )
    for scene in course.scenes:
        cost = course.micros(scene.name, OURS)
        size = scene.connections * scene.subscriptions
        if cost is not None and scene.name != ONE and scene.burst == 1:
            yield Figure(
                what=f"{scene.name}, {scene}: {OURS} without that", value=f"{cost - event / size:.2f} µs CPU"
            )
