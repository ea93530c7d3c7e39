"""Input of the test of keyword rules."""

import strawberry

from graph.inputs.keyword_set import KeywordRuleInput
from services.keyword_tests import MAX_TEXT_BYTES, KeywordTest
from services.rules_keywords import MAX_RULES
from vocabulary.keywords import ContentType, KeywordRule


@strawberry.input(description="Keyword rules, and a text to try them on.")
class TestKeywordsInput:
    """Keyword rules, and a text to try them on."""

    text: str = strawberry.field(description=f"The text, at most {MAX_TEXT_BYTES} bytes in UTF-8.")
    content_type: ContentType = strawberry.field(
        default=ContentType.TEXT, description="How the text is read."
    )
    rules: list[KeywordRuleInput] = strawberry.field(
        default_factory=list,
        description=f"Rules to try, up to {MAX_RULES}; one at least, unless there is a keyword set.",
    )
    keyword_set_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="A keyword set whose rules to try, before the others and whether it is enabled or not.",
    )

    def test(self, of_set: tuple[KeywordRule, ...] | None) -> KeywordTest:
        """The test, with the rules of the keyword set if one is named."""
        return KeywordTest(
            rules=tuple(rule.rule() for rule in self.rules),
            text=self.text,
            content_type=self.content_type,
            of_set=of_set,
        )
