"""Keyword sets and their rules."""

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from db.models import KeywordRuleRow, KeywordSetRow
from graph import node_ids
from graph.context import Info
from graph.fields import resolved
from graph.long_lists import each
from graph.types.node import Node
from graph.types.principal import Principal, owner_of
from vocabulary import keywords as stored
from vocabulary.keywords import RuleType


@strawberry.type(description="What is looked for in the text of a page.")
class KeywordRule:
    """What is looked for in the text of a page."""

    pattern: str = strawberry.field(description="The text, or the regular expression.")
    rule_type: RuleType = strawberry.field(description="How the pattern is read.")
    is_case_sensitive: bool = strawberry.field(description="Whether the case of letters matters.")
    is_whole_word: bool = strawberry.field(
        description="Whether a hit has no letter, digit, mark or underscore beside it, in any script."
    )
    category: str | None = strawberry.field(description="What its owner files it under.")
    context_chars: int = strawberry.field(
        description="How many characters on either side of the first hit are kept; 0 keeps none."
    )

    @classmethod
    def from_rule(cls, rule: KeywordRuleRow | stored.KeywordRule) -> Self:
        """The rule, as it is stored or as it was given."""
        return cls(
            pattern=rule.pattern,
            rule_type=rule.rule_type,
            is_case_sensitive=rule.is_case_sensitive,
            is_whole_word=rule.is_whole_word,
            category=rule.category,
            context_chars=rule.context_chars,
        )


@strawberry.type(description="A named list of rules.")
class KeywordSet(Node):
    """A named list of rules."""

    key: strawberry.Private[UUID]
    owner_key: strawberry.Private[UUID]
    name: str = strawberry.field(description="Unique among its owner's keyword sets.")
    description: str | None = strawberry.field(description="A note of its owner.")
    enabled: bool = strawberry.field(description="Whether campaigns may use it.")
    version: int = strawberry.field(description="How often it or its rules were changed, and 1.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it or its rules were last changed.")

    @resolved("The rules, in their order.")
    async def rules(self, info: Info) -> list[KeywordRule]:
        """The rules, in their order."""
        rows = await info.context.loaders.rules.load(self.key)
        return await each(info, rows, KeywordRule.from_rule)

    @resolved("How many rules there are.")
    async def rule_count(self, info: Info) -> int:
        """How many rules there are."""
        return await info.context.loaders.rule_count.load(self.key) or 0

    @resolved("Whose it is.")
    async def owner(self, info: Info) -> Principal:
        """Whose it is."""
        return await owner_of(info, self.owner_key)

    @classmethod
    def from_row(cls, row: KeywordSetRow) -> Self:
        """The keyword set of a row."""
        return cls(
            id=node_ids.encode("KeywordSet", row.id),
            key=row.id,
            owner_key=row.owner_id,
            name=row.name,
            description=row.description,
            enabled=row.enabled,
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
