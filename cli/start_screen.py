"""What the terminal shows when a process is ready: where everything is, and what is going on."""

from collections.abc import Mapping

from rich.console import Console
from rich.text import Text

WIDTH = 10


def show(title: str, rows: Mapping[str, str]) -> None:
    """Print rows of a label and a text: with colours on a terminal, as plain lines elsewhere.

    Nothing is wrapped or cut, for a link that is broken over two lines cannot be followed.
    """
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(title, style="bold"))
    for label, text in rows.items():
        console.print(Text.assemble("  ", (label.ljust(WIDTH), "cyan"), " ", _linked(text)))
    console.file.flush()


def _linked(text: str) -> Text:
    shown = Text(text)
    shown.highlight_regex(r"https?://\S+", style="underline")
    return shown
