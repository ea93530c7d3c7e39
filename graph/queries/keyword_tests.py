"""The test of keyword rules."""

from typing import Annotated

import strawberry

from core.errors import NotFound
from db.repositories.keyword_sets import rule_of
from graph.context import Info
from graph.errors import ForbiddenError, Missing, NotFoundError, ValidationError, about
from graph.fields import checked
from graph.inputs import given
from graph.inputs.keyword_test import TestKeywordsInput
from graph.mutations.arguments import TAKEN
from graph.types.keyword_test import TestKeywordsPayload
from services.keyword_pages import FetchedPage
from services.keyword_tests import MAX_TESTED
from vocabulary.keywords import KeywordRule

TestKeywordsResult = Annotated[
    TestKeywordsPayload | ValidationError | NotFoundError | ForbiddenError,
    strawberry.union("TestKeywordsResult", description="What was found, or why nothing was looked for."),
]


@strawberry.type
class KeywordTestQueries:
    """The test of keyword rules."""

    @checked("Try keyword rules on a text or a page, as a worker would; nothing is stored.")
    async def test_keywords(
        self, info: Info, what: Annotated[TestKeywordsInput, TAKEN]
    ) -> TestKeywordsResult:
        """Try keyword rules on a text or a page."""
        # Each rule is work, so that a test counts as a list of as many rows as it may have rules.
        info.context.spend(MAX_TESTED)
        async with info.context.turns.testing:
            with info.context.services.keyword_sets.shares.test(info.context.caller):
                return await _tried(info, what)


async def _tried(info: Info, what: TestKeywordsInput) -> TestKeywordsPayload:
    # Before anything is read, so that no snapshot is held while a page is waited for.
    page = await _fetched(info, what)
    of_set = None
    if what.keyword_set_id is not None:
        with about(what.keyword_set_id, "keywordSetId"):
            of_set = await _rules(info, what.keyword_set_id)
    result = await info.context.services.keyword_sets.tests.run(what.test(of_set, page))
    return TestKeywordsPayload.from_result(result, None if page is None else page.test)


async def _fetched(info: Info, what: TestKeywordsInput) -> FetchedPage | None:
    """The page to try the rules on, if it is one."""
    wanted = what.page()
    if wanted is None:
        return None
    try:
        return await info.context.services.keyword_sets.pages.fetch(info.context.caller, wanted)
    except NotFound as error:
        (field,) = error.path
        ident = what.persona_id if field == "personaId" else what.dns_persona_id
        raise Missing(ident or "", str(error), field) from error


async def _rules(info: Info, ident: strawberry.ID) -> tuple[KeywordRule, ...]:
    """The rules of a keyword set, in the snapshot of the whole response."""
    key, loaders = given.key(ident, "KeywordSet"), info.context.loaders
    if await loaders.keyword_set.load(key) is None:
        raise NotFound("keyword set", ident)
    return tuple(rule_of(row) for row in await loaders.rules.load(key) or ())
