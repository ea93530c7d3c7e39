"""Trying rules out: what a worker would find, what is refused, and that nobody else waits for it."""

import asyncio
from collections.abc import ItemsView
from random import Random

import pytest

from core.errors import ValidationFailed
from probes.keywords import Matcher
from probes.page_text import from_html
from services.keyword_tests import MAX_TEXT_BYTES, KeywordTest, KeywordTestResult, KeywordTests
from tests.integration.waiting import until
from vocabulary.checks import KeywordHit, Zone
from vocabulary.keywords import ContentType, KeywordRule, RuleType

LAMP = KeywordRule("lamp", category="light", context_chars=3)
WHOLE = KeywordRule("lamp", is_whole_word=True)
TORCH = KeywordRule("torch")
PAGE = "<title>Lamps</title><script>var torch</script><p>A <b>lamp</b> for <a href='/torch'>lamplight</a>\n lamp</p>"


async def refusal(test: KeywordTest, tests: KeywordTests | None = None) -> list[tuple[str, str | None]]:
    with pytest.raises(ValidationFailed) as refused:
        await (tests or KeywordTests()).run(test)
    return [(".".join(one.path), one.limit) for one in refused.value.violations]


class Noting(dict[Zone, str]):
    """Zones that say whether somebody has begun to read them."""

    is_read = False

    def items(self) -> ItemsView[Zone, str]:  # type: ignore[override]
        self.is_read = True
        return super().items()


async def test_a_plain_text_is_all_body() -> None:
    found = await KeywordTests().run(KeywordTest((LAMP, TORCH, WHOLE), "<b>Lamps</b>\n and a  lamp"))
    assert found == KeywordTestResult(
        hits=(KeywordHit("lamp", Zone.BODY, 2, "light", "<b>Lamps</"), KeywordHit("lamp", Zone.BODY, 1)),
        missed=(TORCH,),
    )


async def test_a_page_is_searched_in_the_zones_that_a_worker_sees() -> None:
    rules = (LAMP, TORCH, WHOLE)
    found = await KeywordTests().run(KeywordTest(rules, PAGE, ContentType.HTML))
    assert found.hits == Matcher(rules).hits(from_html(PAGE).zones)
    assert [(hit.zone, hit.count) for hit in found.hits] == [
        (Zone.TITLE, 1), (Zone.ANCHOR, 1), (Zone.BODY, 3), (Zone.BODY, 2),
    ]  # fmt: skip
    assert found.missed == (TORCH,)


async def test_the_rules_of_a_set_come_first_and_equal_rules_are_each_told() -> None:
    test = KeywordTest((LAMP, TORCH), "a lamp", of_set=(TORCH, WHOLE, TORCH))
    found = await KeywordTests().run(test)
    assert [hit.category for hit in found.hits] == [None, "light"]
    assert found.missed == (TORCH, TORCH, TORCH)


async def test_a_set_needs_no_other_rules_and_an_empty_text_hits_nothing() -> None:
    assert await KeywordTests().run(KeywordTest((), "", of_set=(LAMP,))) == KeywordTestResult((), (LAMP,))


async def test_all_broken_rules_are_told_at_once() -> None:
    broken = KeywordRule("(", RuleType.REGEX, context_chars=-1)
    assert await refusal(KeywordTest((LAMP, broken), "\ud800", of_set=())) == [
        ("rules.1.pattern", None),
        ("rules.1.contextChars", "0..1000"),
        ("text", None),
    ]


@pytest.mark.parametrize("count", [0, 1001])
async def test_without_a_set_there_are_1_to_1000_rules(count: int) -> None:
    assert await refusal(KeywordTest((LAMP,) * count, "x")) == [("rules", "1..1000")]


async def test_the_text_is_limited_in_bytes() -> None:
    whole = "é" * (MAX_TEXT_BYTES // 2)
    found = await KeywordTests().run(KeywordTest((KeywordRule("é"),), whole))
    assert found.hits[0].count == MAX_TEXT_BYTES // 2
    assert await refusal(KeywordTest((LAMP,), whole + "x")) == [("text", "0..65536")]


async def test_what_takes_too_long_is_refused() -> None:
    test = KeywordTest((LAMP,), "lamp")
    assert await refusal(test, KeywordTests(seconds=-1)) == [("text", None)]


async def test_what_finds_nothing_takes_its_time_as_well() -> None:
    """Whole words are searched for wherever their letters are, here in vain."""
    test = KeywordTest((KeywordRule("lamp", is_whole_word=True),), "lamps")
    assert (await KeywordTests().run(test)).hits == ()
    assert await refusal(test, KeywordTests(seconds=-1)) == [("text", None)]


async def test_a_page_that_is_full_of_a_keyword_takes_no_longer_than_a_test_may() -> None:
    full = KeywordTest((KeywordRule("x"),), "", zones={Zone.BODY: "x" * 20_000_000})
    with pytest.raises(ValidationFailed) as refused:
        await KeywordTests(seconds=0.05, wait=20).run(full)
    # It has ended by itself: that nobody waits any longer is told in other words.
    (violation,) = refused.value.violations
    assert (violation.path, violation.message) == (("url",), "takes too long to search for all the rules")


async def test_one_that_nobody_waits_for_any_more_gives_the_thread_to_the_next() -> None:
    tests = KeywordTests(seconds=600, wait=20)
    zones = Noting({Zone.BODY: "x" * 20_000_000})
    running = asyncio.ensure_future(tests.run(KeywordTest((KeywordRule("x"),), "", zones=zones)))
    await until(lambda: zones.is_read)
    running.cancel()
    assert (await tests.run(KeywordTest((LAMP,), "lamp"))).hits[0].count == 1
    assert running.cancelled()


async def test_nobody_waits_for_ever_for_a_search_or_a_turn() -> None:
    text = "".join(Random(1).choices("ab", k=30_000))
    slow = KeywordTest((KeywordRule("a[ab]{999}c", RuleType.REGEX),), text)
    tests = KeywordTests(wait=0.01)
    both = await asyncio.gather(refusal(slow, tests), refusal(KeywordTest((LAMP,), "lamp"), tests))
    assert [*both] == [[("text", None)]] * 2


async def test_the_event_loop_does_not_wait_for_a_test() -> None:
    """A hundred rules that each read the text again for every hit take seconds; the loop turns all the while."""
    slow = tuple(KeywordRule(f"(?s)a.*z{number}|a", RuleType.REGEX) for number in range(100))
    running = asyncio.ensure_future(refusal(KeywordTest(slow, "a" * 30_000), KeywordTests(seconds=0.2)))
    turns = 0
    while not running.done():
        await asyncio.wait({running}, timeout=0.01)
        turns += 1
    assert await running == [("text", None)]
    assert turns > 5


async def test_one_that_is_cancelled_while_it_waits_gives_its_turn_to_the_next() -> None:
    tests = KeywordTests()
    slow = KeywordTest((KeywordRule("(?s)a.*z|a", RuleType.REGEX),), "a" * 20_000)
    first, second, third = (asyncio.ensure_future(tests.run(slow)) for _ in range(3))
    await asyncio.sleep(0)
    second.cancel()
    assert (await first).hits[0].count == 20_000
    assert (await third).hits[0].count == 20_000
    assert second.cancelled()
