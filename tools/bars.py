"""Bars, as a drawing in SVG: no library is needed for a few rectangles with texts beside them."""

import math
from collections.abc import Iterator, Mapping
from html import escape

WIDTH = 760
LEFT = 190
RIGHT = 90
ROW = 20
HEAD = 34
GAP = 14
OURS, OTHERS, LINE, TEXT = "#c2410c", "#94a3b8", "#cbd5e1", "#1e293b"
EMPTY = "Not run yet."


def drawn(title: str, series: Mapping[str, Mapping[str, float]]) -> str:
    """Groups of bars on one logarithmic axis; the first name of all stands out.

    Args:
        title: what the numbers are.
        series: positive numbers, by group and by name.
    """
    values = [value for group in series.values() for value in group.values()]
    low, high = (
        (math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))) if values else (0, 1)
    )
    chart = _Chart(low, max(high, low + 1), next(iter(next(iter(series.values()), {})), ""))
    body = list(chart.groups(series)) if values else [_text(20, HEAD + ROW, EMPTY)]
    height = HEAD + sum(GAP + ROW * (len(group) + 1) for group in series.values()) + 2 * ROW
    lines = chart.axis(height - ROW) if values else ()
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" '
            'font-size="12">',
            f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
            _text(20, 22, title, bold=True),
            *lines,
            *body,
            "</svg>\n",
        ]
    )


class _Chart:
    """From `10 ** low` to `10 ** high`; the bars of `first` stand out."""

    def __init__(self, low: int, high: int, first: str) -> None:
        self._low = low
        self._high = high
        self._first = first

    def axis(self, bottom: int) -> Iterator[str]:
        """A line for each power of ten, and its number."""
        for power in range(self._low, self._high + 1):
            place = self._place(10.0**power)
            yield f'<path d="M{place:.1f} {HEAD}V{bottom - 4}" stroke="{LINE}"/>'
            yield _text(place, bottom + 10, f"{10.0**power:g}", anchor="middle")

    def groups(self, series: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
        """All bars, with what they are and their numbers."""
        top = HEAD + GAP
        for title, group in series.items():
            yield _text(20, top + 14, title, bold=True)
            for name, value in group.items():
                top += ROW
                width = self._place(value) - LEFT
                color = OURS if name == self._first else OTHERS
                yield _text(LEFT - 8, top + 14, name, anchor="end")
                yield f'<rect x="{LEFT}" y="{top + 3}" width="{width:.1f}" height="{ROW - 6}" fill="{color}"/>'
                yield _text(LEFT + width + 6, top + 14, f"{value:.3g}")
            top += ROW + GAP

    def _place(self, value: float) -> float:
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)


def _text(x: float, y: float, text: str, *, bold: bool = False, anchor: str = "start") -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{TEXT}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'
