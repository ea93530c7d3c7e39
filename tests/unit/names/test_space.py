"""A space is canonical once; its key, its order and its names all come from that."""

import re
from itertools import pairwise

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.errors import ValidationFailed
from names.rules import check_generation
from names.space import Space, config_hash
from vocabulary.campaigns import GenerationConfig, PatternType


def config(
    characters: str = "abc", constant: str = "x", tld: str = ".com", **more: object
) -> GenerationConfig:
    values = {"pattern_type": PatternType.SUFFIX, "suffix_length": 2} | more
    return GenerationConfig(character_set=characters, constant=constant, tlds=(tld,), **values)  # type: ignore[arg-type]


def both(prefix: int, suffix: int, characters: str = "ab") -> Space:
    lengths: dict[str, object] = {"prefix_length": prefix, "suffix_length": suffix}
    return Space.of(config(characters, "x", ".com", pattern_type=PatternType.BOTH, **lengths))


def names(space: Space) -> list[str | None]:
    return [name for _, name in space.names_in(0, space.total)]


# The reference: a plain reading of RFC 1123, 2.1 and RFC 5891, 4.2.3.1 that shares nothing with the code.
_LDH = re.compile(r"(?=.{1,63}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z")


def legal(label: str) -> bool:
    return _LDH.match(label) is not None and label[2:4] != "--"


def test_the_example_of_the_domain_reference() -> None:
    space = Space.of(config())
    assert space.total == 9
    assert {n: space.name_at(n) for n in (0, 1, 5, 8)} == {
        0: "xaa.com",
        1: "xab.com",
        5: "xbc.com",
        8: "xcc.com",
    }


def test_the_order_is_the_canonical_one_and_not_the_typed_one() -> None:
    assert names(Space.of(config("cBa", suffix_length=1))) == ["xa.com", "xb.com", "xc.com"]


def test_a_prefix_pattern_puts_the_variable_part_first() -> None:
    space = Space.of(config("ab", pattern_type=PatternType.PREFIX, prefix_length=2, suffix_length=0))
    assert names(space) == ["aax.com", "abx.com", "bax.com", "bbx.com"]


def test_both_sides_are_one_number_around_the_constant() -> None:
    assert names(both(1, 1)) == ["axa.com", "axb.com", "bxa.com", "bxb.com"]
    assert both(2, 3).name_at(0b01_011) == "abxabb.com"


@pytest.mark.parametrize("offset", [-1, 9, 2**70])
def test_an_offset_outside_the_space_is_an_error(offset: int) -> None:
    with pytest.raises(IndexError, match=r"outside 0\.\.8"):
        Space.of(config()).name_at(offset)


@pytest.mark.parametrize(("lower", "upper"), [(-1, 2), (3, 2), (0, 10)])
def test_a_range_outside_the_space_is_an_error(lower: int, upper: int) -> None:
    with pytest.raises(IndexError, match="are outside"):
        Space.of(config()).names_in(lower, upper)


def test_an_empty_range_has_no_names() -> None:
    assert list(Space.of(config()).names_in(4, 4)) == []


def test_an_illegal_label_has_no_name_and_counts_all_the_same() -> None:
    space = Space.of(config("a-", pattern_type=PatternType.PREFIX, prefix_length=2, suffix_length=0))
    assert (space.total, names(space)) == (4, [None, None, "a-x.com", "aax.com"])


def test_hyphens_in_places_three_and_four_need_a_true_a_label() -> None:
    space = Space.of(config("a-", constant="xn", suffix_length=4))
    assert [name for name in names(space) if name is not None and name[2:4] == "--"] == []
    assert space.name_at(0b0111) == "xn-aaa.com"


def test_a_true_a_label_is_a_legal_name_and_a_false_one_is_not() -> None:
    # bücher, bc + U+01C8 + her (not allowed), bch + U+0294 + er, and bche + U+0360 + r.
    space = Space.of(config("abcd", constant="xn--bcher-kv", suffix_length=1))
    assert names(space) == ["xn--bcher-kva.com", None, "xn--bcher-kvc.com", "xn--bcher-kvd.com"]


def test_other_scripts_are_named_by_their_a_labels() -> None:
    space = Space.of(config("äö", constant="b", suffix_length=1))
    assert names(space) == ["xn--b-0fa.com", "xn--b-1ga.com"]


def test_a_label_that_breaks_the_bidirectional_rule_has_no_name() -> None:
    space = Space.of(config("אa", constant="b", suffix_length=1))
    assert names(space) == ["ba.com", None]


def test_a_label_too_long_as_an_a_label_has_no_name() -> None:
    space = Space.of(config("aü", constant="b" * 53, suffix_length=10))
    assert space.name_at(0) == "b" * 53 + "a" * 10 + ".com"
    assert space.name_at(1) is None


def test_a_name_too_long_with_its_a_label_has_no_name() -> None:
    """Unicode counts fewer characters than the DNS does: what fits as typed may not fit as it is asked for."""
    tld = "." + ".".join(["a" * 60] * 4) + ".test"
    space = Space.of(config("aü", constant="x", tld=tld, suffix_length=1))
    assert len("xa" + tld) == 251
    assert names(space) == ["xa" + tld, None]


def test_the_greatest_space_of_int64_is_reached_exactly() -> None:
    space = both(10, 5, "0123456789abcdef")
    assert space.total == 2**60
    assert space.name_at(2**60 - 1) == "ffffffffffxfffff.com"
    assert [n for _, n in space.names_in(2**60 - 2, 2**60)] == [
        "ffffffffffxffffe.com",
        "ffffffffffxfffff.com",
    ]


def test_the_key_is_a_known_value_that_must_never_change() -> None:
    assert Space.of(config()).key == "1152339e5b905ec046e5d582c834e11e08ecb24f88139aba379527169f39cc58"


SAME = [
    (config("abc"), config("CBA")),
    (config("ab"), config("aabB")),
    (config("é"), config("e\u0301")),
    (config("k"), config("\u212a")),  # The Kelvin sign is a K (NFC).
    (config(constant="Shop"), config(constant="shop")),
    (config(tld=".COM"), config(tld=".com")),
    (config(tld=".рф"), config(tld=".xn--p1ai")),
    (config(count=5), config(count=7)),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_space_share_its_key(one: GenerationConfig, other: GenerationConfig) -> None:
    assert Space.of(one) == Space.of(other)
    assert Space.of(one).key == Space.of(other).key


DIFFERENT = [
    config(),
    config("abcd"),
    config(suffix_length=3),
    config(constant="y"),
    config(tld=".net"),
    config(pattern_type=PatternType.PREFIX, prefix_length=2, suffix_length=0),
    config(pattern_type=PatternType.BOTH, prefix_length=1, suffix_length=2),
    config(pattern_type=PatternType.BOTH, prefix_length=2, suffix_length=1),
    config("ß"),
    config("s"),
]


def test_different_spaces_have_different_keys() -> None:
    assert len({Space.of(c).key for c in DIFFERENT}) == len(DIFFERENT)


def test_a_broken_configuration_is_refused_with_its_violations() -> None:
    with pytest.raises(ValidationFailed, match="constant: must have 1 to 63 characters"):
        Space.of(config(constant=""))


ALPHABET = st.text("abcxyz019-üñßж", min_size=1, max_size=5)
CONSTANT = st.text("abxn-1ü", min_size=1, max_size=5)
LENGTHS = st.sampled_from([(PatternType.PREFIX, 2, 0), (PatternType.SUFFIX, 0, 3), (PatternType.BOTH, 2, 1)])


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    pattern, prefix, suffix = draw(LENGTHS)
    made = config(
        draw(ALPHABET), draw(CONSTANT), pattern_type=pattern, prefix_length=prefix, suffix_length=suffix
    )
    assume(not check_generation(made, ()))
    return Space.of(made)


@given(spaces())
def test_each_offset_has_its_own_name(space: Space) -> None:
    found = [name for name in names(space) if name is not None]
    assert len(found) == len(set(found))


@given(spaces(), st.data())
def test_a_range_is_the_same_names_one_by_one(space: Space, data: st.DataObject) -> None:
    lower = data.draw(st.integers(0, space.total))
    upper = data.draw(st.integers(lower, space.total))
    assert list(space.names_in(lower, upper)) == [(n, space.name_at(n)) for n in range(lower, upper)]


@given(spaces())
def test_the_legal_ascii_names_are_those_of_the_reference(space: Space) -> None:
    if not (space.characters + space.constant).isascii():
        return
    for name, (before, after) in zip(names(space), parts(space), strict=True):
        label = before + space.constant + after
        if label[:4] != "xn--":
            assert name == (label + ".com" if legal(label) else None)


def parts(space: Space) -> list[tuple[str, str]]:
    """Every (before, after) of the constant, in order, by recursion and not by arithmetic."""
    words = [""]
    for _ in range(space.prefix_length + space.suffix_length):
        words = [word + char for word in words for char in sorted(set(space.characters))]
    return [(word[: space.prefix_length], word[space.prefix_length :]) for word in words]


@given(st.permutations("abc-9"), st.sampled_from([str.lower, str.upper]))
def test_neither_order_nor_case_of_the_characters_matters(order: list[str], case: object) -> None:
    typed = "".join(order)
    folded = typed.upper() if case is str.upper else typed
    assert Space.of(config(folded)).key == Space.of(config("abc-9")).key


def test_ranges_over_the_batch_borders_join_without_a_seam() -> None:
    space = both(3, 2, "abcdefghij")
    cuts = [0, 1, 999, 1000, 1001, 3999, 4096, 50_000, space.total]
    joined = [row for lower, upper in pairwise(cuts) for row in space.names_in(lower, upper)]
    assert [n for n, _ in joined] == list(range(space.total))
    assert joined[12_345] == (12_345, "bcdxef.com")
    assert len({name for _, name in joined}) == space.total


def test_each_tld_is_a_space_of_its_own_and_the_first_is_the_space() -> None:
    several = msgspec.structs.replace(config(), tlds=(".com", ".NET", ".рф"))
    spaces = Space.each(several)
    assert spaces[0] == Space.of(several) == Space.of(config())
    assert [space.tld for space in spaces] == [".com", ".net", ".xn--p1ai"]
    assert [space.key for space in spaces] == [Space.of(config(tld=space.tld)).key for space in spaces]


def test_the_hash_of_a_configuration_is_its_key_or_one_over_all_whatever_their_order() -> None:
    one, other = Space.of(config()), Space.of(config(tld=".net"))
    assert config_hash([one]) == one.key
    assert config_hash([one, other]) == config_hash([other, one])
    assert len({config_hash([one]), config_hash([other]), config_hash([one, other])}) == 3
