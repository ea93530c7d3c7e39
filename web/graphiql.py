"""GraphiQL, and the built files of every page that this server shows.

`web/ui/` is built into `web/static/PAGE/`: an `index.html`, and beside it `files/` in which every name carries
a hash of its content. So the page is never stored and the files are stored for ever. The routes are made from
what lies in the folder at start: an address that is not one of those files is a 404 before any path is looked
at. Nothing here comes from, or lets a browser go to, another host.
"""

from pathlib import Path

from aiohttp import web

from core.errors import Misconfigured

STATIC = Path(__file__).parent / "static"

# GraphiQL's editor writes style elements and starts its workers from blobs; scripts come from files alone.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "worker-src 'self' blob:",
        "font-src 'self' data:",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

FILE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "public, max-age=31536000, immutable",
    "Vary": "Accept-Encoding",
}

# These lie beside the file that they are a smaller form of, and are chosen by its request's Accept-Encoding.
COMPRESSED = frozenset({".br", ".gz"})


async def graphiql_page(_request: web.Request) -> web.StreamResponse:
    """Answer with the GraphiQL page; its scripts are at the routes of `add_assets`."""
    return web.FileResponse(STATIC / "graphiql" / "index.html", headers=PAGE_HEADERS)


def add_assets(app: web.Application, static: Path = STATIC) -> None:
    """Serve every built file below `static` at `/assets/PAGE/files/NAME`.

    Raises:
        Misconfigured: nothing has been built.
    """
    files = _built_files(static)
    if not files:
        raise Misconfigured("The web assets are not built: run `make setup`.")

    async def asset(request: web.Request) -> web.StreamResponse:
        path = files.get(request.match_info["path"])
        if path is None:
            raise web.HTTPNotFound
        # A FileResponse itself takes the .br or .gz sibling that the client accepts.
        return web.FileResponse(path, headers=FILE_HEADERS)

    app.router.add_get("/assets/{path:.+}", asset)


def _built_files(static: Path) -> dict[str, Path]:
    """Map each address below `/assets/` to its file."""
    found = (path for path in static.glob("*/files/*") if path.suffix not in COMPRESSED)
    return {path.relative_to(static).as_posix(): path for path in found if path.is_file()}
