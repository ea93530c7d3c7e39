"""One request as people see it in a test: where it went, what was sent, what came back."""

import asyncio

import aiohttp
import msgspec
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from probes.failures import ProbeFailure
from probes.session import Response
from vocabulary.persona_tests import HttpVisit
from vocabulary.personas import Header

MAX_SHOWN = 2000


def visit_of(
    url: URL,
    address: str,
    headers: CIMultiDict[str] | CIMultiDictProxy[str],
    started: float,
    outcome: aiohttp.ClientResponse | ProbeFailure,
) -> HttpVisit:
    """The request that began at `started`, the loop's time in seconds; what a server wrote is cut to a length."""
    visit = HttpVisit(
        url=str(url),
        address=address,
        # The names are text of aiohttp's own kind, which nothing could write down.
        headers=tuple(Header(str(name), value) for name, value in headers.items()),
        millis=round((asyncio.get_running_loop().time() - started) * 1000),
    )
    if isinstance(outcome, ProbeFailure):
        return msgspec.structs.replace(visit, problem=f"{outcome.reason}: {outcome.detail}")
    location = outcome.headers.get("Location")
    return msgspec.structs.replace(
        visit,
        status_code=outcome.status,
        location=None if location is None else location[:MAX_SHOWN],
        tls_version=outcome.tls_version if isinstance(outcome, Response) else None,
    )
