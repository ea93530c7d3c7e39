"""Draws a board on a terminal: a line for the campaign and a bar for each phase, anew at every frame."""

from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cli.campaign_board import Board, PhaseLine
from cli.remote.output import count, phase_name, printable

NARROWEST = 6
STYLES = {
    "RUNNING": "cyan",
    "WAITING": "yellow",
    "PAUSED": "yellow",
    "COMPLETED": "green",
    "FAILED": "red",
    "CANCELLED": "red",
}
WAITING = "The next phase waits for somebody to start it: heliograph campaign start"
AWAY = "The server is away; the stream goes on from where it was when it is back."


class Screen:
    """A live screen for as long as the block lasts; the last state stays on the terminal."""

    def __init__(self, console: Console) -> None:
        # Nothing moves between two frames, so nothing needs a thread that draws.
        self._live = Live(console=console, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *_rest: object) -> None:
        self._live.__exit__(None, None, None)

    def draw(self, board: Board, *, is_away: bool = False) -> None:
        """Show a board; `is_away` while there is no connection."""
        self._live.update(drawn(board, is_away=is_away), refresh=True)


def drawn(board: Board, *, is_away: bool) -> RenderableType:
    """A board as rich draws it."""
    status = "DELETED" if board.is_deleted else board.status
    title = Text.assemble((printable(board.name), "bold"), "  ", (status, STYLES.get(status, "")))
    rows = Table.grid(padding=(0, 2), expand=True)
    rows.add_column(no_wrap=True)
    # The bar has what the figures leave.
    rows.add_column(ratio=1, min_width=NARROWEST)
    for _ in range(4):
        rows.add_column(no_wrap=True, justify="right")
    for kind, line in board.phases.items():
        rows.add_row(*_row(kind, line))
    errors = [Text(printable(line.error), style="red") for line in board.phases.values() if line.error]
    hints = [*([WAITING] if status == "WAITING" else []), *([AWAY] if is_away else [])]
    return Group(title, rows, *errors, *(Text(hint, style="yellow") for hint in hints))


def _row(kind: str, line: PhaseLine) -> tuple[RenderableType, ...]:
    is_done = line.status == "COMPLETED"
    share = 100.0 if is_done else 100 * line.processed / max(line.total, 1)
    bar = ProgressBar(total=100, completed=share)
    rate = "" if line.rate is None or line.status != "IN_PROGRESS" else f"{line.rate:,.0f}/min"
    return (
        Text(phase_name(kind).removesuffix(" validation")),
        bar,
        Text(f"{share:.1f} %"),
        Text(f"{count(line.processed)} of {count(line.total)}"),
        Text(f"{count(line.succeeded)} good", style="green"),
        Text(rate or line.status.lower().replace("_", " ")),
    )
