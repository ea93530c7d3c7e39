"""A count is shared out as evenly as the spaces allow."""

from hypothesis import given
from hypothesis import strategies as st

from names.sharing import share_out

SPACES = st.lists(st.integers(0, 9), min_size=1, max_size=6)


def one_by_one(count: int, left: list[int]) -> list[int]:
    """The same by dealing: each offset goes to whoever has least, the first of them, and has any left."""
    shares = [0] * len(left)
    for _ in range(min(count, sum(left))):
        place = min((n for n in range(len(left)) if shares[n] < left[n]), key=lambda n: (shares[n], n))
        shares[place] += 1
    return shares


@given(st.integers(1, 60), SPACES)
def test_it_is_as_dealing_one_by_one(count: int, left: list[int]) -> None:
    assert share_out(count, left) == one_by_one(count, left)


@given(SPACES)
def test_zero_is_all_that_is_left(left: list[int]) -> None:
    assert share_out(0, left) == left


@given(st.lists(st.integers(0, 2**62), min_size=1, max_size=5), st.integers(1, 2**63 - 1))
def test_nothing_is_lost_however_large_the_numbers_are(left: list[int], count: int) -> None:
    shares = share_out(count, left)
    assert sum(shares) == min(count, sum(left))
    assert all(share <= has for share, has in zip(shares, left, strict=True))


def test_what_one_lacks_goes_to_the_others() -> None:
    assert share_out(12, [9, 2, 9]) == [5, 2, 5]
    assert share_out(10, [4, 4, 4]) == [4, 3, 3]
    assert share_out(5, [0, 0]) == [0, 0]
