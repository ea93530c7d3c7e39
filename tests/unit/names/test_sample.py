"""A sample is the beginning of what is enumerated, and is found fast wherever names begin."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from names import space as module
from names.rules import check_generation
from names.space import Space
from vocabulary.campaigns import GenerationConfig, PatternType

CHARACTERS = "-abcdefghijklmnopqrstuvwxyz0123456789"


def space(characters: str, prefix: int, suffix: int = 0, constant: str = "x") -> Space:
    pattern = {(True, False): PatternType.PREFIX, (False, True): PatternType.SUFFIX}
    kind = pattern.get((prefix > 0, suffix > 0), PatternType.BOTH)
    return Space.of(GenerationConfig(kind, characters, constant, (".com",), prefix, suffix))


@given(
    st.text("-axnü", min_size=1, max_size=3),
    st.sampled_from(["x", "xn", "n-", "--a", "a--", "a-b"]),
    st.tuples(st.integers(0, 3), st.integers(0, 3)),
    st.data(),
)
def test_it_is_the_first_names_of_the_range(
    characters: str, constant: str, lengths: tuple[int, int], data: st.DataObject
) -> None:
    """Whatever is passed over has no name: the enumeration of every offset finds the same ones."""
    prefix, suffix = lengths
    assume(prefix + suffix > 0)
    kind = PatternType.BOTH if prefix and suffix else PatternType.PREFIX if prefix else PatternType.SUFFIX
    config = GenerationConfig(kind, characters, constant, (".com",), prefix, suffix)
    assume(not check_generation(config, ()))
    made = Space.of(config)
    lower = data.draw(st.integers(0, made.total))
    upper = data.draw(st.integers(lower, made.total))
    most = data.draw(st.integers(0, 25))
    names = [name for _, name in made.names_in(lower, upper) if name is not None]
    assert made.sample(lower, upper, most) == names[:most]


def test_labels_that_begin_with_a_hyphen_are_passed_over_at_once() -> None:
    """There are 37 to the ninth of them, more than anybody can look at one by one."""
    made = space(CHARACTERS, 10)
    assert made.sample(0, made.total, 3) == ["0--0------x.com", "0--0-----0x.com", "0--0-----1x.com"]


def test_hyphens_in_places_three_and_four_are_passed_over_at_once() -> None:
    made = space(CHARACTERS, 0, 10, constant="a")
    assert made.sample(0, made.total, 2) == ["a--0------0.com", "a--0------1.com"]


def test_no_more_offsets_are_looked_at_than_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names may lie behind the last one, and the sample is short of them then."""
    monkeypatch.setattr(module, "LOOKED", 3)
    made = space("ab", 0, 3)
    assert made.sample(0, made.total, 20) == ["xaaa.com", "xaab.com", "xaba.com"]


@pytest.mark.parametrize(("lower", "upper"), [(-1, 2), (3, 2), (0, 10)])
def test_a_range_outside_the_space_is_an_error(lower: int, upper: int) -> None:
    with pytest.raises(IndexError, match=r"are outside 0\.\.9"):
        space("abc", 2).sample(lower, upper, 1)
