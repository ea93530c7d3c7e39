"""Fetching the page that keyword rules are to be tried on, as an HTTP persona would fetch it. Nothing is stored.

What is needed of the database is read first and let go; no transaction is open while the network is used.
"""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

import msgspec

from auth.policy import require
from auth.principal import Principal
from core.errors import NotFound, ValidationFailed
from db.repositories import personas
from db.unit_of_work import Database
from probes.trials import Errand, Trials, Zones, is_address, read_url
from vocabulary.access import Role
from vocabulary.checks import Zone
from vocabulary.persona_tests import HttpTest
from vocabulary.personas import DnsPersonaConfig, HttpPersonaConfig, PersonaConfig

MAX_PAGE_BYTES = 2 * 1024 * 1024
PLAIN = HttpPersonaConfig(user_agent="heliograph (keyword test)")


class PageToTry(NamedTuple):
    """A page, and the personas that fetch it: without the first a plain one, without the other the system."""

    url: str
    persona_id: UUID | None = None
    dns_persona_id: UUID | None = None


class FetchedPage(NamedTuple):
    """What the fetch came to, and the text of the page by zone, of which there is none if it failed."""

    test: HttpTest
    zones: Mapping[Zone, str]


class KeywordPages:
    """Fetches pages for tests of keywords."""

    def __init__(self, database: Database, trials: Trials) -> None:
        self._database = database
        self._trials = trials

    async def fetch(self, caller: Principal, page: PageToTry) -> FetchedPage:
        """Fetch a page, within the address policy, the deadline of a trial and MAX_PAGE_BYTES.

        Raises:
            Forbidden: for a viewer.
            NotFound: there is no such persona; its `path` is the field that names it.
            ValidationFailed: the address is none, a persona is of the wrong type, or cannot be used here.
        """
        require(caller, Role.OPERATOR)
        http, dns = await self._personas(caller, page)
        try:
            url = read_url(page.url, self._trials.ports)
        except ValueError as error:
            raise ValidationFailed.at(("url",), str(error)) from error
        limit = min(http.max_body_bytes, MAX_PAGE_BYTES)
        zones = Zones()
        errand = Errand(page.url.strip(), url.raw_host or "", [url])
        as_given = msgspec.structs.replace(http, max_body_bytes=limit)
        by_system = dns is None and not is_address(errand.host)
        try:
            test = await self._trials.fetch(as_given, errand, dns, zones, by_system=by_system)
        except ValidationFailed as error:
            raise ValidationFailed.at(("dnsPersonaId",), error.violations[0].message) from error
        return FetchedPage(test, zones.seen)

    async def _personas(
        self, caller: Principal, page: PageToTry
    ) -> tuple[HttpPersonaConfig, DnsPersonaConfig | None]:
        wanted = [ident for ident in (page.persona_id, page.dns_persona_id) if ident is not None]
        async with self._database.engines.reading() as session:
            found = await personas.get_many(session, wanted, caller.scope)
        configs = {ident: row.config for ident, row in found.items()}
        http = _config(configs, page.persona_id, "personaId")
        dns = _config(configs, page.dns_persona_id, "dnsPersonaId")
        if http is not None and not isinstance(http, HttpPersonaConfig):
            raise ValidationFailed.at(("personaId",), "must be a persona of type HTTP", "HTTP")
        if dns is not None and not isinstance(dns, DnsPersonaConfig):
            raise ValidationFailed.at(("dnsPersonaId",), "must be a persona of type DNS", "DNS")
        return http or PLAIN, dns


def _config(configs: Mapping[UUID, PersonaConfig], ident: UUID | None, field: str) -> PersonaConfig | None:
    if ident is None:
        return None
    if ident not in configs:
        raise NotFound("persona", str(ident), (field,))
    return configs[ident]
