"""Which Chromium the tests drive, and how it is started.

A system Chromium is taken where there is one. Elsewhere `install.py` has unpacked the one that lies inside the
npm package @sparticuz/chromium, with the libraries and the font that a bare machine may lack.
"""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

UNPACKED = Path(__file__).parent / ".chromium"
SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

FLAGS = (
    "--no-sandbox",  # A sandbox of Chromium's own can not be made by root.
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Even what no test hook sees, a worker's fetch or a prefetch, finds no address but loopback.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


@dataclass(frozen=True)
class Chromium:
    """A program, and what its environment must hold beside the usual."""

    program: Path
    env: dict[str, str] = field(default_factory=dict)


def system_chromium() -> Chromium | None:
    """The Chromium of this machine, if it has one."""
    found = next(filter(None, map(shutil.which, SYSTEM_NAMES)), None)
    return Chromium(Path(found)) if found else None


def unpacked_chromium() -> Chromium | None:
    """The one that `install.py` unpacked, if it did."""
    program = UNPACKED / "chromium"
    if not program.is_file():
        return None
    libraries = [str(UNPACKED / "lib"), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
    return Chromium(program, {"LD_LIBRARY_PATH": ":".join(libraries), **_fonts()})


def find_chromium() -> Chromium | None:
    """The Chromium to use, or None."""
    return system_chromium() or unpacked_chromium()


def _fonts() -> dict[str, str]:
    # A machine with fonts shows more scripts with its own.
    has_own = Path("/etc/fonts/fonts.conf").is_file() and any(Path("/usr/share/fonts").glob("*/*"))
    return {} if has_own else {"FONTCONFIG_PATH": str(UNPACKED)}
