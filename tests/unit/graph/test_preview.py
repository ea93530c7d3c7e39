"""The preview of a generation over the schema: its shape, its refusals, its scope and its statements."""

from typing import Any

import pytest

from db.models import CampaignRow, GenerationConfigRow, GenerationRangeRow, GenerationSpaceRow
from events import cursor
from graph import node_ids
from names.space import Space
from tests.fakes.gallery import Gallery
from tests.unit.graph.asking import Data, Desk
from tests.unit.graph.test_mutations import campaign_input, change
from tests.unit.graph.test_snapshot import statements
from vocabulary.campaigns import GenerationConfig, PatternType

PREVIEW = """query ($config: GenerationConfigInput!) { cursor previewGeneration(config: $config) {
  __typename
  ... on PreviewGenerationPayload {
    spaceKey total nextOffset remaining reserved { lower upper size } sampleNames warnings
    earlierCampaigns { id name cursor owner { name } generation { reserved { spaceKey lower upper position } } }
  }
  ... on ValidationError { code path limit violations { path message limit } }
} }"""
GIVEN = {"patternType": "SUFFIX", "characterSet": "abc", "constant": "x", "tld": ".test", "suffixLength": 2}
SPACE = Space.of(GenerationConfig(PatternType.SUFFIX, "abc", "x", (".test",), suffix_length=2))


async def look(desk: Desk, caller: Any, **given: object) -> Data:
    data: Data = (await desk.ask(caller, PREVIEW, config=GIVEN | given))["previewGeneration"]
    return data


async def used(gallery: Gallery, campaigns: int) -> list[CampaignRow]:
    """Campaigns of alice's that have each reserved one offset of the space."""
    rows = [gallery.campaign_row(gallery.house.alice) for _ in range(campaigns)]
    await gallery.put([GenerationSpaceRow(key=SPACE.key, next_offset=campaigns, total=SPACE.total)])
    await gallery.put_together([*rows])
    for n, row in enumerate(rows):
        await gallery.put(
            [
                GenerationConfigRow(
                    campaign_id=row.id, pattern_type=PatternType.SUFFIX, character_set="abc", constant="x",
                    tlds=(".test",), prefix_length=0, suffix_length=2, count=1,
                )
            ]
        )  # fmt: skip
        await gallery.put(
            [
                GenerationRangeRow(
                    campaign_id=row.id,
                    ordinal=0,
                    tld=".test",
                    space_key=SPACE.key,
                    lower=n,
                    upper=n + 1,
                    position=n,
                )
            ]
        )
    return rows


async def test_a_space_that_nobody_has_touched(gallery: Gallery, desk: Desk) -> None:
    assert await look(desk, gallery.house.viewer, count="12") == {
        "__typename": "PreviewGenerationPayload",
        "spaceKey": SPACE.key,
        "total": "9",
        "nextOffset": "0",
        "remaining": "9",
        "reserved": {"lower": "0", "upper": "9", "size": "9"},
        "sampleNames": [f"x{a}{b}.test" for a in "abc" for b in "abc"],
        "warnings": ["CUT", "NEARLY_EXHAUSTED"],
        "earlierCampaigns": [],
    }


async def test_it_is_what_a_started_campaign_shows(gallery: Gallery, desk: Desk) -> None:
    alice, bob = gallery.house.alice, gallery.house.bob
    made = await change(desk, alice, "createCampaign", **await campaign_input(desk, alice))
    before = await look(desk, alice, count="5")
    await change(desk, alice, "startCampaign", id=made["campaign"]["id"])
    after = await look(desk, alice, count="5")
    [earlier] = after["earlierCampaigns"]
    assert (earlier["id"], earlier["name"], earlier["owner"]) == (
        made["campaign"]["id"],
        "hunt",
        {"name": "alice"},
    )
    assert cursor.decode(earlier["cursor"]).position == await gallery.house.head()
    assert earlier["generation"]["reserved"] == {
        "spaceKey": before["spaceKey"],
        "lower": before["reserved"]["lower"],
        "upper": before["reserved"]["upper"],
        "position": "0",
    }
    assert after["reserved"] == {"lower": "5", "upper": "9", "size": "4"}
    assert after["warnings"] == ["CUT", "NEARLY_EXHAUSTED"]
    assert await look(desk, bob, count="5") == after | {"earlierCampaigns": []}


async def test_every_broken_rule_is_named_by_its_place_in_the_configuration(
    gallery: Gallery, desk: Desk
) -> None:
    refused = await look(desk, gallery.house.viewer, characterSet="", suffixLength=0, count="-1")
    assert (refused["__typename"], refused["code"]) == ("ValidationError", "VALIDATION_FAILED")
    assert [(one["path"], one["limit"]) for one in refused["violations"]] == [
        (["suffixLength"], "1..10"),
        (["characterSet"], "1..1000"),
        (["count"], f"0..{2**63 - 1}"),
    ]
    assert (refused["path"], refused["limit"]) == (["suffixLength"], "1..10")


@pytest.mark.parametrize("campaigns", [1, 2, 9])
async def test_the_statements_do_not_grow_with_the_earlier_campaigns(
    gallery: Gallery, desk: Desk, campaigns: int
) -> None:
    """The head, the space, its campaigns, their owners, their configurations and ranges."""
    rows = await used(gallery, campaigns)
    with statements(desk.engines) as seen:
        data = await desk.ask(gallery.house.alice, PREVIEW, config=GIVEN)
    found = data["previewGeneration"]["earlierCampaigns"]
    assert [one["id"] for one in found] == [node_ids.encode("Campaign", row.id) for row in reversed(rows)]
    assert len(seen) == 6, "\n".join(seen)


async def test_a_preview_counts_as_the_offsets_that_it_looks_at(gallery: Gallery, desk: Desk) -> None:
    one = "previewGeneration(config: $config) { __typename }"
    many = " ".join(f"a{n}: {one}" for n in range(21))
    query = f"query ($config: GenerationConfigInput!) {{ {many} }}"
    result = await desk.result(gallery.house.alice, query, config=GIVEN)
    assert [error.extensions for error in result.errors or ()] == [
        {"code": "LIMIT_EXCEEDED", "limit": 20_000, "limitName": "maxRows"}
    ]


async def test_a_copy_is_answered_with_its_cursor(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    made = await change(desk, alice, "createCampaign", **await campaign_input(desk, alice))
    ident = made["campaign"]["id"]
    copy = await change(desk, alice, "duplicateCampaign", id=ident)
    assert copy["campaign"].pop("id") != ident
    assert copy["campaign"] == {"name": "hunt (copy)", "status": "DRAFT", "owner": {"name": "alice"}}
    assert cursor.decode(copy["cursor"]).position == await gallery.house.head()
    named = await change(desk, alice, "duplicateCampaign", id=ident, name="second")
    assert named["campaign"]["name"] == "second"
    refused = await change(desk, alice, "duplicateCampaign", id=ident, name="")
    assert [one["path"] for one in refused["violations"]] == [["name"]]
