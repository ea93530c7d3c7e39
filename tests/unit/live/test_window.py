"""What members at one place of a window take, that it is found once for all of them, and what it remembers."""

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from live.window import Due, FrameWindow
from tests.fakes.streams import frame

BIG = 1000


def filled(count: int, *, max_frames: int = 100, padding: int = 0, last: int = 0) -> FrameWindow:
    window = FrameWindow(0, max_frames=max_frames, max_bytes=1 << 20)
    for position in range(1, count + 1):
        window.append(Due(frame(position, "event", padding, last=position == last)))
    return window


def positions(due: tuple[Due, ...]) -> list[int]:
    return [each.frame.position for each in due]


def test_a_turn_is_what_comes_next_and_no_more_than_asked_for() -> None:
    window = filled(9)
    assert positions(window.turn(0, 4, BIG)) == [1, 2, 3, 4]
    assert positions(window.turn(4, 4, BIG)) == [5, 6, 7, 8]
    assert positions(window.turn(8, 4, BIG)) == [9]
    assert window.turn(9, 4, BIG) == ()


def test_it_ends_with_the_bytes_but_has_one_frame() -> None:
    window = filled(4, padding=BIG // 2)
    assert positions(window.turn(0, 4, BIG)) == [1]
    assert positions(window.turn(1, 4, 2 * BIG)) == [2, 3, 4]


def test_nothing_is_behind_a_last_frame() -> None:
    assert positions(filled(5, last=3).turn(0, 8, BIG)) == [1, 2, 3]


def test_who_is_at_one_place_gets_the_same_object() -> None:
    window = filled(3)
    assert window.turn(1, 8, BIG) is window.turn(1, 8, BIG)


def test_and_sees_what_was_appended_or_dropped_since() -> None:
    window = filled(3, max_frames=4)
    assert positions(window.turn(2, 8, BIG)) == [3]
    assert window.turn(3, 8, BIG) == ()
    window.append(Due(frame(4, "event")))
    assert positions(window.turn(2, 8, BIG)) == [3, 4]
    assert positions(window.turn(3, 8, BIG)) == [4]
    window.skip_to(9)
    assert window.turn(9, 8, BIG) == ()


def test_what_is_kept_for_many_places_is_bounded() -> None:
    window = filled(100)
    for position in range(100):
        assert positions(window.turn(position, 1, BIG)) == [position + 1]
    assert len(window._turns) <= 64


def holding(*positions: int, max_frames: int = 1) -> FrameWindow:
    """One that frames at these positions have come to, of which it has the last."""
    window = FrameWindow(0, max_frames=max_frames, max_bytes=1 << 20)
    for position in positions:
        window.append(Due(frame(position, "event")))
    return window


class TestSilences:
    def test_between_two_frames_it_leads_to_the_second_and_not_beyond(self) -> None:
        window = holding(100, 130, 131)
        places = (-1, 0, 98, 99, 100, 101, 129, 130, 131, 999)
        assert [window.beyond_silence(each) for each in places] == [
            *(-1, 99, 99, 99, 129, 129, 129, 130, 131, 999)
        ]

    def test_of_what_is_still_there_nothing_is_said(self) -> None:
        window = holding(10, 30, max_frames=2)
        assert [window.beyond_silence(each) for each in (0, 10, 20)] == [0, 10, 20]

    def test_what_was_held_back_begins_with_the_first_that_was(self) -> None:
        window = holding(10)
        for position in (30, 40):
            window.append(Due(frame(position, "event"), since=20))
        window.append(Due(frame(50, "event")))
        places = (10, 18, 19, 20, 30, 31)
        assert [window.beyond_silence(each) for each in places] == [19, 19, 19, 20, 30, 31]

    def test_what_does_not_fit_because_of_its_bytes_is_remembered_alike(self) -> None:
        window = FrameWindow(0, max_frames=9, max_bytes=10)
        window.append(Due(frame(7, "event", padding=BIG)))
        assert (len(window), window.floor, window.beyond_silence(0)) == (0, 7, 6)

    def test_a_long_one_outlasts_any_number_of_short_ones(self) -> None:
        window = holding(1, 100_000, *range(100_010, 110_000, 10))
        assert window.beyond_silence(1) == 99_999
        assert window.beyond_silence(109_970) == 109_979
        assert len(window._silences) <= 17

    def test_another_log_has_none_of_them(self) -> None:
        window = holding(10, 30, 31)
        window.skip_to(40)
        assert [window.beyond_silence(each) for each in (0, 10, 30)] == [0, 10, 30]

    @given(
        steps=st.lists(st.tuples(st.integers(1, 40), st.integers(0, 40)), max_size=60),
        max_frames=st.integers(0, 5),
    )
    def test_nobody_is_led_past_a_frame_or_what_it_stands_for(
        self, steps: list[tuple[int, int]], max_frames: int
    ) -> None:
        window = FrameWindow(0, max_frames=max_frames, max_bytes=1 << 20)
        told = [*accumulate(step for step, _ in steps)]
        stands = [position - back for position, (_, back) in zip(told, steps, strict=True)]
        for position, since in zip(told, stands, strict=True):
            window.append(Due(frame(position, "event"), since=since))
        for place in range(told[-1] if told else 0):
            end = window.beyond_silence(place)
            assert place <= end
            assert not [each for each in told if place < each <= end]
            assert end == place or end < next(
                since for position, since in zip(told, stands, strict=True) if position > place
            )
            assert end == place or end < window.floor
