"""Large queries at once: others come through between them, and none of them takes what others need."""

import asyncio
import gc
from collections import Counter
from dataclasses import replace
from time import thread_time

import msgspec
import pytest

from core.limits import Limit, Limits
from graph import turns
from graph.admission import LARGE_PLACES, Admission
from graph.execution import GraphOperations
from tests.fakes.stage import Stage
from tests.unit.graph.test_execution import in_use
from vocabulary.operations import Request

ADD = 'mutation ($name: String!) { createKeywordSet(input: {name: $name, rules: [{pattern: "x"}]}) { __typename } }'
PAGES = 25
PAGE = "keywordSets(first: 100) { edges { cursor node { name owner { name } ruleCount } } }"
LARGE = "{" + " ".join(f"a{number}: {PAGE}" for number in range(PAGES)) + "}"
SMALL = "{ personas(first: 1) { totalCount } }"
AT_ONCE = 12


@pytest.fixture
async def full(stage: Stage) -> Stage:
    for number in range(20):
        await stage.execute(stage.house.alice, ADD, name=f"set {number}")
    return stage


async def test_they_leave_connections_to_others(full: Stage) -> None:
    """Each holds one until it is told; with all of them taken a healthy database did not answer anybody."""
    taken, alice = list[int](), full.house.alice
    large = [asyncio.ensure_future(full.execute(alice, LARGE)) for _ in range(AT_ONCE)]
    while not all(each.done() for each in large):
        await asyncio.sleep(0)
        taken.append(in_use(full.engines))
    assert max(taken) == LARGE_PLACES
    results = [each.result() for each in large]
    assert [result.get("errors") for result in results] == [None] * AT_ONCE
    assert in_use(full.engines) == 0


async def test_a_small_one_is_answered_before_those_that_came_before_it(full: Stage) -> None:
    alice = full.house.alice
    large = [asyncio.ensure_future(full.execute(alice, LARGE)) for _ in range(AT_ONCE)]
    await asyncio.sleep(0)
    assert (await full.execute(alice, SMALL))["data"] == {"personas": {"totalCount": "0"}}
    assert sum(each.done() for each in large) < AT_ONCE
    await asyncio.gather(*large)


async def test_no_round_of_the_loop_has_much_of_them(full: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told in the time of the processor, of which nobody else on the machine has any."""
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.001)
    alice, rounds = full.house.alice, list[float]()
    await full.execute(alice, LARGE)
    gc.collect()
    gc.disable()
    try:
        large = [asyncio.ensure_future(full.execute(alice, LARGE)) for _ in range(AT_ONCE)]
        while not all(each.done() for each in large):
            begun_at = thread_time()
            await asyncio.sleep(0)
            rounds.append(thread_time() - begun_at)
    finally:
        gc.enable()
    of_one = sum(rounds) / AT_ONCE
    assert max(rounds) < of_one / 2


async def test_one_waits_no_longer_than_it_may_take(full: Stage) -> None:
    passed, admission = Counter[Limit](), Admission(places=0)
    services = replace(full.services, limits=Limits(query_seconds=0.05))
    operations = GraphOperations(services, full.engines, full.hub, passed, admission=admission)
    request = Request(SMALL)
    result = await operations.execute(operations.prepare(request), request, full.house.alice)
    (error,) = msgspec.json.decode(result)["errors"]
    assert error["extensions"] == {"code": "LIMIT_EXCEEDED", "limit": 0.05, "limitName": "querySeconds"}
    assert passed == {Limit.QUERY_SECONDS: 1}
    assert repr(admission) == "<Admission, 0 inside, 0 waiting>"


async def test_whoever_changes_something_does_not_wait_for_them(full: Stage) -> None:
    operations = GraphOperations(full.services, full.engines, full.hub, admission=Admission(places=0))
    request = Request(ADD, variables={"name": "another"})
    result = await operations.execute(operations.prepare(request), request, full.house.alice)
    assert msgspec.json.decode(result)["data"]["createKeywordSet"]["__typename"] == "CreateKeywordSetPayload"
