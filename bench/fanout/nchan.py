"""nginx with its module nchan, in C and without GraphQL: each event is posted to it, and it tells all WebSockets.

A WebSocket has one subscription, so it is not asked for forty. It is taken where the machine has it, as Debian's
packages nginx and libnginx-mod-nchan bring it, also unpacked somewhere: it needs no folder but one of its own.
"""

import asyncio
import os
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.fanout.audience import Place
from bench.fanout.contestants import START_SECONDS, Running
from bench.peers import told
from bench.peers.control import LOOPBACK, Control
from bench.peers.raw_aiohttp import shared_ids
from tests.servers.process import Launch, ServerProcess, descendants, free_port

NCHAN = "nginx-nchan"
MODULE = "ngx_nchan_module.so"
FOLDERS = ("../lib/nginx/modules", "../modules")
"""Where modules are, seen from the program: as distributions have them, and as nginx installs itself."""
USUAL = ("/usr/sbin", "/usr/local/sbin", "/usr/local/nginx/sbin")
OPTION = re.compile(r"--([\w-]+)=(\S+)")
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
  keepalive_timeout 1d;
  keepalive_time 1d;
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


@dataclass(frozen=True)
class Nginx:
    """An nginx that has nchan.

    Attributes:
        program: to be run.
        module: nchan; None if it is compiled in.
        bodies: the folder that it was built to keep large bodies in, "" if that is not known.
    """

    program: Path
    module: Path | None
    bodies: str


def at(name: str) -> Nginx:
    """The program of this name, or at this place.

    Raises:
        ValueError: there is none, or it lacks the module.
    """
    place = shutil.which(name)
    if place is None:
        raise ValueError(f"{name} is no program.")
    program = Path(place).resolve()
    built = subprocess.run([program, "-V"], capture_output=True, text=True, check=False).stderr
    options = dict(OPTION.findall(built))
    folders = [*(program.parent / each for each in FOLDERS), Path(options.get("modules-path", "/"))]
    module = next((each / MODULE for each in folders if (each / MODULE).is_file()), None)
    if module is None and "nchan" not in built:
        raise ValueError(f"{name} has no module nchan.")
    return Nginx(program, module, options.get("http-client-body-temp-path", ""))


def found() -> Nginx | None:
    """The one of this machine; None if it has none."""
    places = os.pathsep.join([os.environ.get("PATH", ""), *USUAL])
    place = shutil.which("nginx", path=places)
    try:
        return None if place is None else at(place)
    except ValueError:
        return None


@asynccontextmanager
async def nchan(nginx: Nginx, folder: Path) -> AsyncIterator[Running]:
    """A server that runs, of one worker process.

    Args:
        nginx: the program.
        folder: for its files.

    Raises:
        ServerFailed: it does not start.
    """
    port, log = free_port(), folder / "nginx.log"
    server = ServerProcess(Launch(_command(nginx, folder, port), log=log))
    try:
        await server.wait_until(lambda: _serves(server.pid, port), START_SECONDS)
        async with Publisher.reach(port) as publisher:
            place = Place(port, speaks=False, ids=shared_ids, multiplexes=False)
            pids = [server.pid, *descendants(server.pid)]
            yield Running(place, pids, publisher.publish, log.read_text)
    finally:
        await server.kill()


def _command(nginx: Nginx, folder: Path, port: int) -> list[str]:
    folder.mkdir(parents=True)
    line = "" if nginx.module is None else f"load_module {_own(nginx.module, nginx.bodies, folder)};"
    settings = folder / "nginx.conf"
    settings.write_text(CONFIGURATION % {"module": line, "folder": folder, "port": port})
    return [str(nginx.program), "-p", str(folder), "-c", str(settings)]


def _own(module: Path, bodies: str, folder: Path) -> Path:
    """A copy whose folder of large bodies is below ours.

    Whatever is configured, nchan makes that for which nginx was built, and takes the directive that could tell it
    another for a second one. The new name is as long as the old one, and relative.
    """
    copy, old = folder / MODULE, b"\0%b\0" % bodies.encode()
    copy.write_bytes(module.read_bytes().replace(old, b"\0%b\0" % (b"b" * len(bodies))))
    return copy


async def _serves(pid: int, port: int) -> bool:
    # The first process listens before it has a second, and it is the second that does the work.
    if not descendants(pid):
        return False
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    return True


class Publisher(Control):
    """Has events posted, all that come at once in one write."""

    async def publish(self, first: int, count: int = 1) -> float:
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
