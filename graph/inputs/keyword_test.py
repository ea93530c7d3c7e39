"""Input of the test of keyword rules."""

from uuid import UUID

import strawberry

from core.errors import ValidationFailed, Violation
from graph.inputs import given
from graph.inputs.keyword_set import KeywordRuleInput
from services.keyword_pages import MAX_PAGE_BYTES, FetchedPage, PageToTry
from services.keyword_tests import MAX_TEXT_BYTES, KeywordTest
from services.rules_keywords import MAX_RULES
from vocabulary.keywords import ContentType, KeywordRule


@strawberry.input(description="Keyword rules, and a text or a page to try them on.")
class TestKeywordsInput:
    """Keyword rules, and a text or a page to try them on."""

    text: str | None = strawberry.field(
        default=None,
        description=f"The text, at most {MAX_TEXT_BYTES} bytes in UTF-8; else there must be a url.",
    )
    url: str | None = strawberry.field(
        default=None,
        description=(
            "The address of a page to fetch and read in place of a text, as a worker would, of which at most "
            f"{MAX_PAGE_BYTES} bytes are read. This needs the role OPERATOR."
        ),
    )
    persona_id: strawberry.ID | None = strawberry.field(
        default=None, description="The HTTP persona that fetches the page; a plain one if it is left out."
    )
    dns_persona_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The DNS persona that looks its hosts up; the server's system does if it is left out.",
    )
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

    def page(self) -> PageToTry | None:
        """The page to be fetched, if it is not a text.

        Raises:
            ValidationFailed: there is neither a text nor a page, or there are both, or a persona without a page.
        """
        if (self.text is None) == (self.url is None):
            raise ValidationFailed.at(("text",), "must be given, or a url, and not both")
        if self.url is None:
            given_to_none = [("personaId", self.persona_id), ("dnsPersonaId", self.dns_persona_id)]
            without = [Violation((name,), "goes with a url only") for name, ident in given_to_none if ident]
            if without:
                raise ValidationFailed(without)
            return None
        return PageToTry(self.url, _key(self.persona_id), _key(self.dns_persona_id))

    def test(self, of_set: tuple[KeywordRule, ...] | None, page: FetchedPage | None) -> KeywordTest:
        """The test, with the rules of the keyword set if one is named, and the page if one was fetched."""
        return KeywordTest(
            rules=tuple(rule.rule() for rule in self.rules),
            text=self.text or "",
            content_type=self.content_type,
            of_set=of_set,
            zones=None if page is None else page.zones,
        )


def _key(ident: strawberry.ID | None) -> UUID | None:
    return None if ident is None else given.key(ident, "Persona")
