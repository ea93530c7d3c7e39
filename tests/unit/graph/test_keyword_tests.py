"""The test of keyword rules over the schema: given rules, a set's, refusals, scope, and nothing stored."""

from typing import Any

from sqlalchemy import select

from core.limits import STANDARD
from db.models import KeywordSetRow
from graph import node_ids
from services.keyword_tests import MAX_TESTED
from tests.fakes.gallery import Gallery
from tests.unit.graph.asking import Data, Desk
from tests.unit.graph.test_mutations import change
from tests.unit.graph.test_snapshot import statements

TEST = """query ($input: TestKeywordsInput!) { testKeywords(input: $input) {
  __typename
  ... on TestKeywordsPayload {
    hits { pattern zone count category context }
    missed { pattern ruleType isCaseSensitive isWholeWord category contextChars }
  }
  ... on ValidationError { code message path limit violations { path message limit } }
  ... on NotFoundError { code path id }
} }"""


async def tried(desk: Desk, caller: Any, **given: object) -> Data:
    data: Data = (await desk.ask(caller, TEST, input=given))["testKeywords"]
    return data


async def test_rules_are_tried_on_a_text(gallery: Gallery, desk: Desk) -> None:
    """By anybody who may ask, and without a statement."""
    rules = [
        {"pattern": "lamp", "isWholeWord": True, "category": "light", "contextChars": 2},
        {"pattern": "LAMP", "isCaseSensitive": True},
    ]
    with statements(gallery.house.database.engines) as sent:
        found = await tried(desk, gallery.house.viewer, rules=rules, text="lamps: a lamp")
    assert sent == []
    assert found == {
        "__typename": "TestKeywordsPayload",
        "hits": [{"pattern": "lamp", "zone": "BODY", "count": 1, "category": "light", "context": "a lamp"}],
        "missed": [
            {
                "pattern": "LAMP", "ruleType": "STRING", "isCaseSensitive": True, "isWholeWord": False,
                "category": None, "contextChars": 0,
            }
        ],
    }  # fmt: skip


async def test_a_set_is_tried_on_a_page_before_the_given_rules(gallery: Gallery, desk: Desk) -> None:
    """Even if it is not enabled; and neither it nor the log is changed."""
    alice = gallery.house.alice
    rules = [{"pattern": "to+rch", "ruleType": "REGEX"}, {"pattern": "none"}]
    made = await change(desk, alice, "createKeywordSet", name="s", rules=rules, enabled=False)
    head = await gallery.house.head()
    page = "<title>Torch</title><h1>A lamp</h1><script>none</script>"
    found = await tried(
        desk,
        alice,
        keywordSetId=made["keywordSet"]["id"],
        rules=[{"pattern": "lamp"}],
        text=page,
        contentType="HTML",
    )
    assert [(hit["pattern"], hit["zone"], hit["count"]) for hit in found["hits"]] == [
        ("to+rch", "TITLE", 1),
        ("lamp", "HEADING", 1),
        ("lamp", "BODY", 1),
    ]
    assert [rule["pattern"] for rule in found["missed"]] == ["none"]
    assert await gallery.house.head() == head


async def test_broken_rules_are_told_in_the_words_of_the_schema(gallery: Gallery, desk: Desk) -> None:
    rules = [{"pattern": "x", "contextChars": 1001}]
    found = await tried(desk, gallery.house.alice, rules=rules, text="x" * 65_537)
    assert (found["__typename"], found["code"], found["path"]) == (
        "ValidationError",
        "VALIDATION_FAILED",
        ["rules", "0", "contextChars"],
    )
    assert found["violations"][1] == {
        "path": ["text"],
        "message": "must have at most 65536 bytes",
        "limit": "0..65536",
    }
    found = await tried(desk, gallery.house.alice, text="x")
    assert (found["path"], found["limit"]) == (["rules"], "1..1000")


async def test_somebody_elses_set_is_not_found(gallery: Gallery, desk: Desk) -> None:
    await gallery.campaign(gallery.house.alice)
    async with gallery.house.database.engines.reading() as session:
        key = (await session.execute(select(KeywordSetRow.id))).scalar_one()
    hers = node_ids.encode("KeywordSet", key)
    for ident in (hers, "garbage", node_ids.encode("Campaign", key)):
        assert await tried(desk, gallery.house.bob, keywordSetId=ident, text="lamp") == {
            "__typename": "NotFoundError",
            "code": "NOT_FOUND",
            "path": ["keywordSetId"],
            "id": ident,
        }
    found = await tried(desk, gallery.house.admin, keywordSetId=hers, text="lamp")
    assert [hit["pattern"] for hit in found["hits"]] == ["lamp"]


async def test_an_operation_has_no_more_tests_than_rows(gallery: Gallery, desk: Desk) -> None:
    one = 'testKeywords(input: {text: "x", rules: [{pattern: "x"}]}) { __typename }'
    allowed = STANDARD.max_rows // MAX_TESTED
    document = "{ " + " ".join(f"t{number}: {one}" for number in range(allowed)) + " }"
    assert len(await desk.ask(gallery.house.alice, document)) == allowed
    document = "{ " + " ".join(f"t{number}: {one}" for number in range(allowed + 1)) + " }"
    assert [code for code, _ in await desk.refused(gallery.house.alice, document)] == ["LIMIT_EXCEEDED"]
