"""What members at one place of a window take, and that it is found once for all of them."""

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
