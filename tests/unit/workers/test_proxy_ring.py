"""The ring of proxies: in turn, without those that are struck out."""

from uuid import UUID

from services.jobs import UsableProxy
from services.proxy_accounts import ProxyOutcome
from vocabulary.proxies import ProxyEndpoint, ProxyProtocol
from workers.proxy_ring import ProxyRing

A, B, C = (UUID(int=number) for number in range(1, 4))


def ring(*failures: int, start: int = 0) -> ProxyRing:
    endpoint = ProxyEndpoint(ProxyProtocol.HTTP, "proxy.example", 8080)
    proxies = [
        UsableProxy(ident, endpoint, number) for ident, number in zip((A, B, C), failures, strict=True)
    ]
    return ProxyRing(proxies, strikes=3, start=start)


def picks(proxies: ProxyRing, number: int) -> list[UUID | None]:
    picked = [proxies.pick() for _ in range(number)]
    return [None if proxy is None else proxy.id for proxy in picked]


def strike(proxies: ProxyRing, ident: UUID) -> None:
    proxies.note(ProxyOutcome(ident, "refused"))


def test_they_are_taken_in_turn_from_the_start() -> None:
    assert picks(ring(0, 0, 0), 4) == [A, B, C, A]
    assert picks(ring(0, 0, 0, start=2), 4) == [C, A, B, C]


def test_those_passed_are_not_picked() -> None:
    proxies = ring(0, 0, 0)
    assert [proxy.id for _ in range(3) if (proxy := proxies.pick({A, C}))] == [B, B, B]
    assert proxies.pick({A, B, C}) is None
    assert not proxies.is_empty


def test_strikes_in_a_row_put_one_out_at_once() -> None:
    proxies = ring(0, 2, 0)
    strike(proxies, B)
    assert picks(proxies, 4) == [A, C, A, C]
    assert repr(proxies) == "<ProxyRing 2 of 3 usable>"


def test_a_success_ends_the_row() -> None:
    proxies = ring(2, 2, 2)
    proxies.note(ProxyOutcome(A))
    strike(proxies, A)
    strike(proxies, B)
    assert picks(proxies, 3) == [A, C, A]


def test_it_is_empty_when_all_are_out() -> None:
    proxies = ring(2, 2, 2)
    for ident in (A, B, C):
        strike(proxies, ident)
    assert proxies.is_empty
    assert proxies.pick() is None


def test_outcomes_are_handed_over_once_and_in_order() -> None:
    proxies = ring(0, 0, 0)
    strike(proxies, B)
    proxies.note(ProxyOutcome(A))
    assert proxies.take_outcomes() == [ProxyOutcome(B, "refused"), ProxyOutcome(A)]
    assert proxies.take_outcomes() == []


def test_the_table_has_the_last_word() -> None:
    proxies = ring(2, 0, 0)
    strike(proxies, A)
    proxies.refresh({A: 1, C: 0})
    assert picks(proxies, 4) == [A, C, A, C]
