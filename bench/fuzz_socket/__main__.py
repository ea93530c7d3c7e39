"""Hostile frames bring about nothing but refusals: `python -m bench.fuzz_socket`.

A real `heliograph serve` on SQLite gets random bytes, frames of which every bit is drawn, conversations with bytes that
are damaged, messages with members of all types, documents that are drawn from the schema, fragments with what may not
stand between them, and handshakes that are none, from many clients at once that leave in every way. It may send nothing
that a server must not send and log no error; what it has for them must be gone when they are, and a client beside it
all must not miss an event.
"""

import argparse
import asyncio
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import SystemRandom

from aiohttp import ClientSession, TCPConnector

from bench.attacked import SAMPLES, WINDOW, Weight, beside, memory, none_of, weighed
from bench.bystander import CREATE, Bystander
from bench.fuzz_socket.attack import Attack, Findings
from bench.history import Verdict
from bench.report import Figure, keeping, tell
from bench.vitals import Examiner, Vitals
from core.tasks import Owner
from tests.e2e.client import Client
from tests.e2e.product import Product

SHOWN = 5
CHANGE_SECONDS = 0.05
LOGGED = re.compile(r'"level": "(?:error|critical)"|^Traceback')


@dataclass(frozen=True)
class Examined:
    """The server after each part of the attack, when a third of it was over, and at rest afterwards."""

    weights: Sequence[Weight]
    warm: Vitals
    last: Vitals


@dataclass(frozen=True)
class Course:
    """What was found, of the server too, of the client beside it, and how many errors are in the log."""

    findings: Findings
    server: Examined
    verdict: Verdict
    errors: int


async def measure(folder: Path, seconds: float, seed: int, *, documents: bool = True) -> Course:
    """Attack a server of its own."""
    courses: list[Course] = []
    try:
        async with (
            Product(folder, window_events=WINDOW) as product,
            ClientSession(connector=TCPConnector(force_close=True)) as http,
        ):
            api = await product.serve()
            client = Client(http, api.client.url, api.client.token)
            attack = Attack(client.url, client.token, seed, documents=documents)
            async with Bystander.present(client, folder) as bystander, Owner("changes") as owner:
                changes = owner.start(_change(client), "changes")
                server = await _attacked(Examiner(api, http), attack, seconds)
                changes.cancel()
                verdict = await bystander.verdict()
            errors = sum(LOGGED.search(line) is not None for line in api.process.log.splitlines())
            courses.append(Course(attack.findings, server, verdict, errors))
    except AssertionError:
        # A server that has logged an error does not end as it should, which is among what was found.
        if not courses or not courses[0].errors:
            raise
    return courses[0]


async def _attacked(examiner: Examiner, attack: Attack, seconds: float) -> Examined:
    """The server while it is attacked, and after that."""

    def weigh() -> Weight:
        return Weight(attack.findings.attempts, examiner.resident_mb)

    every = seconds / (SAMPLES + 1)
    begin = await weighed(attack.run(seconds / 3), weigh, every)
    warm = await examiner.most_at_rest()
    rest = await weighed(attack.run(seconds * 2 / 3), weigh, every)
    return Examined([*begin, *rest], warm, await examiner.at_rest(warm))


async def _change(client: Client) -> None:
    """Let there be something to be told of, all the time."""
    for number in count():
        await client.change("createKeywordSet", CREATE, name=f"attacked {number}")
        await asyncio.sleep(CHANGE_SECONDS)


def told(course: Course, seconds: float) -> list[Figure]:
    """The figures."""
    found, warm, last = course.findings, course.server.warm, course.server.last
    return [
        Figure(what="hostile connections", value=f"{found.attempts:,} in {seconds:.0f} s, seed {found.seed}"),
        Figure(
            what="how they ended",
            value=", ".join(f"{name}: {number:,}" for name, number in sorted(found.ends.items())),
        ),
        none_of(
            "frames that must not be, masked errors, tracebacks, 5xx, closes for a defect", len(found.defects)
        ),
        none_of("errors in the server's log", course.errors),
        _same("tasks, against when a third of it was over", warm.tasks, last.tasks),
        _same("open sockets", warm.sockets, last.sockets),
        _same("subscriptions and groups", warm.following, last.following),
        *memory(course.server.weights),
        beside(course.verdict),
    ]


def _same(what: str, before: int, after: int) -> Figure:
    return Figure(what=what, value=f"{after} against {before}", goal="no more", met=after <= before)


async def run(seconds: float, seed: int, *, keep: bool) -> bool:
    """Measure; gives whether every promise was kept."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="heliograph-fuzz-") as folder:
        course = await measure(Path(folder), seconds, seed)
    for defect in course.findings.defects[:SHOWN]:
        print(defect, file=sys.stderr)
    claim = "Hostile frames bring about nothing but refusals."
    return tell("fuzz-socket", claim, told(course, seconds), time.monotonic() - began, keep=keep)


def main() -> None:
    """Run from the command line; ends with 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="bench.fuzz_socket", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=300.0, help="how long to attack (%(default)s)")
    parser.add_argument("--seed", type=int, help="that of a run before, to make its frames again")
    keeping(parser)
    given = parser.parse_args()
    seed = SystemRandom().randrange(1 << 32) if given.seed is None else given.seed
    sys.exit(0 if asyncio.run(run(given.seconds, seed, keep=given.keep)) else 1)


if __name__ == "__main__":
    main()
