"""What rows frames become, what a line of NDJSON has, and in which colours."""

from functools import cache
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLSchema, build_schema, is_union_type, parse, validate

from cli.tail.printer import drawn, style_of, told
from cli.tail.rows import SHOWN, Row, rows
from cli.tail.streams import DOMAIN_KINDS, RESOURCE_KINDS, STREAMS
from tests.unit.cli.conftest import ROOT

AT = "2026-11-26T07:21:33.838191Z"
ACTIVITY = {
    "kind": "PHASE_FAILED",
    "at": AT,
    "entityType": "CAMPAIGN",
    "summary": "It failed",
    "actor": {"name": "ada"},
    "campaign": {"name": "Wind"},
}
COUNTS = {"processed": "1234", "total": "5000"}
CAMPAIGN = {"name": "Wind", "status": "RUNNING", "percent": 12.5, "ratePerMinute": 1500.0}
PROXY = {
    "name": "p",
    "enabled": False,
    "health": "UNHEALTHY",
    "address": "http://h:1",
    "lastError": "refused",
}  # fmt: skip
DOMAIN = {
    "name": "a.test",
    "dnsStatus": "OK",
    "httpStatus": "ERROR",
    "score": 0.5,
    "rejection": "PARKED",
}  # fmt: skip
OPERATION = {
    "kind": "TEST_PROXIES",
    "status": "RUNNING",
    "done": 3,
    "total": 1000,
    "failed": 1,
    "error": None,
}  # fmt: skip


def frame(kind: str, /, **fields: Any) -> dict[str, Any]:
    return {"__typename": kind, "cursor": "c", "at": AT, **fields}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            frame("ActivityAdded", activity=ACTIVITY),
            [Row(AT, "PHASE_FAILED", "Wind", "It failed (ada)")],
        ),
        (
            frame("ActivityAdded", activity={**ACTIVITY, "campaign": None, "entityType": "KEYWORD_SET"}),
            [Row(AT, "PHASE_FAILED", "keyword set", "It failed (ada)")],
        ),
        (
            frame("PhaseFailed", campaignId="x", phase="ANALYSIS", percent=24.68, counts=COUNTS, message="No"),
            [Row(AT, "PhaseFailed", "ANALYSIS", "24.7 %, 1,234 of 5,000, No")],
        ),
        (
            frame("CampaignStatusChanged", campaignId="x", previous="DRAFT", current="RUNNING"),
            [Row(AT, "CampaignStatusChanged", "x", "DRAFT → RUNNING")],
        ),
        (
            frame("ModeChanged", campaignId="x", previousMode="STEP", currentMode="FULL"),
            [Row(AT, "ModeChanged", "x", "STEP → FULL")],
        ),
        (
            frame("CampaignChanged", campaign=CAMPAIGN, skipped=2),
            [Row(AT, "CampaignChanged", "Wind", "RUNNING, 12.5 %, 1,500/min, 2 skipped")],
        ),
        (
            frame("ProxyHealthChanged", proxy=PROXY, previous="HEALTHY"),
            [Row(AT, "ProxyHealthChanged", "p", "UNHEALTHY, disabled, http://h:1, refused, was HEALTHY")],
        ),
        (
            frame(
                "ProxyTestFinished",
                proxy={**PROXY, "enabled": True, "lastError": None, "health": "HEALTHY"},
                result={"success": True, "returnedIp": "192.0.2.1", "durationMs": 7},
            ),
            [Row(AT, "ProxyTestFinished", "p", "HEALTHY, http://h:1, seen from 192.0.2.1, 7 ms")],
        ),
        (
            frame("KeywordSetUpdated", name="Sun", changed=["rules", "enabled"]),
            [Row(AT, "KeywordSetUpdated", "Sun", "changed: rules, enabled")],
        ),
        (
            frame("SettingsChanged", changes=[{"name": "shardAttempts", "before": "3", "after": "5"}]),
            [Row(AT, "SettingsChanged", "", "shardAttempts: 3 → 5")],
        ),
        (
            frame("BulkOperationProgress", operation=OPERATION),
            [Row(AT, "BulkOperationProgress", "TEST_PROXIES", "RUNNING, 3 of 1,000, 1 failed")],
        ),
        (
            frame(
                "DomainEventBatch", kind="FETCHED", generated=[{"name": "b.test"}], changed=[DOMAIN], omitted="1200"
            ),
            [
                Row(AT, "FETCHED", "b.test"),
                Row(AT, "FETCHED", "a.test", "DNS OK, HTTP ERROR, score 0.50, PARKED"),
                Row(AT, "MORE", "1,200 more"),
            ],
        ),
        (frame("OfALaterVersion", moon="full"), [Row(AT, "OfALaterVersion", "", "")]),
    ],
    ids=lambda given: given["__typename"] if isinstance(given, dict) else "",
)  # fmt: skip
def test_a_frame_is_a_row_for_each_thing(given: dict[str, Any], expected: list[Row]) -> None:
    assert list(rows(given)) == expected


def test_a_snapshot_of_the_feed_ends_with_the_newest() -> None:
    activities = [{**ACTIVITY, "summary": str(number)} for number in range(SHOWN + 5)]
    drawn_rows = list(rows({"__typename": "ActivitySnapshot", "cursor": "c", "activities": activities}))
    assert len(drawn_rows) == SHOWN
    assert (drawn_rows[0].told, drawn_rows[-1].told) == (f"{SHOWN - 1} (ada)", "0 (ada)")


def test_a_large_snapshot_says_how_much_is_not_shown() -> None:
    snapshot = {
        "__typename": "CampaignListSnapshot",
        "cursor": "c",
        "campaigns": [CAMPAIGN] * 30,
        "omitted": "1000",
    }
    shown = list(rows(snapshot))
    assert len(shown) == SHOWN + 1
    assert shown[0] == Row(None, "SNAPSHOT", "Wind", "RUNNING, 12.5 %, 1,500/min")
    assert shown[-1] == Row(None, "MORE", "1,010 more")


def test_a_snapshot_of_resources_has_all_kinds_and_only_changed_settings() -> None:
    snapshot = {
        "__typename": "ResourceSnapshot",
        "cursor": "c",
        "personas": [{"name": "Fetcher", "type": "HTTP", "enabled": True}],
        "keywordSets": None,
        "proxyPools": [{"name": "Fast", "enabled": False}],
        "scoringProfiles": [{"name": "Strict", "version": 3}],
        "settings": [
            {"name": "shardAttempts", "value": "5", "isChanged": True},
            {"name": "probeUrl", "value": "http://x", "isChanged": False},
        ],
        "omitted": "0",
    }
    assert [(row.what, row.told) for row in rows(snapshot)] == [
        ("Fetcher", "persona, HTTP"),
        ("Fast", "pool, disabled"),
        ("Strict", "scoring profile, version 3"),
        ("shardAttempts", "5"),
    ]
    nothing = {"__typename": "ProxySnapshot", "cursor": "c", "proxies": []}
    assert list(rows(nothing)) == [Row(None, "SNAPSHOT", "", "nothing there yet")]


@pytest.mark.parametrize(
    ("reason", "words"),
    [("LOG_REPLACED", "is not the one"), ("RETENTION", "no longer holds"), ("NEW", "begins anew")],
)
def test_a_reset_says_why_and_then_what_there_is(reason: str, words: str) -> None:
    snapshot = {"__typename": "CampaignSnapshot", "campaign": CAMPAIGN}
    reset, state = rows({"__typename": "StreamReset", "cursor": "c", "reason": reason, "snapshot": snapshot})
    assert (reset.kind, reset.what) == ("RESET", reason)
    assert words in reset.told
    assert (state.kind, state.what) == ("SNAPSHOT", "Wind")


def test_what_a_server_says_cannot_move_the_cursor_of_a_terminal() -> None:
    evil = "\x1b[2J\x9b1m\r\nx"
    text = drawn(Row(AT, evil, evil, evil)).plain
    assert text.isprintable()
    assert text.startswith("11-26 07:21:33 ")


@pytest.mark.parametrize(
    ("kind", "style"),
    [
        ("PHASE_FAILED", "red"),
        ("PhaseFailed", "red"),
        ("CampaignProgress", "dim"),
        ("KEYWORD_SET_CREATED", "green"),
        ("RESET", "bold yellow"),
        ("FETCHED", ""),
    ],
)
def test_kinds_have_colours_in_both_spellings(kind: str, style: str) -> None:
    assert style_of(kind) == style


@pytest.mark.parametrize(
    ("kind", "sort"),
    [("ActivityAdded", "event"), ("ActivitySnapshot", "snapshot"), ("StreamReset", "reset")],
)
def test_a_line_marks_what_is_no_event(kind: str, sort: str) -> None:
    given = {"__typename": kind, "cursor": "c", "x": 1}
    assert told(given) == {"cursor": "c", "frame": sort, "type": kind, "at": None, "data": {"x": 1}}


@cache
def schema_of_clients() -> GraphQLSchema:
    return build_schema((ROOT / "schema.graphql").read_text())


def test_all_streams_of_the_schema_can_be_followed() -> None:
    schema = schema_of_clients()
    assert schema.subscription_type is not None
    documents = [stream.document for stream in STREAMS.values()]
    assert [validate(schema, parse(document)) for document in documents] == [[]] * len(documents)
    for field in schema.subscription_type.fields:
        assert [f"  {field}(" in document for document in documents].count(True) == 1, field


@pytest.mark.parametrize(
    ("name", "values"), [("DomainEventKind", DOMAIN_KINDS), ("ResourceKind", RESOURCE_KINDS)]
)
def test_the_kinds_that_a_flag_takes_are_those_of_the_schema(name: str, values: tuple[str, ...]) -> None:
    kind = schema_of_clients().type_map[name]
    assert isinstance(kind, GraphQLEnumType)
    assert tuple(kind.values) == values


def test_every_frame_of_every_stream_tells_more_than_its_name() -> None:
    """Whatever a union of the schema has is selected by the subscription: a new member is not forgotten."""
    schema = schema_of_clients()
    assert schema.subscription_type is not None
    for name, field in schema.subscription_type.fields.items():
        union = schema.type_map[str(field.type).strip("!")]
        assert is_union_type(union)
        (text,) = [each.document for each in STREAMS.values() if f"  {name}(" in each.document]
        for member in union.types:
            own = {member.name, *(each.name for each in member.interfaces)} - {"StreamEvent", "Happening"}
            assert any(f"... on {each} " in text for each in own), (name, member.name)
