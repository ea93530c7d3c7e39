"""Keyword rules: what to look for in the text of a page."""

from enum import StrEnum

import msgspec


class RuleType(StrEnum):
    """A plain string, or a regular expression in RE2's syntax."""

    STRING = "STRING"
    REGEX = "REGEX"


class ContentType(StrEnum):
    """How a text is read: as it stands, or as a page whose visible text and title count."""

    TEXT = "TEXT"
    HTML = "HTML"


class KeywordRule(msgspec.Struct, frozen=True):
    """One rule.

    `is_whole_word` wants no letter, digit, mark or underscore beside a hit. `context_chars` is how many characters
    on either side of a hit are kept; 0 keeps none.
    """

    pattern: str
    rule_type: RuleType = RuleType.STRING
    is_case_sensitive: bool = False
    category: str | None = None
    context_chars: int = 0
    is_whole_word: bool = False
