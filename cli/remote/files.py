"""Where what is exported goes."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from core.errors import Misconfigured


@contextmanager
def opened(name: str | None) -> Iterator[TextIO]:
    """Standard output, or a file that is `name` only when all of it is written: what was there stays until then.

    Raises:
        Misconfigured: the file cannot be written.
    """
    if name is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    part = Path(f"{name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as out:
            yield out
        part.replace(name)
    except OSError as error:
        raise Misconfigured(f"--output: {name} cannot be written ({error.strerror})") from error
    finally:
        part.unlink(missing_ok=True)
