"""Inputs that are made at once are what Strawberry makes of them, and a limit's worth of them takes little time."""

import time
from collections.abc import Mapping
from typing import Any

import pytest
from strawberry.types.arguments import convert_argument
from strawberry.types.base import get_object_definition

from core.limits import STANDARD
from graph.inputs.keyword_set import (
    CreateKeywordSetInput,
    KeywordRuleEditInput,
    KeywordRuleInput,
    UpdateKeywordSetInput,
)
from graph.inputs.persona import HeaderInput, ResolverWeightInput
from graph.inputs.plainly import _Maker
from graph.schema import schema
from vocabulary.keywords import RuleType

MADE_PLAINLY = (
    CreateKeywordSetInput,
    HeaderInput,
    KeywordRuleEditInput,
    KeywordRuleInput,
    ResolverWeightInput,
    UpdateKeywordSetInput,
)
WHOLE: Mapping[str, Any] = {
    "pattern": "wind",
    "ruleType": RuleType.REGEX,
    "isCaseSensitive": True,
    "isWholeWord": True,
    "category": "energy",
    "contextChars": 40,
}
SENT = [
    (KeywordRuleInput, WHOLE),
    (KeywordRuleInput, {"pattern": "wind"}),
    (KeywordRuleInput, {"pattern": "wind", "category": None}),
    (KeywordRuleEditInput, {"ordinal": 3, "rule": WHOLE}),
    (CreateKeywordSetInput, {"name": "a", "rules": [WHOLE, {"pattern": "sun"}], "idempotencyKey": "k"}),
    (
        UpdateKeywordSetInput,
        {
            "id": "x",
            "rules": None,
            "addRules": [WHOLE],
            "editRules": [{"ordinal": 3, "rule": WHOLE}],
            "removeRules": [1, 2],
        },
    ),
    (HeaderInput, {"name": "Accept", "value": "*/*"}),
    (ResolverWeightInput, {"resolver": "192.0.2.1:53", "weight": 2}),
]


def made(input_type: type, sent: Any) -> Any:
    converter = schema.schema_converter
    return convert_argument(sent, input_type, converter.scalar_registry, converter.config)


@pytest.mark.parametrize(("input_type", "sent"), SENT)
def test_they_are_what_strawberry_makes(
    input_type: type, sent: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = made(input_type, sent)
    assert type(ours) is input_type
    for each in MADE_PLAINLY:
        definition = get_object_definition(each, strict=True)
        assert isinstance(definition.from_input, _Maker)
        monkeypatch.setattr(definition, "from_input", None)
    assert ours == made(input_type, sent)


def test_they_are_made_in_less_than_half_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = [{"pattern": "wind"}] * (STANDARD.max_values // 20)

    def seconds() -> float:
        began = time.thread_time()
        made(CreateKeywordSetInput, {"name": "a", "rules": sent})
        return time.thread_time() - began

    ours = min(seconds() for _ in range(3))
    for each in MADE_PLAINLY:
        monkeypatch.setattr(get_object_definition(each, strict=True), "from_input", None)
    assert ours < seconds() / 2
