"""How many files the process has open, of as many as it may have, and a warning before it may open no more.

A connection is an open file. One that comes when there are as many as may be is ended without a word: the event loop
keeps a file in reserve to accept it and close it, and nothing of ours hears of that. So it has to be said before.
"""

import os
import resource

import structlog

LOOK_SECONDS = 10.0
"""How often to look. A system that does not say how many there are has them counted, which takes 0.6 ms a thousand."""
SCARCE_SHARE = 0.95
CALM_SHARE = 0.9
FILES = "/proc/self/fd"

log = structlog.get_logger(__name__)


class OpenFiles:
    """Looks at them now and then."""

    def __init__(self) -> None:
        self._next_look = float("-inf")
        self._is_scarce = False

    def __repr__(self) -> str:
        return f"<OpenFiles {'scarce' if self._is_scarce else 'free'}>"

    def look(self, now: float) -> None:
        """Warn once that hardly any more may be opened; again only after there was clearly room."""
        if now < self._next_look:
            return
        self._next_look = now + LOOK_SECONDS
        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        count, was_scarce = _count(most), self._is_scarce
        self._is_scarce = count >= most * (CALM_SHARE if was_scarce else SCARCE_SHARE)
        if self._is_scarce and not was_scarce:
            log.warning("open_files_scarce", open=count, limit=most)


def _count(most: int) -> int:
    """How many files are open; none where the system does not tell."""
    try:
        # Linux says it since 6.2.
        return os.stat(FILES).st_size or len(os.listdir(FILES))
    except FileNotFoundError:
        return 0
    except OSError:
        # To count them takes a file, and there is none left.
        return most
