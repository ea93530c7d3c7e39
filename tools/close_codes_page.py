"""The table of close codes in docs/streams.md."""

from live.close_codes import TABLE
from tools.markdown import table as markdown_table


def table() -> str:
    """Every code that a WebSocket is closed with."""
    rows = [(str(row.code), row.name, row.issued, "yes" if row.retried else "no") for row in TABLE]
    return markdown_table(("Code", "Name", "When", "Comes back"), rows)
