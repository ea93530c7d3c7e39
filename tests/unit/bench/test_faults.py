"""The schedule of faults is a function of its seed, and everything in it can happen."""

from collections import Counter
from uuid import UUID

from bench.faults.audience import QUERIES, Cast, clients, streams
from bench.faults.figures import Figures, latencies
from bench.faults.happening import DOINGS
from bench.faults.schedule import CLIENTS, POSTGRES, PROCESSES, SQLITE, schedule
from bench.history import Logged, Received, Verdict
from bench.load_things import CAMPAIGN, KEYWORD_SET, Thing
from bench.load_writer import event_of
from events import cursor
from graph import node_ids
from tests.e2e.campaigns import Draft

KEY = UUID(int=7)
CAMPAIGN_ID = node_ids.encode("Campaign", KEY)


def test_a_seed_gives_the_same_faults_each_time_and_another_seed_others() -> None:
    one = schedule(1, 300, POSTGRES)
    assert one == schedule(1, 300, POSTGRES)
    assert [fault.kind for fault in one] != [fault.kind for fault in schedule(2, 300, POSTGRES)]
    assert one[3].dice.random() == schedule(1, 300, POSTGRES)[3].dice.random()


def test_there_is_one_at_each_beat_and_time_to_heal_behind_the_last() -> None:
    assert [fault.at for fault in schedule(1, 60, SQLITE)] == [5.0 * beat for beat in range(1, 12)]
    assert [fault.at for fault in schedule(1, 8, SQLITE, every=2)] == [2, 4, 6]


def test_every_kind_comes_before_any_comes_again() -> None:
    faults = schedule(5, 5.0 * (2 * len(POSTGRES) + 1), POSTGRES)
    names = sorted(kind.name for kind in POSTGRES)
    assert sorted(fault.kind for fault in faults[: len(POSTGRES)]) == names
    assert sorted(fault.kind for fault in faults[len(POSTGRES) :]) == names


def test_each_fault_is_of_its_kind() -> None:
    for kinds in (POSTGRES, SQLITE):
        for kind in kinds:
            assert kind.name in DOINGS
            (fault,) = schedule(3, 10, [kind])
            assert fault.target in kind.targets
            assert kind.shortest <= fault.seconds <= kind.longest
            assert kind.name in str(fault)


def test_what_is_hit_is_there() -> None:
    known = {*PROCESSES, *CLIENTS, "redis", "postgres", "serve", ""}
    assert {target for kinds in (POSTGRES, SQLITE) for kind in kinds for target in kind.targets} == known


def test_clients_are_spread_over_streams_and_both_addresses() -> None:
    followed = streams(Cast([Thing(CAMPAIGN, CAMPAIGN_ID)], [Draft(CAMPAIGN_ID, "")]))
    tasks = clients(followed, ["http://one", "http://other"], 40, 10)
    assert [task.kind for task in tasks] == ["ws"] * 40 + ["sse"] * 10
    assert len({task.name for task in tasks}) == 50
    assert {task.url for task in tasks} == {"http://one/graphql", "http://other/graphql"}
    assert {task.query for task in tasks} == set(QUERIES.values())
    followers = Counter(task.name.partition(": ")[2] for task in clients(followed, ["http://one"], 100, 0))
    assert 0 < 2 * followers["everything"] < followers["keywords"]
    assert {task.stream for task in tasks} == {stream.concerns for stream in followed}


def test_a_seed_is_good_if_everybody_had_everything_once() -> None:
    clean = Verdict("a", 5, 5, (), (), (), (), 0, 1)
    figures = Figures(1)
    figures.judged([clean, clean])
    assert figures.good
    assert figures.deliveries == 10
    for wrong in (
        Verdict("b", 5, 4, (3,), (), (), (), 0, 1),
        Verdict("b", 5, 6, (), (3,), (), (), 0, 1),
        Verdict("b", 5, 5, (), (), (3,), (), 0, 1),
        Verdict("b", 5, 5, (), (), (), (), 1, 1),
        Verdict("b", 5, 5, (), (), (), (), 0, 1, begun=False),
    ):
        figures = Figures(1)
        figures.judged([clean, wrong])
        assert not figures.good
        assert figures.wrong == [str(wrong)]
    assert not Figures(1, gave_up=1).good
    assert not Figures(1, lost_acknowledged=1).good


def test_lateness_is_counted_from_the_commit_and_not_for_snapshots() -> None:
    log = [Logged(place, "CampaignUpdated", KEY, KEY, "CAMPAIGN", True, None, at=10.0) for place in (1, 2)]
    frames = [
        Received("a", 1, cursor.encode("ab" * 6, 1, 0), "ActivitySnapshot", at=99.0),
        Received("a", 1, cursor.encode("ab" * 6, 2, 0), "ActivityAdded", at=10.5),
    ]
    found = latencies(log, iter([frames, []]))
    assert (found.half, found.longest) == (0.5, 0.5)
    assert latencies(log, iter([])).longest == 0.0


def test_the_writer_tells_of_what_it_is_about() -> None:
    event = event_of(Thing(CAMPAIGN, CAMPAIGN_ID))(4)
    assert (event.campaign_id_or_none, event.summary()) == (KEY, "Campaign “Load 4” was changed: name")
    assert event_of(Thing(KEYWORD_SET, node_ids.encode("KeywordSet", KEY)))(1).entity_id == KEY
