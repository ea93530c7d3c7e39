import pytest

from web.pulse import Finding, Patience, Pulse
from web.traffic import Traffic

PATIENCE = Patience(ping_seconds=16, slow_seconds=32)
IDLE = Traffic(taken=1000, in_flight=0, waiting=0)


def socket() -> Pulse:
    return Pulse(PATIENCE, 0, answers=True)


def ends(pulse: Pulse, traffic: Traffic, finding: Finding, start: float = 0) -> float:
    """When a peer that is looked at as often as it is in earnest, and stays as it is, gets this finding."""
    now = start
    while now < start + 200:
        now += PATIENCE.look_seconds
        if pulse.judge(now, traffic) is finding:
            return now
    raise AssertionError(f"Never {finding}.")


def test_whoever_is_heard_is_neither_pinged_nor_dead() -> None:
    pulse = socket()
    for now in range(0, 160, 8):
        pulse.hear(now)
        assert pulse.judge(now + 8, IDLE) is Finding.FINE


def test_a_silent_peer_is_pinged_once_and_gone_within_two_pings() -> None:
    pulse = socket()
    findings = [pulse.judge(now, IDLE) for now in range(33)]
    assert [now for now, finding in enumerate(findings) if finding is Finding.PING] == [16]
    assert findings[28] is Finding.DEAD
    assert Finding.DEAD not in findings[:28]
    assert ends(socket(), IDLE, Finding.DEAD) <= 2 * PATIENCE.ping_seconds


def test_an_answer_begins_it_anew() -> None:
    pulse = socket()
    pinged = ends(pulse, IDLE, Finding.PING)
    pulse.hear(pinged + 5)
    assert ends(pulse, IDLE, Finding.PING, pinged + 5) == pinged + 5 + PATIENCE.ping_seconds


@pytest.mark.parametrize("answers", [True, False])
def test_a_busy_peer_whose_kernel_acknowledges_nothing_is_dead_within_two_pings_and_not_long_before(
    answers: bool,
) -> None:
    pulse = Pulse(PATIENCE, 0, answers=answers)
    for now in range(10):
        assert pulse.judge(now, Traffic(taken=now, in_flight=1000, waiting=0)) is Finding.FINE
    lost = Traffic(taken=9, in_flight=2000, waiting=0)
    when = ends(pulse, lost, Finding.DEAD, start=9)
    two_pings = 9 + 2 * PATIENCE.ping_seconds
    assert two_pings - 2 * PATIENCE.look_seconds < when <= two_pings


def test_a_peer_that_vanishes_while_nothing_is_sent_is_dead_within_two_pings_too() -> None:
    pulse = socket()
    assert ends(pulse, IDLE, Finding.PING) == PATIENCE.ping_seconds
    lost = Traffic(taken=1000, in_flight=2, waiting=0)
    assert ends(pulse, lost, Finding.DEAD, start=PATIENCE.ping_seconds) <= 2 * PATIENCE.ping_seconds


def test_what_is_sent_after_a_long_silence_gets_its_time_to_arrive() -> None:
    pulse = Pulse(PATIENCE, 0, answers=False)
    for now in range(0, 200, 2):
        assert pulse.judge(now, IDLE) is Finding.FINE
    lost = Traffic(taken=1000, in_flight=2, waiting=0)
    assert ends(pulse, lost, Finding.DEAD, start=198) >= 198 + PATIENCE.answer_seconds


def test_a_peer_that_takes_nothing_is_slow_and_not_dead() -> None:
    pulse = socket()
    assert pulse.judge(1, IDLE) is Finding.FINE
    full = Traffic(taken=1000, in_flight=0, waiting=70_000)
    findings = [pulse.judge(now, full) for now in range(2, 34)]
    assert set(findings[:-1]) == {Finding.FINE}
    assert findings[-1] is Finding.SLOW


@pytest.mark.parametrize("answers", [True, False])
def test_a_peer_that_takes_little_but_steadily_stays(answers: bool) -> None:
    pulse = Pulse(PATIENCE, 0, answers=answers)
    for step in range(40):
        traffic = Traffic(taken=1000 + step, in_flight=1, waiting=4_000_000)
        assert pulse.judge(step * 11, traffic) is Finding.FINE


def test_the_answer_to_a_ping_is_awaited_from_when_the_ping_has_arrived() -> None:
    pulse = socket()
    behind = Traffic(taken=1000, in_flight=500_000, waiting=0)
    assert pulse.judge(16, behind) is Finding.PING
    for step in range(1, 10):
        traffic = Traffic(taken=1000 + step * 50_000, in_flight=500_000 - step * 50_000, waiting=0)
        assert pulse.judge(16 + step * 11, traffic) is Finding.FINE
    arrived = Traffic(taken=501_000, in_flight=0, waiting=0)
    assert ends(pulse, arrived, Finding.DEAD, start=116) >= 116 + PATIENCE.answer_seconds


def test_a_frozen_reader_of_a_trickle_is_dead_although_its_kernel_takes_everything() -> None:
    pulse = socket()
    findings = [pulse.judge(now, Traffic(taken=1000 + now * 50, in_flight=0, waiting=0)) for now in range(33)]
    assert Finding.DEAD in findings


def test_the_silence_of_a_peer_that_is_not_read_means_nothing() -> None:
    pulse = socket()
    assert pulse.judge(16, IDLE) is Finding.PING
    for now in range(17, 100):
        assert pulse.judge(now, IDLE, listening=False) is Finding.FINE
    assert ends(pulse, IDLE, Finding.DEAD, start=99) > 99 + PATIENCE.answer_seconds - PATIENCE.look_seconds


def test_who_cannot_answer_is_not_pinged_and_its_silence_is_nothing() -> None:
    pulse = Pulse(PATIENCE, 0, answers=False)
    assert {pulse.judge(now, IDLE) for now in range(200)} == {Finding.FINE}
