"""What equal subscriptions have in common is made once, and gone with the last of them."""

import gc
import tracemalloc
import weakref

from graph.followed import Followed
from tests.fakes.stage import Stage

ACTIVITY = "subscription { activity { __typename ... on StreamEvent { cursor } } }"
LISTED = """subscription ($rate: Float, $mode: CampaignMode) {
  campaignList(maxRate: $rate, filter: {mode: $mode}) { __typename }
}"""
FURTHER = 100
MOST_BYTES = 600


async def test_a_further_subscription_of_a_group_keeps_little(stage: Stage) -> None:
    first = await stage.subscribe(stage.house.alice, ACTIVITY)
    await stage.subscribe(stage.house.alice, ACTIVITY)
    gc.collect()
    tracemalloc.start()
    try:
        kept: list[Followed] = [await stage.subscribe(stage.house.alice, ACTIVITY) for _ in range(FURTHER)]
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < FURTHER * MOST_BYTES
    finally:
        tracemalloc.stop()
    assert {each._shared for each in kept} == {first._shared}


async def test_nothing_is_kept_when_the_last_is_gone(stage: Stage) -> None:
    first = await stage.subscribe(stage.house.alice, ACTIVITY)
    second = await stage.subscribe(stage.house.alice, ACTIVITY)
    shared = weakref.ref(first._shared)
    del first
    gc.collect()
    assert shared() is second._shared
    del second
    gc.collect()
    assert shared() is None


async def test_it_is_what_the_schema_reads_that_counts(stage: Stage) -> None:
    """However a value is written, and none of what others may see."""
    alice = stage.house.alice
    keys = [
        (await stage.subscribe(caller, LISTED, **variables)).key
        for caller, variables in (
            (alice, {"rate": 1}),
            (alice, {"rate": 1.0, "unused": 3}),
            (alice, {"rate": 2}),
            (alice, {"rate": 1, "mode": "FULL_SEQUENCE"}),
            (stage.house.admin, {"rate": 1}),
        )
    ]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 4


async def test_a_list_is_a_set(stage: Stage) -> None:
    """A client has one group of them, however many orders there are."""
    query = "subscription ($kinds: [ResourceKind!]!) { resourceEvents(kinds: $kinds) { __typename } }"
    keys = [
        (await stage.subscribe(stage.house.alice, query, kinds=kinds)).key
        for kinds in (
            ["PERSONA", "PROXY_POOL"],
            ["PROXY_POOL", "PERSONA"],
            ["PERSONA", "PERSONA", "PROXY_POOL", "PERSONA"],
            ["PERSONA"],
        )
    ]
    assert keys[0] == keys[1] == keys[2]
    assert len(set(keys)) == 2
