"""Every rule of a generation configuration is named by its field and its limit, and nothing ever raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from names.rules import check_generation
from names.space import Space
from vocabulary.campaigns import GenerationConfig, PatternType

PATH = ("input", "generation")


def config(**more: object) -> GenerationConfig:
    values = {
        "pattern_type": PatternType.PREFIX,
        "character_set": "abc",
        "constant": "shop",
        "tlds": (".com",),
        "prefix_length": 3,
    } | more
    return GenerationConfig(**values)  # type: ignore[arg-type]


def broken(**more: object) -> list[tuple[str, str | None]]:
    violations = check_generation(config(**more), PATH)
    assert all(v.path[:2] == PATH for v in violations)
    return [(".".join(v.path[2:]), v.limit) for v in violations]


def test_a_right_configuration_breaks_nothing() -> None:
    assert broken() == []


@pytest.mark.parametrize("value", [-1, 11, 2**70])
def test_a_length_is_from_0_to_10(value: int) -> None:
    assert broken(prefix_length=value) == [("prefix_length", "0..10")]
    assert broken(suffix_length=value) == [("suffix_length", "0..10")]


@pytest.mark.parametrize(
    ("pattern", "prefix", "suffix", "expected"),
    [
        (PatternType.PREFIX, 0, 0, [("prefix_length", "1..10")]),
        (PatternType.PREFIX, 1, 1, [("suffix_length", "0")]),
        (PatternType.SUFFIX, 0, 0, [("suffix_length", "1..10")]),
        (PatternType.SUFFIX, 1, 1, [("prefix_length", "0")]),
        (PatternType.BOTH, 0, 1, [("prefix_length", "1..10")]),
        (PatternType.BOTH, 1, 0, [("suffix_length", "1..10")]),
        (PatternType.BOTH, 1, 1, []),
        (PatternType.PREFIX, 10, 0, []),
    ],
)
def test_the_pattern_says_which_lengths_it_needs(
    pattern: PatternType, prefix: int, suffix: int, expected: list[tuple[str, str | None]]
) -> None:
    assert broken(pattern_type=pattern, prefix_length=prefix, suffix_length=suffix) == expected


@pytest.mark.parametrize(
    ("characters", "limit"),
    [
        ("", "1..1000"),
        ("a" * 1001, "1..1000"),
        ("a_", None),
        ("a.", None),
        ("a b", None),
        ("a\x00", None),
        ("a\ud800", None),
        ("q\u0301", None),  # A mark with nothing to melt into.
        ("İ", None),  # Its lower case is an i and a mark.
        ("a\u200d", None),
        ("ａ", None),
        ("☃", None),
        ("\U0010ffff", None),
    ],
)
def test_a_character_must_be_legal_in_a_host_name(characters: str, limit: str | None) -> None:
    assert broken(character_set=characters) == [("character_set", limit)]


def test_a_bad_character_is_named_by_its_code_point() -> None:
    (violation,) = check_generation(config(character_set="a_"), PATH)
    assert violation.message == "U+005F (_) is not allowed in a host name"
    (violation,) = check_generation(config(character_set="a\ud800"), PATH)
    assert violation.message == "U+D800 is not allowed in a host name"


@pytest.mark.parametrize(
    ("constant", "limit"),
    [("", "1..63"), ("a" * 64, "1..63"), ("a.b", None), ("a b", None), ("\u0301a", None), ("☃", None)],
)
def test_a_constant_must_be_legal_in_a_label(constant: str, limit: str | None) -> None:
    assert broken(constant=constant) == [("constant", limit)]


def test_a_constant_that_leaves_no_room_is_refused() -> None:
    assert broken(constant="a" * 60, prefix_length=3) == []
    assert broken(constant="a" * 61, prefix_length=3) == [("constant", "..63")]


PREFIX, SUFFIX, BOTH = PatternType


@pytest.mark.parametrize(
    ("pattern", "characters", "constant", "field"),
    [
        (PREFIX, "a", "x-", "constant"),
        (SUFFIX, "a", "-x", "constant"),
        (SUFFIX, "a", "ab--c", "constant"),
        (PREFIX, "a", "b--c", "constant"),
        (BOTH, "xn", "b--", "constant"),
        (BOTH, "a", "n--", "constant"),
        (PREFIX, "-", "x", "character_set"),
        (SUFFIX, "--", "x", "character_set"),
        (BOTH, "-", "x", "character_set"),
    ],
)
def test_hyphens_that_leave_no_legal_name_are_refused(
    pattern: PatternType, characters: str, constant: str, field: str
) -> None:
    prefix, suffix = int(pattern is not SUFFIX), int(pattern is not PREFIX)
    lengths = {"prefix_length": prefix, "suffix_length": suffix}
    assert broken(pattern_type=pattern, character_set=characters, constant=constant, **lengths) == [
        (field, None)
    ]


@pytest.mark.parametrize(
    ("pattern", "constant"),
    [(PREFIX, "-x"), (SUFFIX, "x-"), (BOTH, "-"), (PREFIX, "ab--c"), (SUFFIX, "xn--p1a"), (BOTH, "bc--")],
)
def test_hyphens_that_leave_a_legal_name_pass(pattern: PatternType, constant: str) -> None:
    prefix, suffix = int(pattern is not SUFFIX), int(pattern is not PREFIX)
    made = config(
        pattern_type=pattern,
        character_set="a-i",
        constant=constant,
        prefix_length=prefix,
        suffix_length=suffix,
    )
    assert check_generation(made, PATH) == []
    assert any(name for _, name in Space.of(made).names_in(0, Space.of(made).total))


@pytest.mark.parametrize(
    "tld",
    ["com", "..com", ".com.", ".c_m", ".-a", ".123", ".a.1b", ".c om", "." + "a" * 64, ".xn--zzzzzzzz9"],
)
def test_a_tld_is_labels_with_a_dot_before_each(tld: str) -> None:
    assert broken(tlds=(tld,)) == [("tlds.0", None)]


@pytest.mark.parametrize("tld", [".com", ".CO.UK", ".рф", ".xn--p1ai", ".test"])
def test_a_right_tld_passes(tld: str) -> None:
    assert broken(tlds=(tld,)) == []


@pytest.mark.parametrize("tld", ["", ".", "." + "a." * 130 + "a"])
def test_a_tld_has_2_to_253_characters(tld: str) -> None:
    assert broken(tlds=(tld,)) == [("tlds.0", "2..253")]


@pytest.mark.parametrize(
    ("tlds", "expected"),
    [
        ((), [("tlds", "1..20")]),
        (tuple(f".{chr(97 + n)}com" for n in range(21)), [("tlds", "1..20")]),
        (tuple(f".{chr(97 + n)}com" for n in range(20)), []),
        ((".com", ".net", ".COM"), [("tlds.2", None)]),
        ((".рф", ".xn--p1ai"), [("tlds.1", None)]),
        ((".com", "net", ".a.1b"), [("tlds.1", None), ("tlds.2", None)]),
    ],
)
def test_tlds_are_one_at_least_and_each_once(
    tlds: tuple[str, ...], expected: list[tuple[str, str | None]]
) -> None:
    assert broken(tlds=tlds) == expected


def test_all_spaces_together_are_no_more_than_int64() -> None:
    wide = {"character_set": "".join(map(chr, range(0x4E00, 0x4E00 + 78))), "prefix_length": 10}
    assert broken(**wide) == []
    assert broken(**wide, tlds=(".com", ".net")) == [("tlds", f"..{2**63 - 1}")]


def test_a_tld_that_makes_names_too_long_is_refused() -> None:
    assert broken(tlds=("." + ".".join(["a" * 60] * 4) + ".aaaa",)) == [("tlds.0", "..253")]


@pytest.mark.parametrize(("count", "ok"), [(0, True), (2**63 - 1, True), (-1, False), (2**63, False)])
def test_a_count_is_an_int64_and_not_negative(count: int, ok: bool) -> None:
    assert broken(count=count) == ([] if ok else [("count", f"0..{2**63 - 1}")])


def test_a_space_beyond_int64_is_refused_and_says_why() -> None:
    lengths = {"pattern_type": PatternType.BOTH, "prefix_length": 10, "suffix_length": 5}
    assert broken(character_set="0123456789abcdef", **lengths) == []
    (violation,) = check_generation(config(character_set="0123456789abcdefghi", **lengths), PATH)
    assert violation.path == (*PATH, "character_set")
    assert (
        violation.message
        == f"19 characters at 15 places are more than {2**63 - 1} names; use fewer of either"
    )


def test_every_broken_field_is_named_at_once() -> None:
    found = broken(prefix_length=99, character_set="", constant="", tlds=("",), count=-1)
    assert [field for field, _ in found] == ["prefix_length", "character_set", "constant", "tlds.0", "count"]


TEXT = st.one_of(
    st.text(max_size=12), st.text(st.characters(categories=["Cs", "Mn", "Ll", "Nd"]), max_size=8)
)
INTS = st.one_of(st.integers(-3, 12), st.integers())


@given(st.builds(GenerationConfig, st.sampled_from(PatternType), TEXT, TEXT, TEXT, INTS, INTS, INTS))
def test_no_input_makes_it_raise(made: GenerationConfig) -> None:
    violations = check_generation(made, PATH)
    assert violations or Space.of(made).total >= 1


@given(TEXT, TEXT)
def test_whatever_passes_can_be_enumerated(characters: str, constant: str) -> None:
    made = config(character_set=characters, constant=constant, prefix_length=1)
    if check_generation(made, PATH):
        return
    space = Space.of(made)
    found = [name for _, name in space.names_in(0, space.total)]
    legal = [name for name in found if name is not None]
    assert len(set(legal)) == len(legal)
    assert all(name.isascii() and name == name.lower() and len(name) <= 253 for name in legal)
