"""What the test of keyword rules found."""

from typing import Self

import strawberry

from graph.types.domain import KeywordHit
from graph.types.keyword_set import KeywordRule
from graph.types.persona_test import HttpPersonaTest
from services.keyword_tests import KeywordTestResult
from vocabulary.persona_tests import HttpTest


@strawberry.type(description="What a worker would have found on a page with this text.")
class TestKeywordsPayload:
    """What a worker would have found on a page with this text."""

    hits: list[KeywordHit] = strawberry.field(
        description="What was found, in the order of the rules and then of the zones."
    )
    missed: list[KeywordRule] = strawberry.field(
        description="The rules that were found nowhere, in their order."
    )

    page: HttpPersonaTest | None = strawberry.field(
        description="How the page was fetched, if one was; when that failed, nothing was found."
    )

    @classmethod
    def from_result(cls, result: KeywordTestResult, page: HttpTest | None) -> Self:
        """The payload of a result, and of the fetch that it came from."""
        return cls(
            hits=[KeywordHit.from_hit(hit) for hit in result.hits],
            missed=[KeywordRule.from_rule(rule) for rule in result.missed],
            page=None if page is None else HttpPersonaTest.from_seen(page),
        )
