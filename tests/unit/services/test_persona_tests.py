"""Trying personas out, over real sockets of the loopback interface."""

import asyncio
from uuid import UUID

import dns.message
import pytest

from auth.shares import Shares
from core.errors import Conflict, Forbidden, NotFound, ValidationFailed
from core.ids import new_id
from core.port_list import PortList
from db.repositories import personas as stored
from events.resource_events import PersonaTested
from probes.addresses import AddressPolicy
from probes.trials import MAX_AT_ONCE, Trials
from services.persona_tests import Trial, errand_of
from services.personas import PersonaDraft, Personas
from tests.fakes.house import House
from tests.integration.waiting import until
from tests.unit.probes.loopback import (
    LOCAL,
    DnsServer,
    answer,
    describe,
    dns_server,
    page,
    redirect,
    web_server,
)
from vocabulary.checks import CheckStatus, DnsReason, HttpReason
from vocabulary.operations import Throttled
from vocabulary.persona_tests import DnsTest, HttpTest, PersonaTest
from vocabulary.personas import DnsPersonaConfig, HttpPersonaConfig, PersonaConfig, PersonaType


def at_home(query: dns.message.Message) -> bytes:
    kind, name = describe(query).split()
    chain = [f"{name} CNAME real.test"]
    return answer(query, *chain, *(["real.test A 127.0.0.1"] if kind == "A" else []))


def silent(_: dns.message.Message) -> None:
    return None


@pytest.fixture
def verbs(house: House) -> Personas:
    return Personas(house.database, Trials(LOCAL, seconds=5))


async def made(house: House, verbs: Personas, config: PersonaConfig) -> UUID:
    name = f"persona {new_id()}"
    return (await verbs.create(house.alice, PersonaDraft(name, config))).value


async def dns_persona(house: House, verbs: Personas, server: DnsServer, **more: object) -> UUID:
    return await made(house, verbs, DnsPersonaConfig((server.text,), **more))  # type: ignore[arg-type]


async def run(house: House, verbs: Personas, *trial: object) -> PersonaTest:
    return (await verbs.tests.run(house.alice, Trial(*trial))).value  # type: ignore[arg-type]


async def told(house: House) -> list[PersonaTested]:
    return [event for event in await house.events() if isinstance(event, PersonaTested)]


async def test_a_dns_persona_really_looks_a_name_up(house: House, verbs: Personas) -> None:
    async with dns_server(at_home) as server:
        ident = await dns_persona(house, verbs, server)
        test = await run(house, verbs, ident, " A.Test. ")
    assert isinstance(test, DnsTest)
    assert (test.target, test.verdict.status, test.verdict.addresses) == (
        "a.test",
        CheckStatus.OK,
        ("127.0.0.1",),
    )
    assert test.verdict.cnames == ("real.test",)
    seen = sorted((one.record_type, one.reason, one.resolver) for one in test.exchanges)
    assert seen == [("A", None, server.text), ("AAAA", DnsReason.NODATA, server.text)]
    (event,) = await told(house)
    assert (event.persona_id, event.persona_type, event.target) == (ident, PersonaType.DNS, "a.test")
    assert (event.succeeded, event.reason) == (True, None)


async def test_an_http_persona_really_fetches_a_page(house: House, verbs: Personas) -> None:
    async with (
        web_server(lambda _: page("<title>In</title>")) as inner,
        web_server(lambda _: redirect(f"http://b.test:{inner.port}/in")) as http,
        dns_server(at_home) as server,
    ):
        names = await dns_persona(house, verbs, server)
        ident = await made(house, verbs, HttpPersonaConfig("Heliograph/1"))
        target = f"http://a.test:{http.port}/start?secret=1"
        test = await run(house, verbs, ident, target, names)
    assert isinstance(test, HttpTest)
    assert (test.verdict.status, test.verdict.title) == (CheckStatus.OK, "In")
    assert test.verdict.final_url == f"http://b.test:{inner.port}/in"
    assert [visit.status_code for visit in test.visits] == [302, 200]
    assert test.visits[0].headers[1].value == "Heliograph/1"
    assert test.dns is not None
    assert test.dns.verdict.addresses == ("127.0.0.1",)
    (event,) = await told(house)
    assert (event.target, event.succeeded) == ("a.test", True)
    assert "secret" not in event.summary()


async def test_an_address_needs_no_dns_persona(house: House, verbs: Personas) -> None:
    async with web_server(lambda _: page("hi")) as http:
        ident = await made(house, verbs, HttpPersonaConfig("Heliograph/1"))
        test = await run(house, verbs, ident, f"http://127.0.0.1:{http.port}")
    assert isinstance(test, HttpTest)
    assert (test.verdict.status, test.dns) == (CheckStatus.OK, None)


async def test_a_name_that_does_not_resolve_is_told_with_the_lookup(house: House, verbs: Personas) -> None:
    async with dns_server(answer) as server:
        names = await dns_persona(house, verbs, server)
        ident = await made(house, verbs, HttpPersonaConfig("Heliograph/1"))
        test = await run(house, verbs, ident, "a.test", names)
    assert isinstance(test, HttpTest)
    assert (test.verdict.reason, test.visits) == (HttpReason.DNS_RESOLVE_ERROR, ())
    assert test.dns is not None
    assert test.dns.verdict.reason is DnsReason.NODATA
    (event,) = await told(house)
    assert (event.succeeded, event.reason) == (False, "DNS_RESOLVE_ERROR")


async def test_the_address_policy_holds(house: House) -> None:
    strict = Personas(house.database, Trials(AddressPolicy()))
    ident = await made(house, strict, HttpPersonaConfig("Heliograph/1"))
    test = await run(house, strict, ident, "http://127.0.0.1:8000/")
    assert test.verdict.reason is HttpReason.BLOCKED_ADDRESS
    names = await made(house, strict, DnsPersonaConfig(("127.0.0.1:53",)))
    for trial, path in ((names, "a.test"), "id"), ((ident, "a.test", names), "dnsPersonaId"):
        with pytest.raises(ValidationFailed, match="is a loopback address") as caught:
            await run(house, strict, *trial)
        assert caught.value.violations[0].path == (path,)


async def test_a_test_has_a_deadline_of_its_own(house: House) -> None:
    hasty = Personas(house.database, Trials(LOCAL, seconds=0.05))
    async with dns_server(silent) as server:
        ident = await dns_persona(house, hasty, server, query_timeout_seconds=60)
        http = await made(house, hasty, HttpPersonaConfig("Heliograph/1"))
        looked_up = await run(house, hasty, ident, "a.test")
        fetched = await run(house, hasty, http, "a.test", ident)
    assert looked_up.verdict.status is fetched.verdict.status is CheckStatus.TIMEOUT
    assert isinstance(fetched, HttpTest)
    assert fetched.verdict.detail == "the test's own limit of 0.05 s"


async def test_whoever_waits_for_a_place_has_their_whole_time_then() -> None:
    trials = Trials(LOCAL, seconds=1)
    url = "http://127.0.0.1:"
    async with dns_server(silent) as server, web_server(lambda _: page("hi")) as http:
        slow = DnsPersonaConfig((server.text,), query_timeout_seconds=60)
        errand = errand_of(f"{url}{http.port}/", ("target",), has_dns=False, ports=PortList("1-65535"))
        taken = [asyncio.ensure_future(trials.look_up(slow, "a.test")) for _ in range(MAX_AT_ONCE)]
        await until(lambda: len(server.asked) >= MAX_AT_ONCE)
        test = await trials.fetch(HttpPersonaConfig("Heliograph/1"), errand, None)
        assert {one.verdict.status for one in await asyncio.gather(*taken)} == {CheckStatus.TIMEOUT}
    assert test.verdict.status is CheckStatus.OK


async def test_an_answer_that_is_remembered_counts_as_no_test(house: House) -> None:
    shares = Shares(1)
    verbs = Personas(house.database, Trials(LOCAL, seconds=5), shares)
    async with web_server(lambda _: page("hi")) as http:
        ident = await made(house, verbs, HttpPersonaConfig("Heliograph/1"))
        trial = Trial(ident, f"http://127.0.0.1:{http.port}/")
        first = await verbs.tests.run(house.alice, trial, "key")
        with shares.test(house.alice):
            with pytest.raises(Throttled):
                await verbs.tests.run(house.alice, trial, "another key")
            assert await verbs.tests.run(house.alice, trial, "key") == first
        # The refusal is not what is answered to its key from now on.
        assert (
            await verbs.tests.run(house.alice, trial, "another key")
        ).value.verdict.status is CheckStatus.OK


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("dns", ""),
        ("dns", "a b"),
        ("dns", "127.0.0.1"),
        ("dns", "http://a.test/"),
        ("http", ""),
        ("http", "ftp://127.0.0.1/"),
        ("http", "http://user:pass@127.0.0.1/"),
        ("http", "http://127.0.0.1:22/"),
        ("http", "http:///x"),
        ("http", "http://127.0.0.1/" + "x" * 2000),
    ],
)
async def test_a_target_that_is_none_is_refused(
    house: House, verbs: Personas, kind: str, target: str
) -> None:
    config = DnsPersonaConfig(("192.0.2.1:53",)) if kind == "dns" else HttpPersonaConfig("Heliograph/1")
    ident = await made(house, verbs, config)
    with pytest.raises(ValidationFailed) as caught:
        await run(house, verbs, ident, target)
    assert caught.value.violations[0].path == ("target",)
    assert await told(house) == []


async def test_a_name_needs_a_dns_persona_and_no_other(house: House, verbs: Personas) -> None:
    http = await made(house, verbs, HttpPersonaConfig("Heliograph/1"))
    names = await made(house, verbs, DnsPersonaConfig(("192.0.2.1:53",)))
    for trial in (http, "a.test"), (http, "a.test", http), (names, "a.test", names):
        with pytest.raises(ValidationFailed) as caught:
            await run(house, verbs, *trial)
        assert caught.value.violations[0].path == ("dnsPersonaId",)


async def test_personas_of_others_and_viewers_are_refused(house: House, verbs: Personas) -> None:
    mine = await made(house, verbs, HttpPersonaConfig("Heliograph/1"))
    with pytest.raises(NotFound):
        await verbs.tests.run(house.bob, Trial(mine, "127.0.0.1"))
    with pytest.raises(NotFound):
        await run(house, verbs, mine, "a.test", new_id())
    with pytest.raises(Forbidden):
        await verbs.tests.run(house.viewer, Trial(mine, "127.0.0.1"))


async def test_with_a_key_nothing_is_fetched_again(house: House, verbs: Personas) -> None:
    fetched: list[object] = []

    def served(request: object) -> bytes:
        fetched.append(request)
        return page("<title>In</title>")

    async with web_server(served) as http, dns_server(at_home) as server:
        names = await dns_persona(house, verbs, server)
        ident = await made(house, verbs, HttpPersonaConfig("Heliograph/1"))
        trial = Trial(ident, f"http://a.test:{http.port}/", names)
        first = await verbs.tests.run(house.alice, trial, "k")
        assert await verbs.tests.run(house.alice, trial, "k") == first
        looked_up = await verbs.tests.run(house.alice, Trial(names, "a.test"), "d")
    assert await verbs.tests.run(house.alice, trial, "k") == first
    assert await verbs.tests.run(house.alice, Trial(names, "a.test"), "d") == looked_up
    assert isinstance(first.value, HttpTest)
    assert first.value.dns is not None
    assert (len(fetched), len(await told(house))) == (1, 2)
    with pytest.raises(Conflict, match="another request"):
        await verbs.tests.run(house.alice, Trial(ident, "127.0.0.1"), "k")


async def test_of_two_who_send_the_same_at_once_one_is_told_of(house: House, verbs: Personas) -> None:
    both = asyncio.Barrier(2)

    async def served(_: object) -> bytes:
        await both.wait()
        return page("hi")

    async with web_server(served) as http:
        ident = await made(house, verbs, HttpPersonaConfig("Heliograph/1"))
        trial = Trial(ident, f"http://127.0.0.1:{http.port}/")
        one, other = await asyncio.gather(*(verbs.tests.run(house.alice, trial, "k") for _ in range(2)))
    assert one == other
    assert len(await told(house)) == 1


async def test_no_transaction_is_open_meanwhile(house: House, verbs: Personas) -> None:
    """The persona can be deleted while it is tried, and the test is then about nothing."""
    ident: list[UUID] = []

    async def deleting(_: object) -> bytes:
        await verbs.delete(house.alice, ident[0])
        return page("hi")

    async with web_server(deleting) as http:
        ident.append(await made(house, verbs, HttpPersonaConfig("Heliograph/1")))
        with pytest.raises(NotFound):
            await run(house, verbs, ident[0], f"http://127.0.0.1:{http.port}/")
    assert await told(house) == []
    async with house.database.engines.reading() as session:
        assert await stored.get_many(session, ident, house.alice.scope) == {}
