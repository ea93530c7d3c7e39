"""Campaigns step by step: what is missing, what stands in the way, and requests that are sent twice."""

from typing import Any

import pytest

from db.models import ScoringProfileRow
from events import cursor
from graph import node_ids
from tests.fakes.gallery import Gallery
from tests.unit.graph.asking import Data, Desk
from tests.unit.graph.test_mutations import campaign_input

REFUSAL = """
... on UserError { __typename code message path }
... on ValidationError { violations { path message limit } }
... on NotFoundError { id }
... on ConflictError { currentState attempted blockingPhase }
"""
CAMPAIGN = """campaign {
  id name status mode version controlPhase phases { kind status configured }
  generation { tlds ranges { tld lower upper } } dns { personas { id } } analysis { profile { id } profileVersion }
  lineage { configHash ranges { tld spaceKey offsetStart offsetEnd } earlierCampaigns { name } }
} cursor"""
PROFILE = "scoringProfile { id name description version config { matchScore weights { freshness } } } cursor"
CONTROLS = (
    "startCampaign",
    "pauseCampaign",
    "resumeCampaign",
    "cancelCampaign",
    "archiveCampaign",
    "rescoreCampaign",
)
PHASES = ("startPhase", "retryPhase", "rerunPhase", "skipPhase")


async def change(desk: Desk, caller: Any, name: str, /, **given: object) -> Data:
    capital = name[0].upper() + name[1:]
    chosen = {"ScoringProfile": PROFILE}.get(capital.removeprefix("Create").removeprefix("Update"), CAMPAIGN)
    chosen = "deletedId" if name.startswith("delete") else chosen
    refusal = REFUSAL
    if name == "createScoringProfile":
        refusal = refusal.replace("... on NotFoundError { id }", "")
    if name == "deleteScoringProfile":
        refusal = refusal.replace("... on ValidationError { violations { path message limit } }", "")
    query = f"""mutation ($input: {capital}Input!) {{ {name}(input: $input) {{
      __typename ... on {capital}Payload {{ {chosen} }} {refusal} }} }}"""
    data: Data = (await desk.ask(caller, query, input=given))[name]
    return data


async def draft(desk: Desk, caller: Any, *without: str, **more: object) -> tuple[str, dict[str, Any]]:
    """A draft, and the input that it was made from; some parts are left out."""
    given = await campaign_input(desk, caller)
    made = await change(
        desk, caller, "createCampaign", **{k: v for k, v in (given | more).items() if k not in without}
    )
    assert made["__typename"] == "CreateCampaignPayload", made
    return made["campaign"]["id"], given


async def test_a_draft_is_configured_phase_by_phase(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    ident, given = await draft(desk, alice, "dns", "http")
    query = "query ($id: ID!) { campaign(id: $id) { mode dns { batchSize personas { id } } phases { configured } } }"
    found = (await desk.ask(alice, query, id=ident))["campaign"]
    assert (found["mode"], found["dns"]) == ("STEP_BY_STEP", {"batchSize": 100, "personas": []})
    assert [one["configured"] for one in found["phases"]] == [True, False, False, True, True, True]
    done = await change(desk, alice, "configurePhase", id=ident, dns=given["dns"], expectedVersion=1)
    assert [one["status"] for one in done["campaign"]["phases"]][:3] == [
        "CONFIGURED",
        "CONFIGURED",
        "NOT_STARTED",
    ]
    assert done["campaign"]["version"] == 2
    refused = await change(desk, alice, "configurePhase", id=ident, http=given["http"], expectedVersion=1)
    assert (refused["code"], refused["currentState"], refused["path"]) == (
        "VERSION_MISMATCH",
        "2",
        ["expectedVersion"],
    )
    both = await change(desk, alice, "configurePhase", id=ident, dns=given["dns"], http=given["http"])
    assert (both["__typename"], both["code"]) == ("ValidationError", "VALIDATION_FAILED")


async def test_a_full_sequence_wants_all_configured_and_says_what_is_not(
    gallery: Gallery, desk: Desk
) -> None:
    alice = gallery.house.alice
    ident, _ = await draft(desk, alice, "http", mode="FULL_SEQUENCE")
    refused = await change(desk, alice, "startCampaign", id=ident)
    assert (refused["__typename"], refused["code"], refused["blockingPhase"]) == (
        "ConflictError",
        "INVALID_TRANSITION",
        "HTTP_KEYWORD_VALIDATION",
    )
    slower = await change(desk, alice, "setCampaignMode", id=ident, mode="STEP_BY_STEP")
    assert slower["campaign"]["mode"] == "STEP_BY_STEP"
    assert (await change(desk, alice, "startCampaign", id=ident))["campaign"]["status"] == "RUNNING"


async def test_a_phase_starts_in_its_turn(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    ident, _ = await draft(desk, alice)
    early = await change(desk, alice, "startPhase", id=ident, phase="DNS_VALIDATION")
    assert (early["code"], early["blockingPhase"]) == ("INVALID_TRANSITION", "DOMAIN_GENERATION")
    started = await change(desk, alice, "startPhase", id=ident, phase="DOMAIN_GENERATION")
    assert started["campaign"]["controlPhase"] == "DOMAIN_GENERATION"
    skipped = await change(desk, alice, "skipPhase", id=ident, phase="ENRICHMENT")
    assert [one["status"] for one in skipped["campaign"]["phases"]][-1] == "SKIPPED"
    rerun = await change(desk, alice, "rerunPhase", id=ident, phase="ANALYSIS")
    assert (rerun["code"], rerun["blockingPhase"]) == ("RERUN_PRECONDITION_FAILED", "DOMAIN_GENERATION")
    retried = await change(desk, alice, "retryPhase", id=ident, phase="DOMAIN_GENERATION")
    assert (retried["code"], retried["currentState"]) == ("INVALID_TRANSITION", "IN_PROGRESS")


async def test_what_is_expected_must_be_so(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    ident, _ = await draft(desk, alice)
    refused = await change(desk, alice, "startCampaign", id=ident, expectedState="PAUSED")
    assert (refused["code"], refused["currentState"], refused["path"]) == (
        "EXPECTED_STATE_MISMATCH",
        "DRAFT",
        ["expectedState"],
    )
    started = await change(desk, alice, "startCampaign", id=ident, expectedState="DRAFT")
    assert started["campaign"]["status"] == "RUNNING"


async def test_a_key_is_for_one_request(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    ident, _ = await draft(desk, alice)
    started = await change(desk, alice, "startCampaign", id=ident, idempotencyKey="k")
    await change(desk, alice, "cancelCampaign", id=ident)
    head = await gallery.house.head()
    again = await change(desk, alice, "startCampaign", id=ident, idempotencyKey="k")
    assert (again["cursor"], again["campaign"]["status"]) == (started["cursor"], "CANCELLED")
    other = await change(desk, alice, "pauseCampaign", id=ident, idempotencyKey="k")
    assert (other["code"], other["path"]) == ("IDEMPOTENCY_KEY_REUSED", ["idempotencyKey"])
    long = await change(desk, alice, "pauseCampaign", id=ident, idempotencyKey="k" * 65)
    assert [(one["path"], one["limit"]) for one in long["violations"]] == [(["idempotencyKey"], "1..64")]
    assert await gallery.house.head() == head


async def test_what_has_ended_is_archived(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    ident, _ = await draft(desk, alice)
    await change(desk, alice, "cancelCampaign", id=ident)
    done = await change(desk, alice, "archiveCampaign", id=ident, expectedState="CANCELLED")
    assert done["campaign"]["status"] == "ARCHIVED"
    assert cursor.decode(done["cursor"]).position == await gallery.house.head()


async def test_several_tlds_share_a_campaign_and_its_lineage(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    given = await campaign_input(desk, alice)
    generation = {k: v for k, v in given["generation"].items() if k != "tld"}
    for twice in ({"tlds": [".test"], "tld": ".test"}, {}):
        refused = await change(desk, alice, "createCampaign", **given | {"generation": generation | twice})
        assert [one["path"] for one in refused["violations"]] == [["generation", "tlds"]]
    several = given | {"generation": generation | {"tlds": [".test", ".example"], "count": "4"}}
    made = (await change(desk, alice, "createCampaign", **several))["campaign"]
    assert made["generation"] == {"tlds": [".test", ".example"], "ranges": []}
    assert [(one["tld"], one["offsetStart"]) for one in made["lineage"]["ranges"]] == [
        (".test", None),
        (".example", None),
    ]
    started = (await change(desk, alice, "startCampaign", id=made["id"]))["campaign"]
    ranges = [(one["tld"], one["offsetStart"], one["offsetEnd"]) for one in started["lineage"]["ranges"]]
    assert ranges == [(".test", "0", "2"), (".example", "0", "2")]
    later = (await change(desk, alice, "createCampaign", **several | {"name": "later"}))["campaign"]
    then = (await change(desk, alice, "startCampaign", id=later["id"]))["campaign"]
    assert then["lineage"]["configHash"] == started["lineage"]["configHash"]
    assert then["lineage"]["earlierCampaigns"] == [{"name": "hunt"}]


async def test_a_profile_has_versions_and_a_campaign_takes_it(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    made = await change(desk, alice, "createScoringProfile", name="strict", config={"matchScore": 0.5})
    profile = made["scoringProfile"]
    assert (profile["version"], profile["config"]["matchScore"]) == (1, 0.5)
    ident = profile["id"]
    weights = {"weights": {"freshness": 0.4}}
    await change(desk, alice, "updateScoringProfile", id=ident, config=weights, expectedVersion=1)
    stale = await change(desk, alice, "updateScoringProfile", id=ident, name="x", expectedVersion=1)
    assert (stale["code"], stale["currentState"]) == ("VERSION_MISMATCH", "2")
    bad = await change(desk, alice, "updateScoringProfile", id=ident, config={"weights": {"freshness": 2}})
    assert [one["path"] for one in bad["violations"]] == [["config", "weights", "freshness"]]
    query = """query ($id: ID!) { scoringProfile(id: $id) { owner { name } config { weights { freshness } }
      versions { version config { matchScore weights { freshness } } } } }"""
    assert (await desk.ask(alice, query, id=ident))["scoringProfile"] == {
        "owner": {"name": "alice"},
        "config": {"weights": {"freshness": 0.4}},
        "versions": [
            {"version": 2, "config": {"matchScore": 0.27, "weights": {"freshness": 0.4}}},
            {"version": 1, "config": {"matchScore": 0.5, "weights": {"freshness": 0.1}}},
        ],
    }
    campaign, _ = await draft(desk, alice, analysis={"profileId": ident})
    listed = await desk.ask(alice, "{ scoringProfiles { totalCount nodes { name } } }")
    assert listed["scoringProfiles"] == {"totalCount": "1", "nodes": [{"name": "strict"}]}
    refused = await change(desk, alice, "deleteScoringProfile", id=ident)
    assert refused["code"] == "IN_USE"
    taken = await change(desk, alice, "assignScoringProfile", id=campaign, profileId=None)
    assert taken["campaign"]["analysis"] == {"profile": None, "profileVersion": None}
    again = await change(desk, alice, "assignScoringProfile", id=campaign, profileId=ident)
    assert again["campaign"]["analysis"]["profile"] == {"id": ident}
    early = await change(desk, alice, "rescoreCampaign", id=campaign, profileId=None)
    assert early["code"] == "RERUN_PRECONDITION_FAILED"
    await change(desk, alice, "cancelCampaign", id=campaign)
    assert (await change(desk, alice, "deleteScoringProfile", id=ident))["deletedId"] == ident
    assert await gallery.house.count(ScoringProfileRow) == 0


@pytest.mark.parametrize("who", ["viewer", "bob"])
async def test_nobody_else_controls_a_campaign(gallery: Gallery, desk: Desk, who: str) -> None:
    """A viewer may not, and to another owner there is no such campaign."""
    alice, caller = gallery.house.alice, getattr(gallery.house, who)
    ident, given = await draft(desk, alice)
    profile = (await change(desk, alice, "createScoringProfile", name="p"))["scoringProfile"]["id"]
    before = await gallery.house.head()
    asked: dict[str, dict[str, object]] = {name: {"id": ident} for name in CONTROLS}
    asked |= {name: {"id": ident, "phase": "ANALYSIS"} for name in PHASES}
    asked |= {
        "configurePhase": {"id": ident, "dns": given["dns"]},
        "setCampaignMode": {"id": ident, "mode": "FULL_SEQUENCE"},
        "assignScoringProfile": {"id": ident, "profileId": None},
        "updateScoringProfile": {"id": profile, "name": "q"},
        "deleteScoringProfile": {"id": profile},
    }
    code = "FORBIDDEN" if who == "viewer" else "NOT_FOUND"
    for name, more in asked.items():
        refused = await change(desk, caller, name, **more)
        assert refused["code"] == code, name
        if who == "bob":
            assert (refused["id"], refused["path"]) == (more["id"], ["id"])
    assert await gallery.house.head() == before


async def test_an_id_of_another_kind_is_no_profile(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    ident, _ = await draft(desk, alice)
    refused = await change(desk, alice, "assignScoringProfile", id=ident, profileId=ident)
    assert refused["__typename"] == "ValidationError"
    missing = node_ids.encode("Principal", alice.id)
    query = "query ($id: ID!) { scoringProfile(id: $id) { id } }"
    assert await desk.ask(alice, query, id=missing) == {"scoringProfile": None}
