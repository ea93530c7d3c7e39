"""`memory://` reaches one process only, so a second one on the same SQLite file is refused instead of left deaf.

The lock is on a file beside the database, never on the database itself: closing any descriptor of a file gives up
the POSIX locks that SQLite holds on it (sqlite.org/howtocorrupt.html, section 2.2). The system releases the lock
when the process ends, however it ends; the empty file stays. Commands that only write and end do not take it; one whose
commit must be heard of at once rings the bell beside the database (`web/side_bell.py`).
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import Misconfigured
from web.foundation import Foundation


@contextmanager
def sole_process(ground: Foundation) -> Iterator[None]:
    """Be the only one on a SQLite database with a channel inside the process; otherwise this asks for nothing.

    Raises:
        Misconfigured: another process is there.
    """
    database = ground.engines.url.database
    if not ground.engines.is_sqlite or not ground.doorbell.channel.is_local or database is None:
        yield
        return
    path = Path(f"{database}.lock")
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Misconfigured(
                f"Another process serves {database}, and memory:// cannot reach it:"
                " give both the same HELIOGRAPH_CHANNEL_URL, redis://… or postgres://…"
            ) from error
        yield
