"""What a test of a persona saw: each question and each request, and what they came to."""

import msgspec

from vocabulary.checks import DnsReason, DnsVerdict, HttpVerdict
from vocabulary.personas import Header


class DnsExchange(msgspec.Struct, frozen=True):
    """One question to one resolver. `record_type` is A or AAAA; without an answer in time the reason is TIMEOUT."""

    resolver: str
    record_type: str
    reason: DnsReason | None
    addresses: tuple[str, ...]
    cnames: tuple[str, ...]
    millis: int


class HttpVisit(msgspec.Struct, frozen=True):
    """One request: where it went, the headers as they were sent, and what came back; no status is no response."""

    url: str
    address: str
    headers: tuple[Header, ...]
    status_code: int | None = None
    location: str | None = None
    tls_version: str | None = None
    millis: int = 0
    problem: str | None = None


class DnsTest(msgspec.Struct, frozen=True, tag=True):
    """What looking a name up as a persona does came to, and the questions in the order of their answers."""

    target: str
    verdict: DnsVerdict
    exchanges: tuple[DnsExchange, ...]


class HttpTest(msgspec.Struct, frozen=True, tag=True):
    """What fetching a page as a persona does came to, and the requests in their order.

    `dns` is how the host of the target was looked up, None if it is an address.
    """

    target: str
    verdict: HttpVerdict
    visits: tuple[HttpVisit, ...]
    dns: DnsTest | None = None


PersonaTest = DnsTest | HttpTest
