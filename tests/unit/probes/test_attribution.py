"""Whose fault a failure is, through the sandbox's proxies of every protocol, in front of everything a target does."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest

from probes.addresses import AddressPolicy
from probes.fetch import Fetcher, Ports
from probes.keywords import Matcher
from sandbox.behaviours import Web
from sandbox.sandbox import Sandbox
from tests.unit.probes.loopback import LOCAL
from vocabulary.checks import CheckStatus, HttpReason, HttpVerdict
from vocabulary.personas import HttpPersonaConfig
from vocabulary.proxies import ProxyEndpoint, ProxyProtocol

WORKING = ["http", "https", "socks4", "socks5"]
# A port that nothing listens at: SOCKS 4 has one word for all that fails, and 91 is not even the proxy's fault.
UNHEARD = {"socks4": HttpReason.PROXY_ERROR}


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with Sandbox.open(tmp_path / "sandbox") as box:
        yield box


async def nowhere(_: str) -> Sequence[str]:
    return ()


async def fetched(
    box: Sandbox,
    proxy: ProxyEndpoint | None,
    behaviours: Sequence[Web],
    *,
    ca_file: Path | None,
    policy: AddressPolicy = LOCAL,
    seconds: float = 4.0,
) -> list[HttpVerdict]:
    """What is found of one site of each behaviour, within some seconds for each."""
    persona = HttpPersonaConfig(
        "test", request_timeout_seconds=seconds, concurrency=50, rate_per_second=1e4, burst=100
    )
    ports, matcher = Ports(box.http_port, box.https_port), Matcher([])
    async with Fetcher(persona, nowhere, policy, ca_file) as fetcher:
        sites = [box.world.having(behaviour)[0] for behaviour in behaviours]
        return await asyncio.gather(
            *(fetcher.fetch(site.name, site.addresses, ports, matcher, proxy) for site in sites)
        )


def sites_with_a_verdict(box: Sandbox) -> list[Web]:
    return [each for each in Web if box.world.having(each) and box.world.having(each)[0].fetch is not None]


async def fetched_patiently(box: Sandbox, proxy: ProxyEndpoint | None) -> list[HttpVerdict]:
    """All behaviours; only those that end in a time-out are hurried, whatever else the machine has to do."""
    behaviours = [each for each in sites_with_a_verdict(box) if each is not Web.UNHEARD]
    endless = [each for each in behaviours if _ends_by_the_clock(box, each)]
    others = [each for each in behaviours if each not in endless]
    return [
        *await fetched(box, proxy, endless, ca_file=box.ca_file),
        *await fetched(box, proxy, others, ca_file=box.ca_file, seconds=60.0),
    ]


def _ends_by_the_clock(box: Sandbox, behaviour: Web) -> bool:
    outcome = box.world.having(behaviour)[0].fetch
    return outcome is not None and outcome.reason is HttpReason.TIMEOUT


@pytest.mark.parametrize("name", WORKING)
async def test_what_a_target_does_is_the_target_s_through_any_proxy(box: Sandbox, name: str) -> None:
    """Resets, silence, bad certificates, refusals and every status: as without a proxy, and no strike."""
    directly = await fetched_patiently(box, None)
    through = await fetched_patiently(box, box.proxy(name))
    assert [verdict.reason for verdict in through] == [verdict.reason for verdict in directly]
    assert {verdict.proxy_fault for verdict in through} == {False}
    reasons = {verdict.reason for verdict in through}
    assert {HttpReason.CONNECTION_RESET, HttpReason.TIMEOUT, HttpReason.TLS_EXPIRED} <= reasons


@pytest.mark.parametrize("name", WORKING)
async def test_a_target_that_takes_no_connection_is_no_fault_of_the_proxy(box: Sandbox, name: str) -> None:
    (verdict,) = await fetched(box, box.proxy(name), [Web.UNHEARD], ca_file=box.ca_file)
    expected = UNHEARD.get(name, HttpReason.CONNECTION_REFUSED)
    assert (verdict.status, verdict.reason, verdict.proxy_fault) == (CheckStatus.ERROR, expected, False)


@pytest.mark.parametrize("name", ["http", "https", "socks5"])
@pytest.mark.parametrize("password", ["wrong", None])
async def test_refused_credentials_are_the_proxy_s_fault(
    box: Sandbox, name: str, password: str | None
) -> None:
    right = box.proxy(name)
    user = None if password is None else right.username
    proxy = msgspec.structs.replace(right, username=user, password=password)
    (verdict,) = await fetched(box, proxy, [Web.RESET], ca_file=box.ca_file)
    assert (verdict.reason, verdict.proxy_fault) == (HttpReason.PROXY_ERROR, True)
    assert verdict.status_code == (407 if name != "socks5" else None)


@pytest.mark.parametrize("protocol", ProxyProtocol)
async def test_a_proxy_that_takes_no_connection_is_at_fault(box: Sandbox, protocol: ProxyProtocol) -> None:
    proxy = msgspec.structs.replace(box.proxy("dead"), protocol=protocol, username=None, password=None)
    (verdict,) = await fetched(box, proxy, [Web.RESET], ca_file=box.ca_file)
    assert (verdict.reason, verdict.proxy_fault) == (HttpReason.PROXY_ERROR, True)


async def test_the_certificate_of_the_proxy_is_the_proxy_s_and_that_of_the_target_the_target_s(
    box: Sandbox,
) -> None:
    """Nobody trusts the sandbox here; the one proxy fails by it, the others bring us as far as the target."""
    (own,) = await fetched(box, box.proxy("https"), [Web.TLS_EXPIRED], ca_file=None)
    assert (own.reason, own.proxy_fault) == (HttpReason.PROXY_ERROR, True)
    (target,) = await fetched(box, box.proxy("http"), [Web.TLS_EXPIRED], ca_file=None)
    assert target.proxy_fault is False


@pytest.mark.parametrize(("name", "spoken"), [("socks5", "HTTP"), ("http", "SOCKS5"), ("http", "HTTPS")])
async def test_another_protocol_than_the_proxy_speaks_is_its_fault(
    box: Sandbox, name: str, spoken: str
) -> None:
    proxy = msgspec.structs.replace(box.proxy(name), protocol=ProxyProtocol(spoken))
    (verdict,) = await fetched(box, proxy, [Web.RESET], ca_file=box.ca_file)
    assert verdict.reason is HttpReason.PROXY_ERROR
    # SOCKS 5 hangs up on what it cannot read, which could be about the target as well.
    assert verdict.proxy_fault is (spoken != "HTTP")
