"""How frames leave: drawn as rows on a terminal, or as NDJSON, one frame a line, for programs."""

import sys
from collections.abc import Callable
from typing import Any

from rich.cells import set_cell_size
from rich.console import Console
from rich.text import Text

from cli.remote.output import line, printable
from cli.tail.rows import MORE, RESET, SNAPSHOT, Row, rows

Json = dict[str, Any]
Printer = Callable[[Json], None]

KIND_CELLS = 23
WHAT_CELLS = 20
# By how the kind ends, in whichever of the API's two spellings.
STYLES = {
    RESET: "bold yellow",
    SNAPSHOT: "blue",
    MORE: "dim",
    "FAILED": "red",
    "CANCELLED": "red",
    "DELETED": "red",
    "REMOVED": "red",
    "REVOKED": "red",
    "DEACTIVATED": "red",
    "COMPLETED": "green",
    "FINISHED": "green",
    "CREATED": "green",
    "ADDED": "green",
    "STARTED": "cyan",
    "RESUMED": "cyan",
    "PAUSED": "yellow",
    "PROGRESS": "dim",
}


class Notices:
    """What is told beside the frames: a dim line on standard error for each loss and each return of the server."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._is_away = False

    def lost(self) -> None:
        """The connection is gone, or an attempt to have another one failed, which is not told again."""
        if not self._is_away:
            self.tell("the server is away; the stream goes on from here when it is back")
        self._is_away = True

    def returned(self) -> None:
        """The stream goes on."""
        if self._is_away:
            self.tell("the server is back")
        self._is_away = False

    def tell(self, text: str) -> None:
        """One line."""
        self._console.print(Text(f"heliograph tail: {printable(text)}", style="dim"), soft_wrap=True)


def drawing(console: Console) -> Printer:
    """Draws rows; the terminal wraps what does not fit, for nothing that was told is cut off at its end."""

    def draw(frame: Json) -> None:
        for row in rows(frame):
            console.print(drawn(row), soft_wrap=True)

    return draw


def drawn(row: Row) -> Text:
    """A row in columns."""
    at = "" if row.at is None else f"{row.at[5:10]} {row.at[11:19]}"
    style = style_of(row.kind)
    return Text.assemble(
        (set_cell_size(printable(at), 15), "dim"),
        (f"{set_cell_size(printable(row.kind), KIND_CELLS)} ", style),
        (f"{set_cell_size(printable(row.what), WHAT_CELLS)} ", "bold"),
        printable(row.told),
    )


def style_of(kind: str) -> str:
    """The colours of a kind; most have none."""
    return next((style for end, style in STYLES.items() if kind.upper().endswith(end)), "")


def writing(notices: Notices) -> Printer:
    """Writes NDJSON, flushed line by line: whoever reads a pipe wants each frame when it comes."""

    def write(frame: Json) -> None:
        if frame["__typename"] == "StreamReset":
            notices.tell(next(rows(frame)).told)
        sys.stdout.write(f"{line(told(frame))}\n")
        sys.stdout.flush()

    return write


def told(frame: Json) -> Json:
    """A frame as NDJSON has it: its place, what it is, when it was, and all else that it says."""
    data = {name: value for name, value in frame.items() if name not in {"__typename", "cursor", "at"}}
    return {
        "cursor": frame["cursor"],
        "frame": _sort(frame["__typename"]),
        "type": frame["__typename"],
        "at": frame.get("at"),
        "data": data,
    }


def _sort(kind: str) -> str:
    if kind == "StreamReset":
        return "reset"
    return "snapshot" if kind.endswith("Snapshot") else "event"
