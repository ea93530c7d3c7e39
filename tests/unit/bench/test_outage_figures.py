"""What the bench of outages makes of what it has seen: nothing late, cut or missing is left out of the table."""

from dataclasses import replace

import pytest
from aiohttp import ClientSession

from bench.deliveries import Delivery
from bench.history import Verdict
from bench.load import Tally
from bench.load_things import KEYWORD_SET, Thing
from bench.outages.asker import Asker
from bench.outages.figures import Found, figures
from bench.outages.scenes import Played, Scene
from bench.outages.watch import Watch
from bench.report import Figure
from tests.e2e.client import Client


async def nothing() -> None:
    """What begins and ends an outage here."""


SCENE = Scene("out", "It is out", 10, nothing, nothing)
CLEAN = Verdict("one", 3, 3, (), (), (), (), 0, 1)
COLOURS = [(90.0, True), (103.0, False), (110.4, True)]
IN_TIME = [
    Delivery(position, at, received)
    for position, (at, received) in enumerate([(99.0, 99.1), (99.9, 111.0), (105.0, 105.8), (112.0, 112.2)])
]


@pytest.fixture
async def watch() -> Watch:
    client = Client.__new__(Client)
    async with ClientSession() as http:
        made = Watch(http, [client, client])
    made._changes = [COLOURS, [(90.0, True), (101.0, False), (110.2, True)]]
    return made


def played(cut: int = 0, returned: float | None = 110.0) -> Played:
    return Played(SCENE, began=100.0, returned=returned, over=120.0, cut=cut)


async def rows(watch: Watch, found: Found) -> dict[str, Figure]:
    """The table by what is measured, without the name of the outage."""
    async with ClientSession() as http:
        asker = Asker(http, Client.__new__(Client), Thing(KEYWORD_SET, "x"), 1)
    told = figures(found, watch, Tally(), asker)
    return {figure.what.removeprefix("It is out (10 s): "): figure for figure in told}


async def test_what_is_in_order_is_met(watch: Watch) -> None:
    table = await rows(watch, Found(played=[played()], deliveries=IN_TIME, verdicts=[CLEAN]))
    assert table["until all processes are red"].value == "3.00 s"
    assert table["until all are green again"].value == "0.40 s"
    assert table["longest from commit to client meanwhile"].value == "11.10 s"
    assert table["longest from commit, or from its return, to client"].value == "1.00 s"
    assert [figure.what for figure in table.values() if figure.met is False] == []


async def test_what_is_not_in_order_is_missed(watch: Watch) -> None:
    late = [*IN_TIME, Delivery(9, 104.0, 112.5)]
    verdict = Verdict("one", 3, 2, (7,), (), (), (), 0, 2)
    found = Found([played(cut=1)], late, [verdict], lost=1, gave_up=1, wrong=["a complaint"])
    table = await rows(watch, found)
    assert [name for name, figure in table.items() if figure.met is False] == [
        "clients disconnected",
        "longest from commit, or from its return, to client",
        "missing / duplicated / reordered",
        "clients that gave up",
        "acknowledged changes that are not in the log",
        "complaints of processes, surprises of the load",
    ]


async def test_where_nothing_is_promised_after_the_return_it_is_measured_alone(watch: Watch) -> None:
    hung = replace(played(), scene=replace(SCENE, back_seconds=None))
    late = [*IN_TIME, Delivery(9, 104.0, 112.5)]
    table = await rows(watch, Found(played=[hung], deliveries=late, verdicts=[CLEAN]))
    after = table["longest from commit, or from its return, to client"]
    assert (after.value, after.goal, after.met) == ("2.50 s", "", None)


async def test_who_never_turned_red_has_not_noticed(watch: Watch) -> None:
    watch._changes[1] = [(90.0, True)]
    table = await rows(watch, Found(played=[played()], deliveries=IN_TIME, verdicts=[CLEAN]))
    red = table["until all processes are red"]
    assert (red.value, red.met) == ("never", False)


async def test_a_broker_that_never_returns_has_no_after(watch: Watch) -> None:
    table = await rows(watch, Found(played=[played(returned=None)], deliveries=IN_TIME, verdicts=[CLEAN]))
    assert "until all are green again" not in table
    assert table["longest from commit to client meanwhile"].value == "11.10 s"
