"""One server process, and the end of it with everything that it started.

A `Popen` and threads, not `asyncio.subprocess`: a server lives as long as the test session, while each test has
an event loop of its own, and an asyncio process belongs for good to the loop that started it.

PostgreSQL puts each of its children in a session of its own, so a signal to the process group does not reach
them. `kill` therefore walks the tree: it stops the parent first, so that no child is born while it looks.

A test session that is itself killed takes its servers with it: the kernel sends each of them SIGKILL.
"""

import asyncio
import contextlib
import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# Checking costs one connection to loopback, so the first moment of readiness is hardly missed.
READY_CHECK_SECONDS = 0.01

GIVEN_OUT = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOWEST_PORT = 10_000

PR_SET_PDEATHSIG = 1  # From linux/prctl.h.
LIBC = ctypes.CDLL(None)


class ServerFailed(Exception):
    """A server did not come up, or did not go down."""


@dataclass(frozen=True)
class Launch:
    """What to start, and as whom; `uid` is None for the present user."""

    argv: Sequence[str]
    log: Path
    uid: int | None = None
    env: Mapping[str, str] = field(default_factory=dict)


class ServerProcess:
    """A started server."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        with launch.log.open("ab") as log:
            self._process = subprocess.Popen(
                launch.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                # Safe although there are threads: it calls one function of libc and takes no lock of ours.
                preexec_fn=_die_with_the_session,  # noqa: PLW1509
                cwd=launch.log.parent,
                user=launch.uid,
                group=launch.uid,
                extra_groups=None if launch.uid is None else [],
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", **launch.env},
            )

    def __repr__(self) -> str:
        state = "running" if self.running else f"ended with {self._process.returncode}"
        return f"<ServerProcess {self._launch.argv[0]} {self._process.pid} {state}>"

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    async def wait_until(self, ready: Callable[[], Awaitable[bool]], seconds: float) -> None:
        """Return as soon as `ready` says so.

        Raises:
            ServerFailed: the process ended, or `seconds` went by; the message has the end of its log.
        """
        deadline = time.monotonic() + seconds
        while not await ready():
            if not self.running or time.monotonic() > deadline:
                tail = self._launch.log.read_text(errors="replace")[-2000:]
                raise ServerFailed(f"{self!r} is not ready:\n{tail}")
            await asyncio.sleep(READY_CHECK_SECONDS)

    async def stop(self, how: signal.Signals, seconds: float = 10) -> None:
        """Ask it to end and wait; one that does not is killed, and reported."""
        if not self.running:
            return
        self._process.send_signal(how)
        try:
            await asyncio.to_thread(self._process.wait, seconds)
        except subprocess.TimeoutExpired as late:
            await self.kill()
            raise ServerFailed(f"{self!r} ignored {how.name} for {seconds} s.") from late

    def freeze(self) -> None:
        """Stop it and all its descendants where they are: the kernel goes on taking connections for them, and bytes."""
        self._process.send_signal(signal.SIGSTOP)
        self._signal_descendants(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        self._signal_descendants(signal.SIGCONT)
        self._process.send_signal(signal.SIGCONT)

    def _signal_descendants(self, which: signal.Signals) -> None:
        for pid in descendants(self.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, which)

    async def kill(self) -> None:
        """SIGKILL it and all its descendants at once, and return when none of them is left."""
        if not self.running:
            return
        self._process.send_signal(signal.SIGSTOP)
        family = [self.pid, *descendants(self.pid)]
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await asyncio.to_thread(self._process.wait, 10)
        await asyncio.to_thread(_wait_until_gone, family, 10)


def _die_with_the_session() -> None:
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    """The process ids of all children of `pid`, and of theirs."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := _parent(entry)) is not None:
            children.setdefault(parent, []).append(int(entry.name))
    found: list[int] = []
    unseen = [pid]
    while unseen:
        young = children.get(unseen.pop(), [])
        found += young
        unseen += young
    return found


def alive(pid: int) -> bool:
    """Whether a process is there and not a zombie that only waits for its parent."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def _wait_until_gone(family: Sequence[int], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while left := [pid for pid in family if alive(pid)]:
        if time.monotonic() > deadline:
            raise ServerFailed(f"Processes {left} outlived SIGKILL by {seconds} s.")
        time.sleep(READY_CHECK_SECONDS)


def _parent(entry: Path) -> int | None:
    # The name of the program stands in brackets and may itself hold brackets and blanks.
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port of a loopback address that nobody listens on, and that nobody is given who asks for any port.

    From the range of those given out (`ip_local_port_range`) any connection of any process might take it before it
    is listened on, or while a server that comes back on it is away.
    """
    first_given_out = int(GIVEN_OUT.read_text().split()[0])
    while True:
        port = random.randrange(LOWEST_PORT, first_given_out)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((host, port))
            return port


def find_program(name: str, *folders: Path) -> Path | None:
    """The program in the first of `folders` that has it, else on the PATH."""
    for folder in folders:
        if os.access(folder / name, os.X_OK):
            return folder / name
    found = shutil.which(name)
    return Path(found) if found else None
