"""Which thing is meant: people name it by its id or by its name."""

from typing import NamedTuple

from cli.remote import documents
from cli.remote.failures import Refused
from cli.remote.paging import every
from cli.remote.server import Json, Server
from core.errors import Misconfigured


class Noun(NamedTuple):
    """A kind of thing: its name, the query of one by id, the query of all, and the field of that one."""

    name: str
    by_id: str
    listing: str
    field: str


CAMPAIGN = Noun("campaign", documents.CAMPAIGN, documents.CAMPAIGNS, "campaigns")
SCORING_PROFILE = Noun(
    "scoring profile", documents.SCORING_PROFILE, documents.SCORING_PROFILES, "scoringProfiles"
)
PROXY = Noun("proxy", documents.PROXY, documents.PROXIES, "proxies")
PROXY_POOL = Noun("proxy pool", documents.PROXY_POOL, documents.PROXY_POOLS, "proxyPools")


async def find(server: Server, noun: Noun, given: str) -> Json:
    """The one thing with this id, or else with just this name.

    Raises:
        Refused: there is none that the caller may see.
        Misconfigured: several have this name.
    """
    found = await _by_id(server, noun, given)
    if found is not None:
        return found
    named = [
        each async for each in every(server, noun.listing, noun.field, search=given) if each["name"] == given
    ]
    if len(named) == 1:
        return named[0]
    if named:
        ids = ", ".join(each["id"] for each in named)
        raise Misconfigured(f"{len(named)} are called {given!r}; say which by its id: {ids}")
    message = f"There is no {noun.name} with the id or name {given!r} that you may see."
    raise Refused(
        {"__typename": "NotFoundError", "code": "NOT_FOUND", "message": message, "path": None, "id": given}
    )


async def _by_id(server: Server, noun: Noun, given: str) -> Json | None:
    (found,) = (await server.ask(noun.by_id, id=given)).values()
    # `node` gives a thing of any kind, and of another kind nothing was selected.
    thing: Json | None = found or None
    return thing
