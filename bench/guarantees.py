"""Measure everything that docs/guarantees.md tells, one bench after the other, and write the page: `make guarantees`.

It takes some hours and wants a machine that does nothing else. A bench that misses a goal is told of at the end, and
keeps its result all the same: the page says so.
"""

import argparse
import shlex
import subprocess
import sys
from collections.abc import Sequence

from tools.guarantees_page import ALSO, PROMISES
from tools.results import Promise


def commands(promises: Sequence[Promise], names: Sequence[str]) -> list[list[str]]:
    """What is to be run, in the order of the page; only benches of these names, if there are any."""
    runs = [run for each in promises for run in each.kept]
    return [
        ["-m", f"bench.{name.replace('-', '_')}", *shlex.split(arguments)]
        for name, arguments in runs
        if not names or name in names
    ]


def measure(program: str, described: str, promises: Sequence[Promise]) -> int:
    """A command: run the benches of a page, or some of them, and write it; 1 if a goal was missed or one failed."""
    parser = argparse.ArgumentParser(prog=program, description=described)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these benches")
    failed = []
    for command in commands(promises, parser.parse_args().names):
        print(f"python {shlex.join(command)}", flush=True)
        if subprocess.run([sys.executable, *command], check=False).returncode:
            failed.append(shlex.join(command[1:]))
    subprocess.run([sys.executable, "-m", "tools.write_docs"], check=True)
    for each in failed:
        print(f"Missed a goal, or failed: {each}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(measure("bench.guarantees", __doc__, (*PROMISES, *ALSO)))
