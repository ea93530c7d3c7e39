"""What is made of the records and the metrics of a rolling restart."""

from uuid import UUID

import pytest

from bench.history import Logged, Received
from bench.load import Tally
from bench.rolling.figures import STATEMENTS, Found, Storm, figures, hole, totals
from events import cursor

INCARNATION = "0123456789ab"


def frame(connection: int, position: int, at: float) -> Received:
    return Received("ws 0", connection, cursor.encode(INCARNATION, position, 1), "CampaignUpdated", at=at)


def row(position: int, at: float) -> Logged:
    return Logged(position, "CampaignUpdated", UUID(int=1), UUID(int=1), "Campaign", True, None, at)


def test_a_hole_is_from_commit_to_frame_and_leaves_out_what_a_client_begins_with() -> None:
    log = [row(1, 0.0), row(2, 10.5), row(3, 11.0)]
    assert hole(log, [frame(1, 1, 10.0), frame(1, 2, 11.0), frame(2, 3, 14.5)]) == pytest.approx(3.5)
    assert hole(log, [frame(1, 1, 10.0)]) == 0.0
    assert hole(log, []) == 0.0


def test_statements_beyond_the_load_are_told_per_client_that_came_back() -> None:
    counts = {
        STATEMENTS: 1500.0,
        "heliograph_log_pages_read_behind_total": 1.0,
        "heliograph_stream_resets_total": 1.0,
        "heliograph_replays_total": 2.0,
    }
    found = Found(streams=2, storms=[Storm(counts, 10.0, came_back=50, usual=100.0)], holes=[1.0])
    table = {figure.what.partition(" (")[0]: figure for figure in figures(found, Tally())}
    beyond = table["restart 1: all database statements beyond those of the load"]
    assert beyond.value.startswith("10.0 (500 for 50 that came back")
    reads = table["restart 1: reads of the database for those who resumed"]
    assert (reads.value, reads.met) == ("1.00 (2 for 2 streams)", True)


def test_series_are_added_up_over_their_labels() -> None:
    text = (
        "# HELP heliograph_replays_total Pages\n"
        'heliograph_replays_total{field="activity"} 2.0\n'
        'heliograph_replays_total{field="campaignEvents"} 3.0\n'
        "heliograph_log_pages_read_behind_total 1e+03\n"
        "process_open_fds 12.0\n"
    )
    assert totals(text) == {"heliograph_replays_total": 5.0, "heliograph_log_pages_read_behind_total": 1000.0}
