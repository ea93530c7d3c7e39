"""Which resolver is next, and when one is passed over."""

from dataclasses import dataclass

import pytest

from probes.servers import parse_resolver
from probes.upstreams import FAILURES, PAUSE_SECONDS, Breaker


@dataclass
class Time:
    """A clock in the hands of the test."""

    seconds: float = 0.0

    def now(self) -> float:
        return self.seconds


def failed(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        breaker.begin()
        breaker.note(answered=False)


def test_failures_in_a_row_open_it() -> None:
    breaker = Breaker(Time().now)
    failed(breaker, FAILURES - 1)
    assert not breaker.is_open
    breaker.note(answered=True)
    failed(breaker, FAILURES - 1)
    assert not breaker.is_open
    failed(breaker, 1)
    assert breaker.is_open


def test_after_the_pause_one_try_goes_through_and_no_second() -> None:
    time = Time()
    breaker = Breaker(time.now)
    failed(breaker, FAILURES)
    time.seconds = PAUSE_SECONDS
    assert not breaker.is_open
    breaker.begin()
    assert breaker.is_open


@pytest.mark.parametrize("answered", [True, False])
def test_the_try_after_the_pause_decides(answered: bool) -> None:
    time = Time()
    breaker = Breaker(time.now)
    failed(breaker, FAILURES)
    time.seconds = PAUSE_SECONDS
    breaker.begin()
    breaker.note(answered=answered)
    assert breaker.is_open is not answered
    time.seconds += PAUSE_SECONDS
    assert not breaker.is_open


@pytest.mark.parametrize(
    "text",
    ["https://", "https://a.test/x?y=1", "https://u@a.test/", "https://a.test/#f", "https://a.test:0/",
     "https://a.test:99999/", "https://a.test/ b", "https://ä.test/", "https://[::1/", "http://a.test/",
     "https://a.test/{?dns}"],
)  # fmt: skip
def test_what_is_no_address_of_a_resolver_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        parse_resolver(text)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://dns.example/dns-query", "dns.example"),
        ("HTTPS://dns.example:8443", "dns.example"),
        ("https://[2001:db8::1]/q", "2001:db8::1"),
        ("192.0.2.1:53", "192.0.2.1"),
    ],
)
def test_a_resolver_is_an_address_or_a_url(text: str, host: str) -> None:
    assert parse_resolver(text).host == host
