"""The shelf: what is found, what is dropped, and that its count of bytes is right."""

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from live.shelf import FRAME_BYTES, STRETCH_BYTES, Shelf, Stretch
from live.window import Due
from tests.fakes.streams import frame

SIZE = STRETCH_BYTES + FRAME_BYTES + len(frame(7, "event").payload)


def stretch(begin: int, end: int, *positions: int) -> Stretch:
    return Stretch(begin, end, tuple(Due(frame(position, "event")) for position in positions))


def test_a_member_takes_what_is_above_it_and_goes_on_at_the_end() -> None:
    whole = stretch(4, 9, 5, 7, 8)
    for position, expected in {4: [5, 7, 8], 5: [7, 8], 6: [7, 8], 7: [8], 8: []}.items():
        chunk = whole.above(position)
        assert ([each.frame.position for each in chunk.due], chunk.position) == (expected, 9)


def test_the_nearest_that_begins_before_a_place_is_found() -> None:
    shelf = Shelf(100_000)
    shelf.put("a", stretch(4, 6, 5))
    shelf.put("a", stretch(6, 8, 7))
    shelf.put("b", stretch(0, 4))
    found = [shelf.at("a", position) for position in (3, 4, 5, 6, 9)]
    assert [each and each.begin for each in found] == [None, 4, 4, 6, 6]


def test_what_was_used_longest_ago_goes_first() -> None:
    shelf = Shelf(2 * SIZE)
    shelf.put("a", stretch(0, 2, 1))
    shelf.put("b", stretch(0, 2, 1))
    assert shelf.at("a", 0)
    shelf.put("b", stretch(2, 4, 3))
    assert (shelf.at("b", 0), shelf.bytes, len(shelf)) == (None, 2 * SIZE, 2)
    assert shelf.at("a", 1)
    assert shelf.at("b", 2)


def test_one_that_is_too_large_is_not_kept() -> None:
    shelf = Shelf(SIZE - 1)
    shelf.put("a", stretch(0, 2, 1))
    assert (len(shelf), shelf.bytes, shelf.at("a", 0)) == (0, 0, None)


def test_empty_ones_next_to_each_other_are_one() -> None:
    shelf = Shelf(100_000)
    for begin in (4, 8, 2, 20, 6):
        shelf.put("a", stretch(begin, begin + 2))
    assert [shelf.at("a", position) for position in (3, 9, 21)] == [stretch(2, 10)] * 2 + [stretch(20, 22)]
    assert (len(shelf), shelf.bytes) == (2, 2 * STRETCH_BYTES)


def test_what_has_frames_or_is_another_owners_is_joined_with_nothing() -> None:
    shelf = Shelf(100_000)
    for begin in (0, 4, 6):
        shelf.put("a", stretch(begin, begin + 2))
    shelf.put("a", stretch(2, 4, 3))
    shelf.put("b", stretch(8, 10))
    assert [shelf.at("a", position) for position in (0, 2, 4)] == [
        stretch(0, 2),
        stretch(2, 4, 3),
        stretch(4, 8),
    ]
    assert shelf.at("b", 8) == stretch(8, 10)


@example(frozenset([4]), [(0, 2), (1, 3), (2, 1)])
@given(
    st.frozensets(st.integers(1, 40), max_size=6),
    st.lists(st.tuples(st.integers(0, 39), st.integers(1, 12)), max_size=30),
)
def test_it_has_what_was_put_and_nothing_else(frames: frozenset[int], parts: list[tuple[int, int]]) -> None:
    """Whatever parts of one stream were read: no two that follow each other are empty, and touch."""
    shelf, known = Shelf(100_000), set[int]()
    for begin, length in parts:
        end = begin + length
        due = sorted(position for position in frames if begin < position <= end)
        shelf.put("a", stretch(begin, end, *due))
        known |= {*range(begin, end)}
    found = {position: shelf.at("a", position) for position in range(60)}
    for position, each in found.items():
        if each is not None and position < each.end:
            told = [one.frame.position for one in each.above(position).due]
            assert told == sorted(one for one in frames if position < one <= each.end)
            assert position in known
    kept = sorted({each for each in found.values() if each}, key=lambda each: each.begin)
    assert all(one.due or other.due or one.end < other.begin for one, other in pairwise(kept))


def test_an_owner_is_forgotten_and_no_other() -> None:
    shelf = Shelf(100_000)
    for begin in (0, 2, 4):
        shelf.put("a", stretch(begin, begin + 2, begin + 1))
    shelf.put("b", stretch(0, 2, 1))
    shelf.forget("a")
    shelf.forget("a")
    assert (len(shelf), shelf.bytes, shelf.at("a", 9)) == (1, SIZE, None)
    assert repr(shelf) == f"<Shelf of 1 stretches, {SIZE} bytes>"


@given(
    st.lists(
        st.tuples(st.sampled_from(["put", "at", "forget"]), st.sampled_from("ab"), st.integers(0, 9)),
        max_size=40,
    )
)
def test_it_is_what_a_list_of_the_newest_would_be(steps: list[tuple[str, str, int]]) -> None:
    shelf, kept = Shelf(4 * SIZE), list[tuple[str, int]]()
    for step, owner, begin in steps:
        place = owner, begin
        match step:
            case "put":
                kept = [*(each for each in kept if each != place), place][-4:]
                shelf.put(owner, stretch(begin, begin + 2, 7))
            case "at":
                found = shelf.at(owner, begin)
                begins = [each for each in kept if each[0] == owner and each[1] <= begin]
                nearest = max(begins, default=None)
                assert (None if found is None else (owner, found.begin)) == nearest
                kept = [*(each for each in kept if each != nearest), *([nearest] if nearest else [])]
            case _:
                kept = [each for each in kept if each[0] != owner]
                shelf.forget(owner)
        assert (len(shelf), shelf.bytes) == (len(kept), len(kept) * SIZE)
