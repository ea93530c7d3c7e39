"""Changes of single rules of a keyword set: worked out whole, or refused with every broken rule named.

Places are those of the rules before the change, from 0: edits put another rule in the place of one, removals take
one out, and what is added comes last.
"""

from collections.abc import Iterator, Sequence

import msgspec

from core.errors import Violation
from services.rules_keywords import MAX_RULES, check_each
from vocabulary.keywords import KeywordRule


class RuleEdit(msgspec.Struct, frozen=True):
    """Another rule for the one at `ordinal`, from 0."""

    ordinal: int
    rule: KeywordRule


class RuleEdits(msgspec.Struct, frozen=True):
    """What becomes of single rules."""

    added: tuple[KeywordRule, ...] = ()
    edited: tuple[RuleEdit, ...] = ()
    removed: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.edited or self.removed)


def edited(rules: Sequence[KeywordRule], edits: RuleEdits) -> tuple[KeywordRule, ...]:
    """The rules after edits that `check_places` has let pass."""
    changed = dict(enumerate(rules)) | {edit.ordinal: edit.rule for edit in edits.edited}
    kept = (rule for ordinal, rule in changed.items() if ordinal not in edits.removed)
    return (*kept, *edits.added)


def check_edits(edits: RuleEdits) -> Iterator[Violation]:
    """What is wrong with the edits, whatever the set has; compiles every rule, so it takes its time."""
    yield from check_each(edits.added, ("addRules",))
    for index, edit in enumerate(edits.edited):
        for violation in check_each((edit.rule,), ()):
            yield Violation(
                ("editRules", str(index), "rule", *violation.path[1:]), violation.message, violation.limit
            )


def check_places(count: int, edits: RuleEdits) -> Iterator[Violation]:
    """What is wrong with the edits of a set that has `count` rules."""
    seen: set[int] = set()
    places: list[tuple[tuple[str, ...], int]] = [
        (("editRules", str(i), "ordinal"), edit.ordinal) for i, edit in enumerate(edits.edited)
    ]
    places += [(("removeRules", str(i)), ordinal) for i, ordinal in enumerate(edits.removed)]
    for path, ordinal in places:
        if not 0 <= ordinal < count:
            yield Violation(path, f"is not the place of a rule: there are {count}, from 0", f"0..{count - 1}")
        elif ordinal in seen:
            yield Violation(path, "names a rule that is edited or removed already")
        seen.add(ordinal)
    left = count - len(set(edits.removed) & set(range(count))) + len(edits.added)
    if left > MAX_RULES:
        yield Violation(("addRules",), f"would make {left} rules of at most {MAX_RULES}", f"1..{MAX_RULES}")
    elif left < 1:
        yield Violation(("removeRules",), "would leave no rule", f"1..{MAX_RULES}")
