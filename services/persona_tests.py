"""Trying a persona: it really looks a name up, or fetches a page, and shows what it did.

The persona is read first and let go, the network is used with no transaction open, and then one event is written,
which holds the host and the outcome and nothing of the page. Under a key what it showed is kept for whoever sends the
same again, as any answer is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from uuid import UUID

import msgspec

from auth.policy import require
from auth.principal import Principal
from auth.shares import Shares
from core.errors import ValidationFailed
from core.port_list import PortList
from db.models import PersonaRow
from db.repositories import personas
from db.unit_of_work import Database, UnitOfWork
from events.outbox import record
from events.resource_events import PersonaTested
from probes.fetch import Ports, both_schemes
from probes.trials import Errand, Trials, is_address, read_url
from services.once import Once, Request
from services.refusals import found_or_refuse
from services.rules_hosts import HOST_RULE, canonical_host
from services.written import Written
from vocabulary.access import Role
from vocabulary.checks import CheckStatus
from vocabulary.persona_tests import HttpTest, PersonaTest
from vocabulary.personas import DnsPersonaConfig, HttpPersonaConfig

MAX_TARGET = 2000


class Trial(NamedTuple):
    """Which persona is tried on what; `dns_persona_id` looks up for an HTTP persona, if the target is a name."""

    persona_id: UUID
    target: str
    dns_persona_id: UUID | None = None


class PersonaTests:
    """Tries personas out."""

    def __init__(self, database: Database, trials: Trials, shares: Shares) -> None:
        self._database = database
        # It shows the resolvers of the DNS persona, which may be somebody else's.
        self._once: Once[PersonaTest] = Once(database, PersonaTest, names_things=True)
        self._trials = trials
        self._shares = shares

    async def run(self, caller: Principal, trial: Trial, key: str | None = None) -> Written[PersonaTest]:
        """Try a persona.

        Raises:
            NotFound: there is no such persona, or no such DNS persona, before the test or after it.
            ValidationFailed: the target is none for this persona, or a resolver may not be reached here.
            Conflict: as `Once.run` says of keys.
            Throttled: the caller has as many tests under way as they may; nothing is remembered of that.
        """
        require(caller, Role.OPERATOR)

        async def tried() -> PersonaTest:
            with self._shares.test(caller):
                row, dns = await self._read(caller, trial)
                return _shown(await self._test(row, dns, trial))

        async def told(unit: UnitOfWork, test: PersonaTest) -> PersonaTest:
            return await _tell(unit, caller, trial, test)

        return await self._once.run_after(caller, Request("TEST_PERSONA", trial), key, tried, told)

    async def _read(self, caller: Principal, trial: Trial) -> tuple[PersonaRow, DnsPersonaConfig | None]:
        wanted = [one for one in (trial.persona_id, trial.dns_persona_id) if one is not None]
        async with self._database.engines.reading() as session:
            found = await personas.get_many(session, wanted, caller.scope)
        row = found_or_refuse(found.get(trial.persona_id), "persona", trial.persona_id)
        if trial.dns_persona_id is None:
            return row, None
        dns = found_or_refuse(found.get(trial.dns_persona_id), "persona", trial.dns_persona_id)
        if not isinstance(dns.config, DnsPersonaConfig):
            raise ValidationFailed.at(("dnsPersonaId",), "must be a persona of type DNS", "DNS")
        return row, dns.config

    async def _test(self, row: PersonaRow, dns: DnsPersonaConfig | None, trial: Trial) -> PersonaTest:
        match row.config:
            case DnsPersonaConfig() as config:
                if dns is not None:
                    raise ValidationFailed.at(("dnsPersonaId",), "goes with a persona of type HTTP only")
                name = _name(trial.target)
                with _blaming("id"):
                    return await self._trials.look_up(config, name)
            case HttpPersonaConfig() as http:
                errand = errand_of(
                    trial.target, ("target",), has_dns=dns is not None, ports=self._trials.ports
                )
                with _blaming("dnsPersonaId"):
                    return await self._trials.fetch(http, errand, dns)


@contextmanager
def _blaming(field: str) -> Iterator[None]:
    """What is wrong with a resolver is told of the field that names its persona."""
    try:
        yield
    except ValidationFailed as error:
        raise ValidationFailed.at((field,), error.violations[0].message) from error


def errand_of(text: str, path: tuple[str, ...], *, has_dns: bool, ports: PortList) -> Errand:
    """What is to be fetched: an address of the web, or a host, whose front page is asked for by https and http.

    Raises:
        ValidationFailed: it is neither, or a name that nobody could look up.
    """
    try:
        starts = [read_url(text, ports)] if "://" in text else both_schemes(_host(text), Ports())
    except ValueError as error:
        raise ValidationFailed.at(path, str(error), f"1..{MAX_TARGET}") from error
    host = starts[0].raw_host or ""
    if not is_address(host) and not has_dns:
        message = "is needed, for the target is a name that a persona must look up"
        raise ValidationFailed.at(("dnsPersonaId",), message)
    return Errand(text.strip(), host, starts)


def _host(text: str) -> str:
    host = canonical_host(text.strip())
    if host is None:
        raise ValueError(HOST_RULE)
    return host


def _name(text: str) -> str:
    """The name that a DNS persona shall look up."""
    host = canonical_host(text.strip())
    if host is None or is_address(host):
        raise ValidationFailed.at(("target",), "must be a legal host name, and no address", "1..253")
    return host


def _shown(test: PersonaTest) -> PersonaTest:
    """What is told of a test, without the page that it has read."""
    match test:
        case HttpTest(verdict=verdict):
            bare = msgspec.structs.replace(verdict, page=None, hits=())
            return msgspec.structs.replace(test, verdict=bare)
        case _:
            return test


async def _tell(unit: UnitOfWork, caller: Principal, trial: Trial, test: PersonaTest) -> PersonaTest:
    found = await personas.lock(unit.session, trial.persona_id, caller.scope)
    row = found_or_refuse(found, "persona", trial.persona_id)
    record(unit, _event(row, test), actor=caller.actor, owner_id=row.owner_id)
    return test


def _event(row: PersonaRow, test: PersonaTest) -> PersonaTested:
    verdict = test.verdict
    return PersonaTested(
        persona_id=row.id,
        name=row.name,
        persona_type=row.persona_type,
        target=_shown_host(test.target),
        succeeded=verdict.status is CheckStatus.OK,
        reason=None if verdict.reason is None else verdict.reason.value,
        millis=verdict.millis,
    )


def _shown_host(target: str) -> str:
    """The host of a target alone: a path or a query may hold what is nobody's business."""
    return (read_url(target).raw_host or "") if "://" in target else _host(target)
