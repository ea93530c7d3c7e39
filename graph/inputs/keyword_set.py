"""Inputs of the verbs on keyword sets."""

import strawberry

from graph.inputs import given
from graph.inputs.keyed import KeyedInput
from graph.inputs.plainly import made_plainly
from probes.keywords import MAX_CONTEXT, MAX_PATTERN
from services.keyword_sets import KeywordSetDraft, KeywordSetPatch
from services.rule_edits import RuleEdit, RuleEdits
from services.rules_keywords import MAX_CATEGORY, MAX_RULES
from services.rules_text import MAX_DESCRIPTION
from vocabulary import keywords as stored
from vocabulary.keywords import RuleType


@made_plainly
@strawberry.input(description="What shall be looked for in the text of a page.")
class KeywordRuleInput:
    """What shall be looked for in the text of a page."""

    pattern: str = strawberry.field(
        description=f"The text, or the regular expression in the syntax of RE2, at most {MAX_PATTERN} characters."
    )
    rule_type: RuleType = strawberry.field(default=RuleType.STRING, description="How the pattern is read.")
    is_case_sensitive: bool = strawberry.field(
        default=False, description="Whether the case of letters matters."
    )
    is_whole_word: bool = strawberry.field(
        default=False,
        description="Whether a hit must have no letter, digit, mark or underscore beside it, in any script.",
    )
    category: str | None = strawberry.field(
        default=None, description=f"What you file it under, 1 to {MAX_CATEGORY} characters."
    )
    context_chars: int = strawberry.field(
        default=0,
        description=f"How many characters on either side of the first hit are kept, up to {MAX_CONTEXT}; 0 keeps none.",
    )

    def rule(self) -> stored.KeywordRule:
        """The rule."""
        return stored.KeywordRule(
            pattern=self.pattern,
            rule_type=self.rule_type,
            is_case_sensitive=self.is_case_sensitive,
            is_whole_word=self.is_whole_word,
            category=self.category,
            context_chars=self.context_chars,
        )


@made_plainly
@strawberry.input(description="Another rule in the place of one.")
class KeywordRuleEditInput:
    """Another rule in the place of one."""

    ordinal: int = strawberry.field(
        description="The place of the rule, from 0, in the list as it is before this change."
    )
    rule: KeywordRuleInput = strawberry.field(description="The rule as it shall be.")


@made_plainly
@strawberry.input(description="A keyword set to be made.")
class CreateKeywordSetInput(KeyedInput):
    """A keyword set to be made."""

    name: str = strawberry.field(
        description="What you call it, 1 to 255 characters, unique among your keyword sets."
    )
    rules: list[KeywordRuleInput] = strawberry.field(
        description=f"The rules, 1 to {MAX_RULES}, in their order."
    )
    description: str | None = strawberry.field(
        default=None, description=f"A note, at most {MAX_DESCRIPTION} characters."
    )
    enabled: bool = strawberry.field(default=True, description="Whether campaigns may use it.")

    def draft(self) -> KeywordSetDraft:
        """The draft."""
        return KeywordSetDraft(
            name=self.name,
            rules=tuple(rule.rule() for rule in self.rules),
            description=self.description,
            enabled=self.enabled,
        )


@made_plainly
@strawberry.input(description="What shall be different about a keyword set; what is left out stays.")
class UpdateKeywordSetInput(KeyedInput):
    """What shall be different about a keyword set."""

    id: strawberry.ID = strawberry.field(description="Which keyword set.")
    expected_version: int | None = strawberry.field(
        default=None, description="The version that you saw; the change is refused if it is another one now."
    )
    add_rules: list[KeywordRuleInput] = strawberry.field(
        default_factory=list, description="Rules to put after the others."
    )
    edit_rules: list[KeywordRuleEditInput] = strawberry.field(
        default_factory=list, description="Rules to put in the place of others."
    )
    remove_rules: list[int] = strawberry.field(
        default_factory=list,
        description="The places of rules to take out, from 0, in the list as it is before this change.",
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="What you call it, 1 to 255 characters."
    )
    rules: list[KeywordRuleInput] | None = strawberry.field(
        default=strawberry.UNSET,
        description=f"The rules, 1 to {MAX_RULES}; replaces all of them, and goes with no edits.",
    )
    description: str | None = strawberry.field(
        default=strawberry.UNSET,
        description=f"A note, at most {MAX_DESCRIPTION} characters; null removes it.",
    )
    enabled: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether campaigns may use it."
    )

    def patch(self) -> KeywordSetPatch:
        """The patch.

        Raises:
            ValidationFailed: null was given for something that must have a value.
        """
        parts = given.patch(
            {"name": self.name, "rules": self.rules, "enabled": self.enabled},
            {"description": self.description},
        )
        if "rules" in parts:
            parts["rules"] = tuple(rule.rule() for rule in parts["rules"])
        edits = RuleEdits(
            added=tuple(rule.rule() for rule in self.add_rules),
            edited=tuple(RuleEdit(edit.ordinal, edit.rule.rule()) for edit in self.edit_rules),
            removed=tuple(self.remove_rules),
        )
        return KeywordSetPatch(edits=edits, **parts)


@strawberry.input(description="Which keyword set to delete.")
class DeleteKeywordSetInput(KeyedInput):
    """Which keyword set to delete."""

    id: strawberry.ID = strawberry.field(description="Which keyword set.")
