"""Which fault happens when: a pure function of the seed, so that a run that failed can be run again.

Kinds are dealt like cards: each comes before any comes a second time. What happens inside a fault (which clients, how
many milliseconds) is drawn from `Fault.dice`, so it is the same in each run of a seed, too.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

EVERY_SECONDS = 5.0


@dataclass(frozen=True)
class Kind:
    """A kind of fault: what it may hit, and for how long, in seconds."""

    name: str
    targets: Sequence[str] = ("",)
    shortest: float = 0.0
    longest: float = 0.0


@dataclass(frozen=True)
class Fault:
    """One fault: `at` seconds after the beginning `kind` happens to `target`, for `seconds`."""

    at: float
    kind: str
    target: str
    seconds: float
    seed: str

    @property
    def dice(self) -> random.Random:
        """What else is random about it."""
        return random.Random(self.seed)

    def __str__(self) -> str:
        whom = f" {self.target}" if self.target else ""
        return f"{self.at:.0f} s: {self.kind}{whom}, {self.seconds:.2f} s"


APIS = ("api-0", "api-1")
WORKERS = ("worker-0", "worker-1")
PROCESSES = (*APIS, *WORKERS)
CLIENTS = ("clients-0", "clients-1")
NOBODY = ("",)
SHORT, LONG = 0.3, 4.0


def _weather(wires: str, targets: Sequence[str]) -> Sequence[Kind]:
    return (
        Kind(f"cut {wires}", targets),
        Kind(f"stall {wires}", targets, SHORT, LONG),
        Kind(f"half-open {wires}", targets, SHORT, LONG),
        Kind(f"delay {wires}", targets, 1.0, LONG),
        Kind(f"throttle {wires}", targets, 1.0, LONG),
    )


POSTGRES: Sequence[Kind] = (
    Kind("kill", APIS),
    Kind("kill", WORKERS),
    Kind("kill redis", ("redis",), 0.0, 2.0),
    Kind("kill postgres", ("postgres",), 0.0, 1.0),
    Kind("pause", (*PROCESSES, "redis", "postgres"), SHORT, 3.0),
    *_weather("clients", CLIENTS),
    *_weather("database", PROCESSES),
    *_weather("channel", PROCESSES),
    Kind("freeze clients", CLIENTS, 2.0, 8.0),
    Kind("unpublished", WORKERS, 0.05, 0.4),
    Kind("repeat doorbells", NOBODY, 2.0, LONG),
    Kind("lose doorbells", APIS, 0.5, LONG),
    Kind("drop listeners"),
    Kind("late commit", NOBODY, 1.0, 2.0),
    Kind("late rollback", NOBODY, 1.0, 2.0),
)
SQLITE: Sequence[Kind] = (
    Kind("kill", ("serve",)),
    Kind("kill", ("serve",)),
    Kind("stop", ("serve",)),
    Kind("pause", ("serve",), SHORT, 3.0),
    *_weather("clients", CLIENTS),
    Kind("freeze clients", CLIENTS, 2.0, 8.0),
    Kind("lock database", NOBODY, 1.0, 3.0),
    Kind("late commit", NOBODY, 1.0, 2.0),
    Kind("late rollback", NOBODY, 1.0, 2.0),
)


def schedule(seed: int, seconds: float, kinds: Sequence[Kind], every: float = EVERY_SECONDS) -> list[Fault]:
    """The faults of a run of so many seconds, one each `every` seconds, the last that long before the end."""
    dice = random.Random(seed)
    deal = _deal(kinds, dice)
    return [
        Fault(
            at=number * every,
            kind=(kind := next(deal)).name,
            target=dice.choice(kind.targets),
            seconds=round(dice.uniform(kind.shortest, kind.longest), 2),
            seed=f"{seed}:{number}",
        )
        for number in range(1, int(seconds / every))
    ]


def _deal(kinds: Sequence[Kind], dice: random.Random) -> Iterator[Kind]:
    while True:
        yield from dice.sample(kinds, len(kinds))
