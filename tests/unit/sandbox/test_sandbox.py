"""The sandbox as a whole: it starts at once, stops at once whatever is under way, and leaves nothing."""

import asyncio
import socket
import ssl
from pathlib import Path

import dns.message
import pytest

from core.errors import Misconfigured
from sandbox.behaviours import Dns, Web
from sandbox.sandbox import Sandbox, SandboxPorts
from sandbox.world import WORLD


def ports_of(box: Sandbox) -> SandboxPorts:
    return SandboxPorts(
        dns=box.zone.port,
        http=box.http_port,
        https=box.https_port,
        http_proxy=box.proxy("http").port,
        https_proxy=box.proxy("https").port,
        socks4_proxy=box.proxy("socks4").port,
        socks5_proxy=box.proxy("socks5").port,
        dead_proxy=box.proxy("dead").port,
    )


async def test_it_starts_in_half_a_second(tmp_path: Path) -> None:
    async with asyncio.timeout(0.5):
        async with Sandbox.open(tmp_path) as box:
            assert box.world is WORLD
            assert box.dns == f"127.0.0.1:{box.zone.port}"
            assert box.ca_file.is_file()


async def test_it_stops_within_a_second_with_all_kinds_of_work_under_way(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    before = asyncio.all_tasks()
    clients = []
    async with Sandbox.open(tmp_path) as box:
        trusting = ssl.create_default_context(cafile=str(box.ca_file))
        ports = (box.http_port, box.https_port, *(p.endpoint.port for p in box.proxies[:4]), box.zone.port)
        clients.extend([await asyncio.open_connection("127.0.0.1", port) for port in ports])
        for behaviour in (Web.STALLED_HEAD, Web.DRIPPING_BODY):
            name = WORLD.having(behaviour)[0].name
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", box.https_port, ssl=trusting, server_hostname=name
            )
            writer.write(f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
            assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
            clients.append((reader, writer))
        name = WORLD.having(Web.HUGE)[0].name
        reader, writer = await asyncio.open_connection("127.0.0.1", box.http_port, limit=1)
        writer.write(f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
        assert await reader.read(4) == b"HTTP"
        clients.append((reader, writer))
        begun = loop.time()
    assert loop.time() - begun < 1.0
    assert asyncio.all_tasks() == before
    for _, writer in clients:
        writer.transport.abort()


async def test_a_restarted_one_finds_its_ports_again(tmp_path: Path) -> None:
    async with Sandbox.open(tmp_path) as box:
        fixed = ports_of(box)
        _, writer = await asyncio.open_connection("127.0.0.1", box.http_port)
    async with Sandbox.open(tmp_path, fixed) as again:
        assert ports_of(again) == fixed
    writer.close()


async def test_a_port_in_use_is_one_error_and_leaves_nothing_open(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Misconfigured, match=f"port {port} for https proxy"):
            async with Sandbox.open(tmp_path, SandboxPorts(https_proxy=port)):
                pytest.fail("It opened.")
    assert asyncio.all_tasks() == before


async def test_thousands_of_lookups_a_second(tmp_path: Path) -> None:
    """Some 3700 queries for different names, answered at more than 2000 a second on any machine of today."""
    async with Sandbox.open(tmp_path) as box:
        names = [site.name for site in WORLD.sites if site.dns not in {Dns.SILENT, Dns.LOSSY}]
        queries = [dns.message.make_query(name, kind).to_wire() for name in names for kind in ("A", "AAAA")]
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for _ in range(5):
            for query in queries:
                assert box.zone.answer(query, over_tcp=False) is not None
        assert loop.time() - begun < len(queries) * 5 / 2000
