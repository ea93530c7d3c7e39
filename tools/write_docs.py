"""`make docs`: writes the generated parts of the documents. `--check` names those that are not up to date.

A part stands in its page between `<!-- generated: NAME -->` and `<!-- end -->`; the text around it is written
by hand. A drawing is generated as a whole.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tools import benchmarks_page, close_codes_page, events_page, guarantees_page, metrics_page, settings_page

ROOT = Path(__file__).parents[1]
END = "<!-- end -->"

PARTS: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "docs/benchmarks.md": {"benchmarks": benchmarks_page.sections},
    "docs/events.md": {"catalog": events_page.catalog, "frames": events_page.frames},
    "docs/guarantees.md": {"promises": guarantees_page.promises},
    "docs/operations.md": {"series": metrics_page.series, "reasons": metrics_page.reasons},
    "docs/settings.md": {
        "settings": settings_page.installation,
        "client": settings_page.client,
    },
    "docs/settings-effects.md": {"effects": settings_page.effective},
    "docs/streams.md": {"close codes": close_codes_page.table},
}
DRAWINGS: Mapping[str, Callable[[], str]] = {"docs/benchmarks.svg": benchmarks_page.picture}


def written(page: str) -> str:
    """A page, or a drawing, as it must be.

    Raises:
        ValueError: the page has no place for one of its parts.
    """
    if page in DRAWINGS:
        return DRAWINGS[page]()
    text = (ROOT / page).read_text()
    for name, make in PARTS[page].items():
        head, opening, rest = text.partition(f"<!-- generated: {name} -->\n")
        _, closing, tail = rest.partition(END)
        if not opening or not closing:
            raise ValueError(f"{page} has no place for the part {name}")
        text = f"{head}{opening}\n{make()}\n\n{closing}{tail}"
    return text


def stale() -> list[str]:
    """The pages that are not up to date."""
    return [page for page in (*PARTS, *DRAWINGS) if (ROOT / page).read_text() != written(page)]


def main() -> int:
    """Write, or check; 1 if something is not up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, and say what is not up to date")
    if not parser.parse_args().check:
        for page in (*PARTS, *DRAWINGS):
            (ROOT / page).write_text(written(page))
        return 0
    pages = stale()
    if pages:
        sys.stderr.write(f"Not up to date: {', '.join(pages)}. Run `make docs`.\n")
    return 1 if pages else 0


if __name__ == "__main__":
    sys.exit(main())
