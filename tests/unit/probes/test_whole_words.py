"""Whole words: what stands beside a hit, in every script, and the same counts as a slow search in plain Python."""

import time
import unicodedata
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.keywords import Matcher, check_rule
from probes.whole_words import WholeWords
from vocabulary.checks import KeywordHit, Zone
from vocabulary.keywords import KeywordRule, RuleType

BODY = Zone.BODY
# Letters in both cases and of two scripts, a digit that is not of ASCII, a mark that composes with nothing, the
# underscore, and what is no part of a word.
LETTERS = "abBäЖ٣\u20dd_ -.😀"


def word(pattern: str, **more: object) -> KeywordRule:
    return KeywordRule(pattern, is_whole_word=True, **more)  # type: ignore[arg-type]


def regex(pattern: str, **more: object) -> KeywordRule:
    return word(pattern, rule_type=RuleType.REGEX, **more)


def count(rule: KeywordRule, text: str) -> int:
    return sum(hit.count for hit in Matcher([rule]).hits({BODY: text}))


@pytest.mark.effect("keyword_rule.is_whole_word")
@pytest.mark.parametrize(
    ("rule", "text", "times"),
    [
        (KeywordRule("art"), "art smart arts", 3),
        (word("art"), "art smart arts Art.", 2),
        (word("art", is_case_sensitive=True), "art smart arts Art.", 1),
        (word("art"), "art art,art\nart", 4),
        (word("art"), "", 0),
        (word("art"), "éart artж ٣art art_ art\u20dd", 0),
        (word("art"), "«art» 😀art😀 (art) art's", 4),
        (word("ärt"), "ÄRT ärte", 1),
        (word("солнце"), "Солнце, солнцем", 1),
        (word("$5"), "$5 x$5 $55 $5$5", 2),
        (word("$"), "$$$", 3),
        (word("€"), "€€ €", 3),
        (word("a a"), "xa a a", 1),
        (word("a a"), "a a a a", 2),
        (word("a a"), "a a a", 1),
        (regex("shop|shops"), "shops shop shopster", 2),
        (regex("a+"), "aaa baa aa", 2),
        (regex(r"\d{3}"), "123 4567 890", 2),
        (regex(r"[a-z]+ [a-z]+"), "éa b c d", 1),
        (regex("^art"), "art art", 1),
        (regex("art$"), "art art", 1),
        (regex(r"(art)|(?P<n>craft)"), "art crafts craft", 2),
        (regex("(?i)ART", is_case_sensitive=True), "art", 1),
    ],
)
def test_a_whole_word_has_no_word_character_beside_it(rule: KeywordRule, text: str, times: int) -> None:
    assert count(rule, text) == times


def test_the_context_is_that_of_the_first_whole_word_in_characters() -> None:
    rules = [word("key", context_chars=2, category="c"), regex("k.y", context_chars=100)]
    text = "😀 keys ж-KEY-ж key"
    assert Matcher(rules).hits({Zone.TITLE: "keys", BODY: text}) == (
        KeywordHit("key", BODY, 2, "c", "ж-KEY-ж"),
        KeywordHit("k.y", BODY, 2, None, text),
    )


def test_rules_of_both_ways_stand_in_one_set() -> None:
    matcher = Matcher([word("art"), KeywordRule("art"), word("none"), regex("smar?t")])
    assert matcher._set is not None
    assert [
        (number, hit.count) for number, hit in matcher.numbered({BODY: "smart arts smart art"}) if hit
    ] == [
        (0, 1),
        (1, 4),
        (3, 2),
    ]


def test_what_is_not_looked_for_is_not_compiled() -> None:
    """The neighbours make a pattern slow to compile, so a thousand rules must not cost it a thousand times."""
    missing = WholeWords("(")
    assert repr(missing) == "<WholeWords '('>"
    assert list(WholeWords("(?i:é)").spans("é É")) == [(0, 1), (2, 3)]
    rules = [word(f"word {number}") for number in range(1000)]
    started = time.process_time()
    assert Matcher(rules).hits({BODY: "text without one"}) == ()
    assert time.process_time() - started < 0.5


def test_a_pattern_that_is_just_small_enough_by_itself_is_so_with_its_neighbours() -> None:
    sizes = range(100, 1000, 5)
    # To compile one takes long, and the larger ones are all refused.
    refused = bisect_left(sizes, True, key=lambda size: bool(check_rule(regex(letters(size)), ())))
    assert 0 < refused < len(sizes)
    largest = sizes[refused - 1]
    assert count(regex(letters(largest)), "a b") == 0
    assert count(regex(letters(largest) + "|b"), "a b") == 1


def letters(size: int) -> str:
    return rf"(?:\pLx){{{size}}}"


def test_a_hit_without_characters_does_not_go_on_for_ever() -> None:
    """No rule may be such a pattern; a search that met one all the same must end."""
    assert list(WholeWords("").spans("a - - b")) == [(2, 2), (3, 3), (4, 4), (5, 5)]


def test_long_runs_take_linear_time() -> None:
    started = time.process_time()
    assert count(word("a" * 1000), "a" * 1_000_000) == 0
    assert count(regex("(a+)+"), "a" * 100_000 + "_") == 0
    assert count(word("é"), "é " * 100_000) == 100_000
    assert time.process_time() - started < 5


def is_word(text: str, place: int) -> bool:
    return 0 <= place < len(text) and (text[place] == "_" or unicodedata.category(text[place])[0] in "LNM")


def slow(words: list[str], text: str, *, sensitive: bool) -> list[tuple[int, int]]:
    """From left to right, at each place the first of the words that fits there and stands by itself."""
    found: list[tuple[int, int]] = []
    place = 0
    while place < len(text):
        for one in words:
            part = text[place : place + len(one)]
            same = part == one if sensitive else part.lower() == one.lower()
            if same and not is_word(text, place - 1) and not is_word(text, place + len(one)):
                found.append((place, place + len(one)))
                place += len(one) - 1
                break
        place += 1
    return found


@given(
    st.lists(st.text(LETTERS, min_size=1, max_size=3).filter(str.strip), min_size=1, max_size=4),
    st.text(LETTERS, max_size=60),
    st.booleans(),
    st.integers(0, 3),
)
def test_counts_and_contexts_are_those_of_a_slow_search(
    words: list[str], text: str, sensitive: bool, around: int
) -> None:
    words = [unicodedata.normalize("NFC", one) for one in words]
    pattern = "|".join(f"(?:{one})" for one in [one.replace(".", r"\.") for one in words])
    more = {"is_case_sensitive": sensitive, "context_chars": around}
    rules = [regex(pattern, **more), *(word(one, **more) for one in words)]
    searches = [(0, words), *((number, [one]) for number, one in enumerate(words, 1))]
    expected = {}
    for number, wanted in searches:
        if spans := slow(wanted, text, sensitive=sensitive):
            start, end = spans[0]
            context = text[max(0, start - around) : end + around] if around else None
            expected[number] = (len(spans), context)
    found = Matcher(rules).numbered({BODY: text})
    assert {number: (hit.count, hit.context) for number, hit in found if hit} == expected
