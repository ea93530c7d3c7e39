"""One certificate authority for all tests of the room, and both event loops for those that open connections."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from tests.unit.probes.loopback import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(Path(tmp_path_factory.mktemp("ca")))


@pytest.fixture(scope="session", autouse=True)
def system_authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The system trusts one stranger instead of its long list, which takes a while to read for every fetcher."""
    stranger = Authority(tmp_path_factory.mktemp("stranger"), "Stranger")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(stranger.file))
        patch.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("empty")))
        yield


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the system's resolver finds, for names of the test; each look at a name takes the next address."""
    found: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, *args: Any, **more: Any) -> Any:
        given = found.get(host)
        if given is None:
            return real(host, port, *args, **more)
        address = given.pop(0) if len(given) > 1 else given[0]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port or 0))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return found


BOTH_LOOPS = frozenset(
    {
        "test_fetch.py",
        "test_fetch_settings.py",
        "test_micro_crawl.py",
        "test_proxy_test.py",
        "test_tunnels.py",
    }
)
# TLS inside TLS: the loop of Python 3.11 never tells of a certificate that it refuses there (its `SSLProtocol._abort`
# takes no argument and is given one). Every process of ours runs on uvloop, which does.
LOOP_OF_PRODUCTION = frozenset({"test_attribution.py"})


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """uvloop's transports differ from asyncio's in small ways that have broken the dialer before."""
    if item.path.name in BOTH_LOOPS:
        return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
    if item.path.name in LOOP_OF_PRODUCTION:
        return {"uvloop": uvloop.new_event_loop}
    return {"asyncio": asyncio.new_event_loop}
