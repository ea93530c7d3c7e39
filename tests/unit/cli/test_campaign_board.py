"""What a watcher sees is what the frames said, and nothing else."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from cli.campaign_board import Board, PhaseLine
from cli.campaign_screen import drawn


def counts(total: int, processed: int, succeeded: int) -> dict[str, Any]:
    """Counts as the API gives them."""
    failed = processed - succeeded
    numbers = {"total": total, "processed": processed, "succeeded": succeeded, "failed": failed}
    return {name: str(number) for name, number in numbers.items()}


CAMPAIGN = {
    "name": "Solar",
    "status": "RUNNING",
    "phases": [
        {
            "kind": "DOMAIN_GENERATION",
            "status": "COMPLETED",
            "ratePerMinute": 2400.0,
            "error": None,
            "counts": counts(1200, 1200, 1200),
        },
        {
            "kind": "DNS_VALIDATION",
            "status": "IN_PROGRESS",
            "ratePerMinute": 120.4,
            "error": None,
            "counts": counts(1200, 300, 200),
        },
    ],
}
SNAPSHOT = {"__typename": "CampaignSnapshot", "campaign": CAMPAIGN}


@pytest.fixture
def board() -> Board:
    board = Board()
    board.apply(SNAPSHOT)
    return board


def moved(kind: str, **more: Any) -> dict[str, Any]:
    return {"__typename": kind, "phase": "DNS_VALIDATION", "counts": counts(1200, 600, 450), **more}


def test_a_snapshot_is_all_there_is(board: Board) -> None:
    assert board == Board(
        "Solar",
        "RUNNING",
        phases={
            "DOMAIN_GENERATION": PhaseLine("COMPLETED", 1200, 1200, 1200, rate=2400.0),
            "DNS_VALIDATION": PhaseLine("IN_PROGRESS", 1200, 300, 200, rate=120.4),
        },
    )


def test_a_reset_begins_anew(board: Board) -> None:
    other = Board()
    other.apply({"__typename": "StreamReset", "reason": "RETENTION", "snapshot": SNAPSHOT})
    assert other == board


def test_progress_moves_a_phase_and_no_status(board: Board) -> None:
    board.apply(moved("CampaignProgress", ratePerMinute=90.0))
    assert board.phases["DNS_VALIDATION"] == PhaseLine("IN_PROGRESS", 1200, 600, 450, rate=90.0)
    assert board.status == "RUNNING"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("PhaseConfigured", "CONFIGURED"),
        ("PhaseSkipped", "SKIPPED"),
        ("PhasePaused", "PAUSED"),
        ("PhaseResumed", "IN_PROGRESS"),
        ("PhaseCompleted", "COMPLETED"),
        ("PhaseCancelled", "CANCELLED"),
    ],
)
def test_an_event_of_a_phase_gives_it_its_status(board: Board, kind: str, status: str) -> None:
    board.apply(moved(kind))
    assert board.phases["DNS_VALIDATION"] == PhaseLine(status, 1200, 600, 450, rate=120.4)


@pytest.mark.parametrize(
    ("kind", "status"),
    [("PhaseStarted", "IN_PROGRESS"), ("PhaseAutoStarted", "IN_PROGRESS"), ("PhaseReset", "CONFIGURED")],
)
def test_a_phase_that_begins_anew_has_no_pace_yet(board: Board, kind: str, status: str) -> None:
    board.apply(moved(kind))
    assert board.phases["DNS_VALIDATION"] == PhaseLine(status, 1200, 600, 450)


def test_progress_moves_all_phases_that_run(board: Board) -> None:
    """What one decides changes what the others may still have."""
    http = {"phase": "HTTP_KEYWORD_VALIDATION", "counts": counts(400, 100, 90)}
    board.apply({"__typename": "PhaseAutoStarted", **http})
    running = [{"phase": "DNS_VALIDATION", "counts": counts(1200, 700, 500)}, http]
    board.apply({"__typename": "CampaignProgress", **http, "ratePerMinute": 40.0, "running": running})
    assert board.phases["DNS_VALIDATION"] == PhaseLine("IN_PROGRESS", 1200, 700, 500, rate=120.4)
    assert board.phases["HTTP_KEYWORD_VALIDATION"] == PhaseLine("IN_PROGRESS", 400, 100, 90, rate=40.0)
    assert [("/min" in line) for line in shown(board)] == [False, False, True, True]


def test_a_board_that_waits_says_for_what(board: Board) -> None:
    board.apply({"__typename": "CampaignStatusChanged", "previous": "RUNNING", "current": "WAITING"})
    assert shown(board)[-1] == "The next phase waits for somebody to start it: heliograph campaign start"


def test_a_failed_phase_says_why(board: Board) -> None:
    board.apply(moved("PhaseFailed", code="NO_PERSONA", message="None is enabled."))
    assert board.phases["DNS_VALIDATION"].error == "NO_PERSONA: None is enabled."


@pytest.mark.parametrize(
    ("status", "ended"),
    [
        ("WAITING", False),
        ("PAUSED", False),
        ("COMPLETED", True),
        ("FAILED", True),
        ("CANCELLED", True),
        ("ARCHIVED", True),
    ],
)
def test_only_an_end_is_an_end(board: Board, status: str, *, ended: bool) -> None:
    board.apply({"__typename": "CampaignStatusChanged", "previous": "RUNNING", "current": status})
    assert (board.status, board.has_ended) == (status, ended)


def test_a_deleted_campaign_has_ended(board: Board) -> None:
    board.apply({"__typename": "CampaignDeleted", "name": "Solar"})
    assert board.has_ended


def test_a_frame_that_is_not_known_changes_nothing(board: Board) -> None:
    board.apply({"__typename": "CampaignPainted", "cursor": "x"})
    other = Board()
    other.apply(SNAPSHOT)
    assert board == other


def shown(board: Board, *, is_away: bool = False, width: int = 90) -> list[str]:
    console = Console(file=StringIO(), width=width, color_system=None)
    with console.capture() as captured:
        console.print(drawn(board, is_away=is_away))
    return [line.rstrip() for line in captured.get().splitlines()]


def test_a_board_is_a_bar_for_each_phase(board: Board) -> None:
    title, generation, dns = shown(board)
    assert title == "Solar  RUNNING"
    assert generation.split("━")[0].strip() == "Domain generation"
    assert generation.split("━")[-1].split() == [
        "100.0",
        "%",
        "1,200",
        "of",
        "1,200",
        "1,200",
        "good",
        "completed",
    ]
    assert dns.split("━")[0].strip() == "DNS"
    assert dns.endswith(" 25.0 %    300 of 1,200    200 good    120/min")


def test_every_line_fits_a_terminal_of_eighty_columns(board: Board) -> None:
    board.phases["HTTP_KEYWORD_VALIDATION"] = PhaseLine("IN_PROGRESS", 99_999, 12_345, 9_999, rate=1234)
    lines = shown(board, width=80)
    assert len(lines) == 4
    assert all("━" in line for line in lines[1:])


def test_a_board_says_that_the_server_is_away(board: Board) -> None:
    assert shown(board, is_away=True)[-1].startswith("The server is away;")


def test_a_name_cannot_move_the_cursor_of_a_terminal() -> None:
    assert shown(Board(name="a\x1b[2Jb"))[0] == "a\N{REPLACEMENT CHARACTER}[2Jb  DRAFT"
