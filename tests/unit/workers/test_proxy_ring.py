"""The ring of proxies: one taken by the strategy, without those that are struck out."""

import random
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.proxy_accounts import ProxyOutcome
from services.proxy_routes import ProxyRoute, RoutedProxy
from vocabulary.proxies import ProxyEndpoint, ProxyProtocol, ProxyStrategy
from workers.proxy_ring import ProxyRing, ProxyRings

A, B, C = (UUID(int=number) for number in range(1, 4))
ENDPOINT = ProxyEndpoint(ProxyProtocol.HTTP, "proxy.example", 8080)
STRIKES = 3
# The square of five standard deviations: with one degree of freedom met once in a million draws, with more less often.
FIVE_SIGMA = 25


def routed(count: int, weights: Sequence[int] = ()) -> list[RoutedProxy]:
    return [
        RoutedProxy(UUID(int=number + 1), ENDPOINT, weight=weights[number] if weights else 1)
        for number in range(count)
    ]


def ring(*failures: int, start: int = 0, strategy: ProxyStrategy = ProxyStrategy.ROUND_ROBIN) -> ProxyRing:
    proxies = [
        replace(proxy, consecutive_failures=number) for proxy, number in zip(routed(3), failures, strict=True)
    ]
    return ProxyRing(ProxyRoute(proxies, strategy), STRIKES, start=start)


def picks(proxies: ProxyRing, number: int) -> list[UUID | None]:
    picked = [proxies.pick() for _ in range(number)]
    return [None if proxy is None else proxy.id for proxy in picked]


def strike(proxies: ProxyRing, ident: UUID) -> None:
    proxies.note(ProxyOutcome(ident, "refused"))


def test_they_are_taken_in_turn_from_the_start() -> None:
    assert picks(ring(0, 0, 0), 4) == [A, B, C, A]
    assert picks(ring(0, 0, 0, start=2), 4) == [C, A, B, C]


def test_the_shards_of_a_process_begin_with_another_each() -> None:
    rings = ProxyRings()
    route = ProxyRoute(routed(3))
    assert [picks(rings.ring(route, STRIKES), 1) for _ in range(4)] == [[A], [B], [C], [A]]


@pytest.mark.parametrize("strategy", ProxyStrategy)
def test_those_passed_are_not_picked(strategy: ProxyStrategy) -> None:
    proxies = ring(0, 0, 0, strategy=strategy)
    assert [proxy.id for _ in range(3) if (proxy := proxies.pick({A, C}))] == [B, B, B]
    assert proxies.pick({A, B, C}) is None
    assert not proxies.is_empty


@pytest.mark.parametrize("strategy", ProxyStrategy)
def test_strikes_in_a_row_put_one_out_at_once(strategy: ProxyStrategy) -> None:
    proxies = ring(0, 2, 0, strategy=strategy)
    strike(proxies, B)
    assert B not in picks(proxies, 50)
    assert repr(proxies) == f"<ProxyRing {strategy}, 2 of 3 usable>"


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
    # What was under way through B when the table put it out does not bring it back.
    proxies.note(ProxyOutcome(B))
    assert picks(proxies, 4) == [A, C, A, C]


def test_one_that_is_unhealthy_waits_until_the_table_says_that_it_is_healed() -> None:
    first, second = routed(2)
    proxies = ProxyRing(
        ProxyRoute([replace(first, is_unhealthy=True), second], ProxyStrategy.FAILOVER), STRIKES
    )
    assert picks(proxies, 3) == [B, B, B]
    proxies.refresh({A: 0, B: 0})
    assert picks(proxies, 3) == [A, A, A]


@pytest.mark.parametrize(("retries", "tried"), [(0, 1), (1, 2), (2, 3), (None, 3)])
def test_no_more_others_are_tried_than_the_route_allows(retries: int | None, tried: int) -> None:
    proxies = ProxyRing(ProxyRoute(routed(3), max_retries=retries), STRIKES)
    passed: set[UUID] = set()
    while (proxy := proxies.pick(passed)) is not None:
        passed.add(proxy.id)
    assert len(passed) == tried
    assert not proxies.is_empty


@given(count=st.integers(1, 7), rounds=st.integers(1, 5), start=st.integers(0, 20))
def test_in_turn_each_is_taken_equally_often(count: int, rounds: int, start: int) -> None:
    proxies = ProxyRing(ProxyRoute(routed(count)), STRIKES, start=start)
    assert set(Counter(picks(proxies, count * rounds)).values()) == {rounds}


@given(out=st.sets(st.integers(0, 5), max_size=5), rounds=st.integers(1, 4))
def test_in_turn_those_left_share_what_the_others_had(out: set[int], rounds: int) -> None:
    everybody = routed(6)
    proxies = ProxyRing(ProxyRoute(everybody), STRIKES)
    proxies.refresh({proxy.id: 0 for number, proxy in enumerate(everybody) if number not in out})
    assert set(Counter(picks(proxies, rounds * (6 - len(out)))).values()) == {rounds}


def deviation(taken: Counter[UUID | None], weights: Sequence[int]) -> float:
    """Chi squared over its degrees of freedom; about 1 if the weights are what they are taken by."""
    total, number = sum(weights), sum(taken.values())
    expected = [number * weight / total for weight in weights]
    found = [taken[UUID(int=place + 1)] for place in range(len(weights))]
    squares = [(have - want) ** 2 / want for have, want in zip(found, expected, strict=True)]
    return sum(squares) / max(1, len(weights) - 1)


@given(seed=st.integers(0, 2**32), weights=st.lists(st.integers(1, 20), min_size=2, max_size=6))
def test_by_weight_each_is_taken_as_often_as_its_weight_says(seed: int, weights: list[int]) -> None:
    route = ProxyRoute(routed(len(weights), weights), ProxyStrategy.WEIGHTED)
    proxies = ProxyRings(random.Random(seed)).ring(route, STRIKES)
    assert deviation(Counter(picks(proxies, 3000)), weights) < FIVE_SIGMA


@given(seed=st.integers(0, 2**32), count=st.integers(2, 6))
def test_at_random_all_are_taken_alike_whatever_they_weigh(seed: int, count: int) -> None:
    route = ProxyRoute(routed(count, [1 + 9 * number for number in range(count)]), ProxyStrategy.RANDOM)
    proxies = ProxyRings(random.Random(seed)).ring(route, STRIKES)
    assert deviation(Counter(picks(proxies, 3000)), [1] * count) < FIVE_SIGMA


def test_a_seed_makes_the_choice_the_same_again() -> None:
    route = ProxyRoute(routed(3), ProxyStrategy.RANDOM)
    one, other = (ProxyRings(random.Random(7)).ring(route, STRIKES) for _ in range(2))
    taken = picks(one, 50)
    assert taken == picks(other, 50)
    assert set(taken) == {A, B, C}


@given(uses=st.lists(st.integers(0, 9), min_size=1, max_size=6), takes=st.integers(1, 40))
def test_the_least_used_is_taken_so_that_uses_even_out(uses: list[int], takes: int) -> None:
    everybody = [replace(proxy, uses=number) for proxy, number in zip(routed(len(uses)), uses, strict=True)]
    proxies = ProxyRing(ProxyRoute(everybody, ProxyStrategy.LEAST_USED), STRIKES)
    total = Counter({proxy.id: proxy.uses for proxy in everybody})
    for _ in range(takes):
        picked = proxies.pick()
        assert picked is not None
        assert total[picked.id] == min(total[proxy.id] for proxy in everybody)
        with proxies.use(picked):
            total[picked.id] += 1


def test_uses_under_way_count_before_those_that_are_over_and_across_shards() -> None:
    first, second, third = routed(3)
    route = ProxyRoute([first, replace(second, uses=5), replace(third, uses=9)], ProxyStrategy.LEAST_USED)
    rings = ProxyRings()
    one, other = rings.ring(route, STRIKES), rings.ring(route, STRIKES)
    with ExitStack() as stack:
        taken = []
        for each in (one, other, one, other):
            picked = each.pick()
            assert picked is not None
            stack.enter_context(each.use(picked))
            taken.append(picked.id)
        assert taken == [A, B, C, A]
        assert rings.under_way == {A: 2, B: 1, C: 1}
    assert rings.under_way == {}
    assert picks(one, 1) == [A]


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=60))
def test_failover_takes_the_first_that_is_not_out(outcomes: list[tuple[int, bool]]) -> None:
    everybody = routed(4)
    proxies = ProxyRing(ProxyRoute(everybody, ProxyStrategy.FAILOVER), STRIKES)
    strikes = [0] * 4
    for place, good in outcomes:
        proxies.note(ProxyOutcome(everybody[place].id, None if good else "refused"))
        strikes[place] = 0 if good else strikes[place] + 1
        usable = [each.id for each, number in zip(everybody, strikes, strict=True) if number < STRIKES]
        picked = proxies.pick()
        assert (picked and picked.id) == (usable[0] if usable else None)
