"""What the commands print: JSON for programs, aligned columns for people."""

import json
from collections.abc import Iterable, Iterator, Sequence


def document(value: object) -> str:
    """One JSON document."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def line(value: object) -> str:
    """One line of NDJSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Lines with aligned columns; None is empty, and what would move the cursor of a terminal is replaced."""
    cells = [list(columns), *([printable(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(columns))]
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def printable(cell: object) -> str:
    """Text that a terminal shows and does not obey."""
    text = "" if cell is None else str(cell)
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def count(number: object) -> str:
    """`1234567` as `1,234,567`; the API gives counts as strings of digits."""
    return f"{int(str(number)):,}"


def minute(moment: str | None) -> str:
    """A time of the API, to the minute."""
    return "" if moment is None else f"{moment[:16]}Z"


def phase_name(kind: str) -> str:
    """`DNS_VALIDATION` as `DNS validation`, also a kind that this program does not know."""
    words = " ".join(word if word in {"DNS", "HTTP"} else word.lower() for word in kind.split("_"))
    return words[:1].upper() + words[1:]
