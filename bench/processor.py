"""How long the processor was at work for a process, by the kernel."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(pid: int) -> float:
    """What a process has used of processors (`utime` and `stime` of /proc/PID/stat), in seconds, to a hundredth."""
    # The name of the program stands in brackets and may itself hold brackets and blanks.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
