"""nginx with its module nchan, in C and without GraphQL: each event is posted to it, and it tells all WebSockets.

A WebSocket has one subscription, so it is not asked for forty. The module stands where Debian has it, beside the
program, or is compiled in.
"""

import asyncio
import re
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from bench.fanout.audience import Place
from bench.fanout.contestants import START_SECONDS, Running
from bench.peers import told
from bench.peers.control import LOOPBACK
from bench.peers.raw_aiohttp import shared_ids
from tests.servers.process import Launch, ServerProcess, descendants, free_port

NCHAN = "nginx-nchan"
MODULE = Path("../lib/nginx/modules/ngx_nchan_module.so")
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
CONFIGURATION = """
%(module)s
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid %(folder)s/nginx.pid;
error_log stderr error;
events { worker_connections 10000; }
http {
  access_log off;
  client_body_temp_path %(folder)s/body;
  proxy_temp_path %(folder)s/proxy;
  fastcgi_temp_path %(folder)s/fastcgi;
  uwsgi_temp_path %(folder)s/uwsgi;
  scgi_temp_path %(folder)s/scgi;
  keepalive_requests 1000000;
  server {
    listen 127.0.0.1:%(port)d backlog=1024;
    location = /graphql {
      nchan_subscriber websocket;
      nchan_channel_id events;
      nchan_subscriber_first_message newest;
    }
    location = /publish {
      nchan_publisher http;
      nchan_channel_id events;
      nchan_message_buffer_length 1000;
    }
  }
}
"""


@asynccontextmanager
async def nchan(program: Path, folder: Path) -> AsyncIterator[Running]:
    """A server that runs, of one worker process.

    Args:
        program: nginx.
        folder: for its files.

    Raises:
        ServerFailed: it does not start; it may lack the module.
    """
    port = free_port()
    server = ServerProcess(Launch(_command(program, folder, port), log=folder / "nginx.log"))
    try:
        await server.wait_until(lambda: _answers(port), START_SECONDS)
        async with Publisher.reach(port) as publisher:
            place = Place(port, speaks=False, ids=shared_ids, multiplexes=False)
            yield Running(place, [server.pid, *descendants(server.pid)], publisher.publish)
    finally:
        await server.kill()


def _command(program: Path, folder: Path, port: int) -> list[str]:
    folder.mkdir(parents=True)
    module = (program.parent / MODULE).resolve()
    line = f"load_module {module};" if module.is_file() else ""
    settings = folder / "nginx.conf"
    settings.write_text(CONFIGURATION % {"module": line, "folder": folder, "port": port})
    return [str(program), "-p", str(folder), "-c", str(settings)]


def program(name: str) -> Path:
    """The program of this name, or at this place.

    Raises:
        ValueError: there is none.
    """
    place = shutil.which(name)
    if place is None:
        raise ValueError(f"{name} is no program.")
    return Path(place).resolve()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    return True


class Publisher:
    """One connection over which events are posted, all that come at once in one write."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    @asynccontextmanager
    async def reach(cls, port: int) -> AsyncIterator["Publisher"]:
        """A connection."""
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        try:
            yield cls(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def publish(self, first: int, count: int) -> float:
        """Post so many, and return when all were taken."""
        (ident,) = shared_ids(1)
        texts = [told.frame(ident, told.payload(number)).encode() for number in range(first, first + count)]
        began = time.time()
        self._writer.write(b"".join(_post(text) for text in texts))
        for _ in texts:
            head = await self._reader.readuntil(b"\r\n\r\n")
            found = LENGTH.search(head)
            await self._reader.readexactly(0 if found is None else int(found[1]))
        return began


def _post(text: bytes) -> bytes:
    return b"POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text)
