"""The unions of the schema, the catalog and the emitters are one and the same list."""

from pathlib import Path
from typing import get_args

import pytest
from graphql import GraphQLEnumType, build_schema

from events import catalog
from events.catalog import EVENT_TYPES
from tests.architecture import house
from tools import emitters
from tools.emitters import Untraceable
from tools.events_page import BATCHED, UNIONS, streams, union

SCHEMA = build_schema((house.ROOT / "schema.graphql").read_text())


def members(name: str) -> set[str]:
    return {member.name for member in union(SCHEMA, name).types}


def names(kind: object) -> set[str]:
    return {one.__name__ for one in get_args(kind)}


def test_a_union_is_its_part_of_the_catalog_with_a_snapshot_and_the_reset() -> None:
    assert members("CampaignEvent") == names(catalog.CampaignEvent) | {"CampaignSnapshot", "StreamReset"}
    assert members("ProxyEvent") == names(catalog.ProxyEvent) | {"ProxySnapshot", "StreamReset"}
    assert members("BulkOperationEvent") == names(catalog.BulkEvent) | {
        "BulkOperationSnapshot",
        "StreamReset",
    }
    # Settings are a resource for those who follow them; in the catalog their event is one of access.
    assert members("ResourceEvent") == names(catalog.ResourceEvent) | {
        "SettingsChanged",
        "ResourceSnapshot",
        "StreamReset",
    }


def test_a_stream_whose_frames_are_made_of_several_types_of_events_opens_and_resets_like_any() -> None:
    made = {"ActivityEvent", "CampaignListEvent", "DomainEvent"}
    told = {"CampaignEvent", "ProxyEvent", "BulkOperationEvent", "ResourceEvent"}
    assert set(UNIONS.values()) == made | told
    for name in UNIONS.values():
        assert {f"{name.removesuffix('Event')}Snapshot", "StreamReset"} <= members(name)
    assert members("BulkOperationEvent") == names(catalog.BulkEvent) | {
        "BulkOperationSnapshot",
        "StreamReset",
    }
    assert members("StreamSnapshot") == {f"{name.removesuffix('Event')}Snapshot" for name in UNIONS.values()}


def test_the_kinds_of_activity_are_the_types_of_the_feed() -> None:
    kinds = SCHEMA.type_map["ActivityKind"]
    assert isinstance(kinds, GraphQLEnumType)
    spelled = {"".join(part.title() for part in value.split("_")) for value in kinds.values}
    assert spelled == {kind.__name__ for kind in EVENT_TYPES if kind.FEED}


def test_what_is_not_in_the_feed_is_in_a_stream() -> None:
    quiet = {kind.__name__ for kind in EVENT_TYPES if not kind.FEED}
    # The two of domains are told together, as the batches of `domainEvents`.
    batched = names(catalog.DomainEvent)
    assert set(BATCHED) == batched
    assert quiet == {"CampaignProgress", "ProxyStatsChanged", "BulkOperationProgress"} | batched
    assert quiet - batched <= members("CampaignEvent") | members("ProxyEvent") | members("BulkOperationEvent")


def test_every_type_arrives_in_a_stream_as_a_frame_of_its() -> None:
    for kind in EVENT_TYPES:
        found = streams(kind, SCHEMA)
        assert found, f"nobody hears of {kind.__name__}"
        for field, frame in found.items():
            assert frame in members(UNIONS[field])


def test_every_type_has_an_emitter() -> None:
    assert set(emitters.emitters()) == emitters.NAMES


def test_only_services_record() -> None:
    importers = {
        path.parts[0]
        for path in house.files(".py")
        if path.parts[0] in house.rooms() and "events.outbox.record" in house.imports(path)
    }
    assert importers == {"services"}


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of the project's, with an empty services/."""
    monkeypatch.setattr(emitters, "ROOT", tmp_path)
    (tmp_path / "services").mkdir()
    return tmp_path / "services"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("def verb(u):\n    record(u, PhaseStarted(x=1))", {"PhaseStarted": "verb"}),
        ("async def verb(u):\n    e = ProxyAdded()\n    record(u, e)", {"ProxyAdded": "verb"}),
        (
            "def tell(u, kind):\n    record(u, kind(x=1))\ndef verb(u):\n    tell(u, PhasePaused)",
            {"PhasePaused": "verb"},
        ),
        (
            "def made() -> CampaignProgress:\n    ...\ndef verb(u):\n    record(u, made())",
            {"CampaignProgress": "verb"},
        ),
        ("def verb(course):\n    course.record(PhaseReset(x=1))", {"PhaseReset": "verb"}),
        (
            "def record(self, event):\n    record(self.unit, event)\n"
            "def tell(self, kind):\n    self.record(kind(x=1))\ndef verb(course):\n    course.tell(PhasePaused)",
            {"PhasePaused": "verb"},
        ),
        ("def verb(u):\n    PhaseStarted(x=1)", {}),
        ("def tell(u, kind):\n    record(u, kind())", {}),
    ],
)
def test_an_emitter_is_whoever_hands_a_type_to_record(
    services: Path, body: str, found: dict[str, str]
) -> None:
    (services / "verbs.py").write_text(body)
    assert emitters.emitters() == {name: (f"services/verbs.py: {place}",) for name, place in found.items()}


@pytest.mark.parametrize(
    "body",
    ["def verb(u, event):\n    record(u, event)", "def verb(u):\n    record(u, [PhaseStarted()][0])",
     "def verb(u):\n    record(u, somewhere())"],
)  # fmt: skip
def test_an_event_from_nowhere_is_an_error(services: Path, body: str) -> None:
    (services / "verbs.py").write_text(body)
    with pytest.raises(Untraceable):
        emitters.emitters()
