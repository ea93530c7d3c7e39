"""The rules of keyword sets (DOMAIN 1.9, 4.1). What one rule may be is known to `probes.keywords`."""

from collections.abc import Iterator, Sequence

from core.errors import Violation
from probes.keywords import check_rule
from services.rules_text import Path, check_size, check_text, in_schema_words, is_storable
from vocabulary.keywords import KeywordRule

MAX_RULES = 1000
MAX_CATEGORY = 255


def check_rules(rules: Sequence[KeywordRule], path: Path = ("rules",)) -> Iterator[Violation]:
    """Every broken rule of a set's rules."""
    wrong_size = [*check_size(rules, path, 1, MAX_RULES)]
    yield from wrong_size
    if not wrong_size:
        yield from check_each(rules, path)


def check_each(rules: Sequence[KeywordRule], path: Path) -> Iterator[Violation]:
    """Every broken rule of some rules, however many they are; at most MAX_RULES are looked at."""
    for index, rule in enumerate(rules[:MAX_RULES]):
        yield from _check_rule(rule, (*path, str(index)))


def _check_rule(rule: KeywordRule, path: Path) -> Iterator[Violation]:
    if not is_storable(rule.pattern):
        yield Violation((*path, "pattern"), "must not contain U+0000 or lone surrogates")
    else:
        yield from in_schema_words(check_rule(rule, path))
    if rule.category is not None:
        yield from check_text(rule.category, (*path, "category"), 1, MAX_CATEGORY)
