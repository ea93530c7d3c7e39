"""An aiohttp application on a free port, for as long as its process lives."""

from aiohttp import web

from bench.peers.control import LOOPBACK

BACKLOG = 1024


async def listening(app: web.Application) -> int:
    """Serve it; gives the port."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, 0, backlog=BACKLOG).start()
    port: int = runner.addresses[0][1]
    return port
