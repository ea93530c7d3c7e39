"""A real test of a proxy: fetch a page through it that says which address it saw.

Success is status 200 and a JSON object with a non-empty `origin`, nothing less; what comes back is read up
to one KiB. The URL's host is resolved and checked here, like every other, and the proxy is given the
address. No error says anything of the credentials.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import aiohttp
import msgspec
from multidict import CIMultiDict
from yarl import URL

from core.content_codings import ACCEPTED
from probes.addresses import AddressPolicy, Refused, Way
from probes.body import read_body
from probes.dialer import Dialer, make_contexts, system_addresses
from probes.failures import ProbeFailure
from probes.session import Session
from vocabulary.checks import HttpReason
from vocabulary.proxies import ProxyEndpoint, ProxyTestResult

MAX_ANSWER = 1024
_USER_AGENT = "Heliograph proxy test"
_MAX_ORIGIN = 100


class _Answer(NamedTuple):
    status_code: int | None
    returned_ip: str | None
    error: str | None


class _Echo(msgspec.Struct):
    """What the test URL answers; the rest of it does not matter."""

    origin: str


async def test_proxy(
    endpoint: ProxyEndpoint, url: str, timeout: float, policy: AddressPolicy, ca_file: Path | None
) -> ProxyTestResult:
    """Fetch `url` through the proxy within `timeout` seconds, of which half may go by until the proxy is reached.

    Never raises but on cancellation, or OSError or ssl.SSLError for a CA file that cannot be read.
    """
    contexts = await asyncio.to_thread(make_contexts, verify=True, ca_file=ca_file)
    session = Session(Dialer(contexts, policy, endpoint, proxy_timeout=timeout / 2), MAX_ANSWER)
    started = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(timeout):
            answer = await _ask(session, url, policy)
    except TimeoutError:
        answer = _Answer(None, None, f"no answer in {timeout:g} s")
    except ProbeFailure as failure:
        answer = _Answer(failure.status_code, None, f"{failure.reason}: {failure.detail}")
    finally:
        await session.close()
    return ProxyTestResult(
        success=answer.error is None,
        duration_ms=round((asyncio.get_running_loop().time() - started) * 1000),
        status_code=answer.status_code,
        returned_ip=answer.returned_ip,
        error=answer.error,
    )


# The name is the public contract; pytest must not take the function for a test of its own.
test_proxy.__test__ = False  # type: ignore[attr-defined]


async def _ask(session: Session, text: str, policy: AddressPolicy) -> _Answer:
    url = _readable(text)
    headers = CIMultiDict(
        {
            "Host": url.host_port_subcomponent or "",
            "User-Agent": _USER_AGENT,
            "Accept": "application/json",
            "Accept-Encoding": ACCEPTED,
        }
    )
    response = await session.get(url, await _checked_address(url, policy), headers)
    try:
        return await _judge(response)
    finally:
        response.close()


def _readable(text: str) -> URL:
    try:
        url = URL(text)
        if url.scheme in {"http", "https"} and url.raw_host:
            return url.with_user(None).with_fragment(None)
    except ValueError:
        pass
    raise ProbeFailure(HttpReason.ERROR, "the test URL is not an http or https URL")


async def _checked_address(url: URL, policy: AddressPolicy) -> str:
    host, port = url.raw_host or "", url.port or 0
    try:
        policy.check((), port, Way.WEB)
        allowed = policy.check(await system_addresses(host), port, Way.WEB)
    except Refused as error:
        raise ProbeFailure(HttpReason.BLOCKED_ADDRESS, error.told_of(host)) from error
    except OSError as error:
        raise ProbeFailure(HttpReason.DNS_RESOLVE_ERROR, f"{host} does not resolve") from error
    if not allowed:
        raise ProbeFailure(HttpReason.DNS_RESOLVE_ERROR, f"{host} has no address")
    return preferred(allowed)


def preferred(addresses: Sequence[str]) -> str:
    """The one to ask a proxy for: an IPv4 one if there is one, for SOCKS 4 and many a good proxy know no other."""
    return next((address for address in addresses if ":" not in address), addresses[0])


async def _judge(response: aiohttp.ClientResponse) -> _Answer:
    if response.status != 200:
        return _Answer(response.status, None, f"the test URL answered {response.status}")
    body = await read_body(response, MAX_ANSWER)
    try:
        origin = msgspec.json.decode(body.data, type=_Echo).origin.strip()
    except (msgspec.DecodeError, UnicodeError):
        origin = ""
    if not origin or not origin.isprintable():
        return _Answer(response.status, None, "the answer is not JSON with an origin")
    return _Answer(response.status, origin[:_MAX_ORIGIN], None)
