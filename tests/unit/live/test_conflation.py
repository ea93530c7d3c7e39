"""What is held back of progress: the newest of each, in order, with the number of those that it stands for."""

import time
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from live.conflation import Conflation
from tests.fakes.hub import envelope


def offered(*keys: str, rate: float = 1) -> Conflation:
    """With values of these keys at the positions 1, 2, 3…"""
    held = Conflation(rate)
    for position, key in enumerate(keys, start=1):
        held.offer(key, envelope(position))
    return held


def drained(held: Conflation, now: float = 0.0) -> list[tuple[int, int]]:
    """Position and number of skipped ones of all that is held."""
    found = []
    while (oldest := held.oldest) is not None:
        found.append((oldest.envelope.position, oldest.skipped))
        held.told(oldest, now)
    return found


def test_the_newest_of_each_is_held_in_the_order_of_positions() -> None:
    assert drained(offered("x", "y", "x", "x", "z")) == [(2, 0), (4, 2), (5, 0)]


def test_what_was_told_is_not_counted_again() -> None:
    held = offered("x", "x")
    drained(held)
    held.offer("x", envelope(3))
    held.offer("x", envelope(4))
    assert drained(held) == [(4, 1)]


def test_it_knows_since_when_something_was_held() -> None:
    held = offered("x", "x", "y")
    assert held.since == 1
    drained(held)
    held.offer("x", envelope(7))
    held.offer("x", envelope(8))
    assert held.since == 7


def test_the_first_is_due_at_once_and_the_next_a_pause_later() -> None:
    held = offered("x", rate=0.5)
    assert held.due(7)
    drained(held, now=7)
    held.offer("x", envelope(2))
    assert held.deadline == 9
    assert (held.due(8.99), held.due(9)) == (False, True)


def test_one_that_says_nothing_does_not_delay_the_next() -> None:
    held = offered("x", "y")
    oldest = held.oldest
    assert oldest is not None
    held.passed_over(oldest)
    assert held.due(0)
    assert drained(held) == [(2, 0)]


def test_what_is_not_told_stays() -> None:
    held = offered("x", "y", "x")
    assert held.oldest is held.oldest
    assert len(held) == 2
    assert repr(held) == "<Conflation of 2 held>"


def test_telling_many_costs_each_as_much_as_telling_few() -> None:
    keys = [str(number) for number in range(20_000)]
    start = time.process_time()
    assert len(drained(offered(*keys))) == len(keys)
    assert time.process_time() - start < 3


def test_forgetting_holds_nothing() -> None:
    held = offered("x", "x")
    held.forget()
    assert (len(held), held.deadline, held.oldest, held.due(99)) == (0, None, None, False)
    held.offer("x", envelope(3))
    assert drained(held) == [(3, 0)]


@dataclass
class Naive:
    """All that was offered and not told, and a list of when something was told."""

    pause: float
    waiting: list[tuple[str, int]] = field(default_factory=list)
    ticks: list[float] = field(default_factory=list)

    def due(self, now: float) -> bool:
        return bool(self.waiting) and all(now >= each + self.pause for each in self.ticks)

    def next(self) -> tuple[int, int] | None:
        newest = dict(self.waiting)
        if not newest:
            return None
        key, position = min(newest.items(), key=lambda item: item[1])
        return position, sum(one == key for one, _ in self.waiting) - 1

    def tell(self, now: float | None) -> None:
        """The oldest of the newest ones; `now` is None if it said nothing."""
        newest = dict(self.waiting)
        gone = min(newest, key=lambda key: newest[key])
        self.waiting = [(key, position) for key, position in self.waiting if key != gone]
        if now is not None:
            self.ticks.append(now)


STEPS = st.lists(st.sampled_from(["x", "y", "z", "tell", "pass", "forget"]) | st.floats(0, 3), max_size=80)


@settings(max_examples=300, deadline=None)
@given(steps=STEPS, pause=st.sampled_from([0.25, 1.0, 8.0]))
def test_it_is_what_all_values_and_all_times_say(steps: list[str | float], pause: float) -> None:
    held, naive = Conflation(1 / pause), Naive(pause)
    now, position = 0.0, 0
    for step in steps:
        oldest = held.oldest
        if isinstance(step, float):
            now += step
        elif step == "forget":
            held.forget()
            naive.waiting.clear()
        elif step in {"tell", "pass"}:
            if oldest is not None:
                naive.tell(now if step == "tell" else None)
                held.told(oldest, now) if step == "tell" else held.passed_over(oldest)
        else:
            position += 1
            held.offer(step, envelope(position))
            naive.waiting.append((step, position))
        found = held.oldest
        assert (None if found is None else (found.envelope.position, found.skipped)) == naive.next()
        assert held.due(now) == naive.due(now)
        assert (held.deadline is None) == (not naive.waiting)


@pytest.mark.parametrize("rate", [0.1, 1.0, 4.0])
def test_no_second_has_more_ticks_than_the_rate(rate: float) -> None:
    """Values come all the time; whenever they are due all are told."""
    held, ticks = Conflation(rate), []
    for position in range(1, 4001):
        now = position / 100
        held.offer("x" if position % 2 else "y", envelope(position))
        if held.due(now):
            ticks.append(now)
            drained(held, now)
    assert len(ticks) == int(40 * rate)
    for begin in ticks:
        assert sum(begin <= each < begin + 1 for each in ticks) <= max(1, rate)
