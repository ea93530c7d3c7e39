"""Keyword rules: what hits, how often, with which context, and which rules are refused."""

import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.keywords import Matcher, check_rule
from vocabulary.checks import KeywordHit, Zone
from vocabulary.keywords import KeywordRule, RuleType

BODY = Zone.BODY


def string(pattern: str, **more: object) -> KeywordRule:
    return KeywordRule(pattern, RuleType.STRING, **more)  # type: ignore[arg-type]


def regex(pattern: str, **more: object) -> KeywordRule:
    return KeywordRule(pattern, RuleType.REGEX, **more)  # type: ignore[arg-type]


def count(rule: KeywordRule, text: str) -> int:
    return sum(hit.count for hit in Matcher([rule]).hits({BODY: text}))


@pytest.mark.effect("keyword_rule.pattern", "keyword_rule.rule_type", "keyword_rule.is_case_sensitive")
@pytest.mark.parametrize(
    ("rule", "text", "times"),
    [
        (string("Shop"), "shop SHOP Shops", 3),
        (string("Shop", is_case_sensitive=True), "shop SHOP Shops", 1),
        (string("a.c"), "abc a.c", 1),
        (string("(x"), "f(x)", 1),
        (string("aa"), "aaaa", 2),
        (string("äÖ"), "ÄÖ äö", 2),
        (string("два  слова"), "Два слова", 1),
        (string("e\u0301"), "café", 1),
        (regex("sh[o0]p"), "SH0P shop", 2),
        (regex("sh[o0]p", is_case_sensitive=True), "SH0P shop", 1),
        (regex("a|b"), "xaxb", 2),
        (regex(r"\d{3}"), "123 4567", 2),
        (regex("(?s)a.b"), "a\nb", 1),
        (regex(r"\bart\b"), "art smart", 1),
    ],
)
def test_a_rule_hits_as_often_as_it_should(rule: KeywordRule, text: str, times: int) -> None:
    assert count(rule, text) == times


@pytest.mark.effect("keyword_rule.context_chars")
def test_contexts_are_in_characters_and_clipped_at_the_ends() -> None:
    text = "😀éü-KEY-äö😀"
    hits = [Matcher([string("key", context_chars=n)]).hits({BODY: text})[0].context for n in (0, 1, 3, 100)]
    assert hits == [None, "-KEY-", "éü-KEY-äö", text]


@pytest.mark.effect("keyword_rule.category")
def test_hits_come_in_the_order_of_rules_then_zones_with_the_first_context() -> None:
    rules = [string("two", category="b"), string("one", category="a", context_chars=2), string("three")]
    hits = Matcher(rules).hits({Zone.TITLE: "one two", BODY: "x one y one"})
    assert hits == (
        KeywordHit("two", Zone.TITLE, 1, "b", None),
        KeywordHit("one", Zone.TITLE, 1, "a", "one t"),
        KeywordHit("one", BODY, 2, "a", "x one y"),
    )


def test_equal_patterns_in_two_rules_are_two_hits() -> None:
    hits = Matcher([string("a", category="x"), string("a", category="y")]).hits({BODY: "a"})
    assert [hit.category for hit in hits] == ["x", "y"]


def test_no_rules_find_nothing() -> None:
    assert Matcher([]).hits({BODY: "text"}) == ()


@given(
    st.lists(st.text("abAB.é ", min_size=1, max_size=3), min_size=1, max_size=5),
    st.text("abABé. ", max_size=60),
)
def test_counts_are_those_of_another_engine(patterns: list[str], text: str) -> None:
    rules = [string(pattern) for pattern in patterns if pattern.strip()]
    found = {(hit.pattern, hit.zone): hit.count for hit in Matcher(rules).hits({BODY: text})}
    expected = {}
    for rule in rules:
        collapsed = re.sub(r"\s+", " ", unicodedata.normalize("NFC", rule.pattern))
        if times := len(re.findall(re.escape(collapsed), text, re.IGNORECASE)):
            expected[rule.pattern, BODY] = times
    assert found == expected


def test_rules_that_are_too_much_for_a_set_hit_all_the_same() -> None:
    greedy = [regex(f"(?:[a-z]{{1,200}} {n}){{1,4}}[α-ω]") for n in range(200)]
    matcher = Matcher([*greedy, string("needle")])
    assert matcher._set is None
    assert [hit.pattern for hit in matcher.hits({BODY: "a needle here"})] == ["needle"]


def test_a_set_that_forgets_its_sentinel_is_not_believed() -> None:
    class Exhausted:
        """Behaves as a set of RE2 does whose automaton has no memory left."""

        def Match(self, _: str) -> list[int]:  # noqa: N802
            return []

    matcher = Matcher([string("needle")])
    matcher._set = Exhausted()
    assert [hit.pattern for hit in matcher.hits({BODY: "a needle here"})] == ["needle"]


def test_an_explosive_pattern_takes_linear_time() -> None:
    started = time.process_time()
    assert count(regex("(a+)+$"), "a" * 50_000 + "b") == 0
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("rule", "message", "limit"),
    [
        (string(""), "must have 1 to 1000 characters", "1..1000"),
        (string("x" * 1001), "must have 1 to 1000 characters", "1..1000"),
        (string(" \t"), "must not be all white space", None),
        (string("\ud800"), "must not have half of a surrogate pair", None),
        (regex("a("), "is not a regular expression of RE2: missing ): a(", None),
        (regex("a)(b"), "is not a regular expression of RE2: unexpected ): a)(b", None),
        (regex("(?<=a)b"), "is not a regular expression of RE2: invalid perl operator: (?<=", None),
        (regex(r"(a)\1"), r"is not a regular expression of RE2: invalid escape sequence: \1", None),
        (regex("a{1001}"), "is not a regular expression of RE2: invalid repetition size: {1001}", None),
        (regex(r"\Qa"), r"is not a regular expression of RE2: missing ): (?:\Qa)", None),
        (regex("a*"), "must not match the empty string", None),
        (regex("x|"), "must not match the empty string", None),
        (regex(r"\b"), "must not match the empty string", None),
    ],
)
def test_a_bad_pattern_is_named_with_its_reason(rule: KeywordRule, message: str, limit: str | None) -> None:
    (violation,) = check_rule(rule, ("rules", "0"))
    assert (violation.path, violation.message, violation.limit) == (("rules", "0", "pattern"), message, limit)
    with pytest.raises(ValueError, match=re.escape(message)):
        Matcher([rule])


@pytest.mark.parametrize(("chars", "ok"), [(0, True), (1000, True), (-1, False), (1001, False)])
def test_context_chars_are_limited(chars: int, ok: bool) -> None:
    violations = check_rule(string("a", context_chars=chars), ())
    assert [(v.path, v.limit) for v in violations] == ([] if ok else [(("context_chars",), "0..1000")])


@given(
    st.builds(
        KeywordRule, st.text(max_size=20), st.sampled_from(RuleType), st.booleans(), st.none(), st.integers()
    )
)
def test_no_rule_makes_the_check_raise_and_what_passes_compiles(rule: KeywordRule) -> None:
    if not check_rule(rule, ()):
        Matcher([rule]).hits({BODY: "some text"})
