"""How much memory a process has, by the kernel."""

import re
from pathlib import Path

RESIDENT = re.compile(r"VmRSS:\s+(\d+) kB")


def resident_mb(pid: int) -> float:
    """What is resident of a process (`VmRSS`), in MiB, with all that its allocator has not given back."""
    found = RESIDENT.search(Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024
