"""The demo's folder: all that a demo leaves behind is in it, and other processes find the demo by it.

    heliograph.db, heliograph.key   unless other ones are given
    certificates/                   of the sandbox's web hosts
    ports.json                      so that the next start finds its world again
    demo.env                        the settings of whoever takes part, as `heliograph worker --demo-dir` reads them
    token                           the admin token that the screen shows
    lock, starting.lock             see below

One process hosts the sandbox: the one that holds `lock`, for as long as it lives. The system lets go of the lock
when the process ends, however it ends. Who comes second is a guest and uses the sandbox that is there. So that a
guest never reads files that are half written, everybody who arrives holds `starting.lock` until they know what they
are; one who waits for it waits for the other's start, about a second.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from auth.tokens import new_token
from core.errors import Misconfigured
from core.settings import Settings
from sandbox.sandbox import SandboxPorts

DEFAULT = Path(".heliograph-demo")
SHARED = (
    "database_url",
    "channel_url",
    "secret_key_file",
    "allowed_networks",
    "allowed_ports",
    "ca_file",
    "probe_url",
)


class DemoFolder:
    """The files of one demo."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    def __repr__(self) -> str:
        return f"<DemoFolder {self.path}>"

    @property
    def certificates(self) -> Path:
        """Where the sandbox puts its certificates."""
        return self.path / "certificates"

    @property
    def settings_file(self) -> Path:
        """The settings of whoever takes part in the demo."""
        return self.path / "demo.env"

    @property
    def token_file(self) -> Path:
        """The admin token."""
        return self.path / "token"

    def make(self) -> None:
        """Make the folder, for its owner only.

        Raises:
            Misconfigured: it cannot be made.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.certificates.mkdir(exist_ok=True)
        except OSError as error:
            raise Misconfigured(f"--demo-dir: {self.path} cannot be used: {error.strerror}") from error

    @contextmanager
    def arriving(self) -> Iterator[None]:
        """Find out alone what one is: waits until nobody else is about to."""
        with (self.path / "starting.lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def host_lock(self) -> IO[bytes] | None:
        """The lock of the demo's host, or None if another process is the host; closing it gives it up."""
        file = (self.path / "lock").open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return None
        return file

    def has_host(self) -> bool:
        """Whether a demo runs here."""
        if not self.settings_file.exists():
            return False
        lock = self.host_lock()
        if lock is not None:
            lock.close()
        return lock is None

    def read_ports(self) -> SandboxPorts:
        """The ports of the last start; any free ones if there was none."""
        try:
            return msgspec.json.decode((self.path / "ports.json").read_bytes(), type=SandboxPorts)
        except (OSError, msgspec.MsgspecError):
            return SandboxPorts()

    def write_ports(self, ports: SandboxPorts) -> None:
        """Remember the ports for the next start."""
        (self.path / "ports.json").write_bytes(msgspec.json.encode(ports) + b"\n")

    def token(self) -> str:
        """The demo's token; it is made at the first call."""
        if not self.token_file.exists():
            self.write_token(new_token())
        return self.token_file.read_text().strip()

    def write_token(self, token: str) -> None:
        """Keep a token for the next start, for the owner's eyes only."""
        _write_private(self.token_file, token + "\n")

    def write_settings(self, settings: Settings) -> None:
        """Write down what guests and workers need. It can hold a password, and is for the owner's eyes only."""
        lines = [f"HELIOGRAPH_{name.upper()}={_quoted(_text(settings, name))}" for name in SHARED]
        _write_private(self.settings_file, "\n".join(lines) + "\n")


def _text(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text)
