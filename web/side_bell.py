"""A bell beside the file of a SQLite database, for commands that write something and end.

Where the channel reaches one process only, nobody else's commit is heard of before the next change here. Most can wait
so long; a token that is revoked on the command line must not. So the process that serves listens on a datagram socket
beside the database, and a command rings it after its commit. What is sent says nothing: the log is the truth, and is
looked at. Only whoever runs the process may ring. With a channel that reaches others there is no such bell.
"""

import asyncio
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import structlog

from web.foundation import Foundation

PULL = b"!"
READ_BYTES = 16
OWNER_ONLY = 0o177

log = structlog.get_logger(__name__)


@contextmanager
def hung(ground: Foundation, rung: Callable[[], None]) -> Iterator[None]:
    """Have `rung` called when a command has written something, as long as the block lasts. Be the sole process."""
    path = _place(ground)
    if path is None:
        yield
        return
    # Whoever hung it before is gone.
    path.unlink(missing_ok=True)
    with closing(_socket()) as bell:
        if not _bound(bell, path):
            yield
            return
        loop = asyncio.get_running_loop()
        loop.add_reader(bell, _take, bell, rung)
        try:
            yield
        finally:
            loop.remove_reader(bell)
            path.unlink(missing_ok=True)


def ring(ground: Foundation) -> None:
    """Let the process that serves this database look at its log, if there is one."""
    path = _place(ground)
    if path is None:
        return
    # Nobody is there, or it was rung so often that once more makes no difference.
    with closing(_socket()) as bell, suppress(OSError):
        bell.sendto(PULL, str(path))


def _place(ground: Foundation) -> Path | None:
    database = ground.engines.url.database
    if not ground.engines.is_sqlite or not ground.doorbell.channel.is_local or database is None:
        return None
    return Path(f"{database}.bell")


def _socket() -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    made.setblocking(False)
    return made


def _bound(bell: socket.socket, path: Path) -> bool:
    mask = os.umask(OWNER_ONLY)
    try:
        bell.bind(str(path))
    except OSError as error:
        # A path may be too long for the address of a socket, and a file system may have none.
        log.warning("side_bell_not_hung", path=str(path), reason=str(error))
        return False
    finally:
        os.umask(mask)
    return True


def _take(bell: socket.socket, rung: Callable[[], None]) -> None:
    with suppress(BlockingIOError):
        while True:
            bell.recv(READ_BYTES)
            rung()
