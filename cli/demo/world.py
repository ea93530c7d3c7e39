"""Taking part in a demo: as the host, who has the sandbox in its process, or as a guest of one that runs."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

from cli.demo.folder import DemoFolder
from core.errors import Misconfigured
from core.settings import Settings, load
from sandbox.sandbox import Sandbox, SandboxPorts

LOOPBACK = IPv4Network("127.0.0.0/8")
FREE_PORTS = "1024-65535"
"""The sandbox listens on ports that are free when it starts."""


@dataclass(frozen=True)
class Demo:
    """A demo that this process takes part in; `sandbox` is None for a guest."""

    folder: DemoFolder
    settings: Settings
    sandbox: Sandbox | None


@asynccontextmanager
async def taking_part(folder: DemoFolder, flags: Mapping[str, Any]) -> AsyncIterator[Demo]:
    """Host the demo of a folder until the block ends, or be its guest.

    Raises:
        Misconfigured: the folder or a setting is not in order, or a guest could not reach the host's workers.
    """
    folder.make()
    async with AsyncExitStack() as stack:
        with folder.arriving():
            lock = folder.host_lock()
            if lock is None:
                demo = Demo(folder, _guest_settings(folder, flags), None)
            else:
                stack.enter_context(closing(lock))
                demo = await _host(stack, folder, flags)
        yield demo


def worker_settings(folder: DemoFolder, flags: Mapping[str, Any]) -> Settings:
    """The settings of a worker process of the demo that runs in a folder.

    Raises:
        Misconfigured: no demo runs there, or a setting is wrong.
    """
    if not folder.has_host():
        raise Misconfigured(f"No demo runs in {folder.path}: start `heliograph serve --demo` there first")
    return load(_env_file=folder.settings_file, **flags)


def _guest_settings(folder: DemoFolder, flags: Mapping[str, Any]) -> Settings:
    settings = load(_env_file=folder.settings_file, **{**flags, "bootstrap_token": folder.token()})
    if settings.channel_url.startswith("memory://"):
        raise Misconfigured(
            f"A demo runs in {folder.path} already, and memory:// cannot reach it: end it,"
            " give both the same --channel-url, or choose another --demo-dir"
        )
    return settings


async def _host(stack: AsyncExitStack, folder: DemoFolder, flags: Mapping[str, Any]) -> Demo:
    given = load(**flags)
    sandbox = await _open_sandbox(stack, folder)
    settings = load(**{**flags, **_demo_settings(folder, given, sandbox)})
    folder.write_ports(_ports(sandbox))
    folder.write_settings(settings)
    return Demo(folder, settings, sandbox)


async def _open_sandbox(stack: AsyncExitStack, folder: DemoFolder) -> Sandbox:
    try:
        return await stack.enter_async_context(Sandbox.open(folder.certificates, folder.read_ports()))
    except Misconfigured:
        # Somebody has taken a port meanwhile; the seeding then tells the database about the new ones.
        return await stack.enter_async_context(Sandbox.open(folder.certificates))


def _demo_settings(folder: DemoFolder, given: Settings, sandbox: Sandbox) -> dict[str, Any]:
    """What the demo decides: where its files are unless that is given, and how its world is reached."""
    own = {
        "database_url": f"sqlite+aiosqlite:///{folder.path / 'heliograph.db'}",
        "secret_key_file": folder.path / "heliograph.key",
    }
    if given.bootstrap_token is not None:
        folder.write_token(given.bootstrap_token.get_secret_value())
    return {
        **{name: value for name, value in own.items() if name not in given.model_fields_set},
        "allowed_networks": list(dict.fromkeys([*given.allowed_networks, LOOPBACK])),
        "allowed_ports": f"{given.allowed_ports},{FREE_PORTS}",
        "ca_file": sandbox.ca_file,
        "probe_url": sandbox.probe_url,
        "bootstrap_token": folder.token(),
    }


def _ports(sandbox: Sandbox) -> SandboxPorts:
    proxies = {proxy.name: proxy.endpoint.port for proxy in sandbox.proxies}
    return SandboxPorts(
        dns=int(sandbox.dns.rpartition(":")[2]),
        http=sandbox.http_port,
        https=sandbox.https_port,
        http_proxy=proxies["http"],
        https_proxy=proxies["https"],
        socks4_proxy=proxies["socks4"],
        socks5_proxy=proxies["socks5"],
        dead_proxy=proxies["dead"],
    )
