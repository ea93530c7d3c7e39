"""The history of a campaign on paper: each event once, in order, also of one that is gone."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Demo, Heliograph, answer


def test_from_page_to_page_and_after_its_deletion(
    asking: Heliograph, demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    generation = {**demo.draft["generation"], "characterSet": "abc", "prefixLength": 1, "count": "3"}
    Path("told.json").write_text(json.dumps({**demo.draft, "name": "Told", "generation": generation}))
    asking("campaign", "create", "told.json")
    asking("campaign", "start", "Told")
    assert asking("campaign", "watch", "Told").code == 0
    whole = asking("export", "Told", "--history")
    assert (whole.code, whole.err) == (0, "")
    events = [json.loads(line) for line in whole.out.splitlines()]
    kinds = [event["kind"] for event in events]
    assert kinds[0] == "CampaignCreated"
    assert {"CampaignProgress", "DomainsGenerated", "DomainsChanged", "PhaseCompleted"} < set(kinds)
    assert len({event["cursor"] for event in events}) == len(events)
    assert events[0]["data"]["name"] == "Told"
    assert events[0]["version"] == 1

    monkeypatch.setattr("cli.history_export.PAGE", 3)
    assert asking("export", "Told", "--history").out == whole.out
    assert (
        asking("export", "Told", "--history", "--output", "told").out
        == f"{len(events)} events are in told.\n"
    )
    assert Path("told").read_text() == whole.out

    ident = json.loads(asking("campaign", "show", "Told", "--json").out)["id"]
    answer(
        demo.url, demo.token, f'mutation {{ deleteCampaign(input: {{ id: "{ident}" }}) {{ __typename }} }}'
    )
    gone = asking("export", ident, "--history", "--output", "gone", "--json")
    assert json.loads(gone.out) == {"file": "gone", "events": len(events) + 1, "isWhole": True}
    assert Path("gone").read_text().startswith(whole.out)


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        ("export nobody --history --output out", 1, "no campaign with the id or name 'nobody'"),
        ("export x --history --format csv", 2, "--history is NDJSON of all events"),
        ("export x --history --rejection PARKED", 2, "--history is NDJSON of all events"),
    ],
)
def test_what_is_no_history_is_one_line(asking: Heliograph, arguments: str, code: int, reason: str) -> None:
    ended = asking(*arguments.split())
    assert (ended.code, ended.out, ended.err.count("\n")) == (code, "", 1)
    assert reason in ended.err
    assert not Path("out").exists()
