"""Hostile requests bring about nothing but refusals: `python -m bench.fuzz_http`.

A real `heliograph serve` on SQLite gets documents that are drawn from the schema, broken ones, JSON that is none, wrong
encodings, compressed bombs, odd heads and bytes, from many clients at once. No answer may be a 5xx, none may have
anything of a traceback, the server may log no error, its memory must level off, and a client beside it all must not
miss an event.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom

from bench.attacked import SAMPLES, WINDOW, Weight, beside, memory, none_of, weighed
from bench.bystander import Bystander
from bench.fuzz_http.attack import Attack, Findings
from bench.history import Verdict
from bench.report import Figure, keeping, tell
from bench.resident import resident_mb
from tests.e2e.product import Process, Product

SENDER_SECONDS = 1.0
"""Some say that more is to come than they send; with the default each would be waited for as long."""
SHOWN = 5
LONG = "how long to attack (%(default)s); in less than some minutes its caches are not full, and memory grows"


@dataclass(frozen=True)
class Course:
    """What was found.

    Attributes:
        findings: of the attack.
        weights: the server's memory after each part of it.
        verdict: on the client beside it.
        errors: what the server logged as such.
    """

    findings: Findings
    weights: Sequence[Weight]
    verdict: Verdict
    errors: Sequence[str]


async def measure(folder: Path, seconds: float, seed: int) -> Course:
    """Attack a server of its own; that it ends as it should is seen to at its end."""
    async with Product(folder, slow_sender_seconds=SENDER_SECONDS, window_events=WINDOW) as product:
        api = await product.serve()
        async with Bystander.present(api.client, folder) as bystander:
            attack = Attack(api.client.url, api.client.token, seed)
            weights = await weighed(
                attack.run(seconds),
                lambda: Weight(attack.findings.attempts, resident_mb(api.process.pid)),
                seconds / (SAMPLES + 1),
            )
            verdict = await bystander.verdict()
        errors = errors_of(api.process)
        if errors:
            # Its end would raise for them, and tell nothing of what else was found.
            await api.process.kill()
        return Course(attack.findings, weights, verdict, errors)


def errors_of(process: Process) -> list[str]:
    """What its log has that is an error, and what is none of ours with a traceback in it."""
    errors: list[str] = []
    foreign: list[str] = []
    for line in [*process.log.splitlines(), "{}"]:
        if not line.startswith("{"):
            foreign.append(line)
            continue
        if any("Traceback" in each for each in foreign):
            errors.append("\n".join(foreign))
        foreign.clear()
        if json.loads(line).get("level") in {"error", "critical"}:
            errors.append(line)
    return errors


def told(course: Course, seconds: float) -> list[Figure]:
    """The figures."""
    found = course.findings
    return [
        Figure(what="hostile requests", value=f"{found.attempts:,} in {seconds:.0f} s, seed {found.seed}"),
        Figure(
            what="answers by status",
            value=", ".join(f"{name}: {count:,}" for name, count in sorted(found.by_class().items())),
        ),
        none_of("5xx, masked errors, tracebacks, requests without an end", len(found.defects)),
        none_of("errors in the server's log", len(course.errors)),
        *memory(course.weights),
        beside(course.verdict),
    ]


async def run(seconds: float, seed: int, *, keep: bool) -> bool:
    """Measure; gives whether every promise was kept."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="heliograph-fuzz-") as folder:
        course = await measure(Path(folder), seconds, seed)
    for defect in [*course.findings.defects[:SHOWN], *course.errors[:SHOWN]]:
        print(defect, file=sys.stderr)
    claim = "Hostile requests over HTTP bring about nothing but refusals."
    return tell("fuzz-http", claim, told(course, seconds), time.monotonic() - began, keep=keep)


def main() -> None:
    """Run from the command line; ends with 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="bench.fuzz_http", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=600.0, help=LONG)
    parser.add_argument("--seed", type=int, help="that of a run before, to make its requests again")
    keeping(parser)
    given = parser.parse_args()
    seed = SystemRandom().randrange(1 << 32) if given.seed is None else given.seed
    sys.exit(0 if asyncio.run(run(given.seconds, seed, keep=given.keep)) else 1)


if __name__ == "__main__":
    main()
