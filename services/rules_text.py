"""Rules of single values that several inputs share. Each gives the violations of one value at one path.

Text is stored by PostgreSQL, which has no U+0000, and sent as UTF-8, which has no lone surrogates: both are
refused here, everywhere, so that no input reaches the database only to fail there.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from core.errors import Violation

MAX_NAME = 255
MAX_DESCRIPTION = 2000

Path = tuple[str, ...]


def check_name(value: str, path: Path = ("name",)) -> Iterator[Violation]:
    """A name of something: 1 to 255 characters after the spaces around it are gone, and none of control."""
    name = value.strip()
    if not 1 <= len(name) <= MAX_NAME:
        yield Violation(path, f"must have 1 to {MAX_NAME} characters", f"1..{MAX_NAME}")
    elif has_controls(name):
        yield Violation(path, "must not contain control characters or lone surrogates")


def check_description(value: str | None, path: Path = ("description",)) -> Iterator[Violation]:
    """A description, if there is one: at most 2000 characters."""
    if value is not None:
        yield from check_text(value, path, 0, MAX_DESCRIPTION)


def check_text(value: str, path: Path, low: int, high: int) -> Iterator[Violation]:
    """Any text that can be stored, of `low` to `high` characters."""
    if not low <= len(value) <= high:
        yield Violation(path, f"must have {low} to {high} characters", f"{low}..{high}")
    elif not is_storable(value):
        yield Violation(path, "must not contain U+0000 or lone surrogates")


def check_size(values: Sequence[object], path: Path, low: int, high: int) -> Iterator[Violation]:
    """A list of `low` to `high` items."""
    if not low <= len(values) <= high:
        yield Violation(path, f"must have {low} to {high} items", f"{low}..{high}")


def check_distinct(values: Sequence[object], path: Path) -> Iterator[Violation]:
    """A list that names nothing twice; each repetition is named."""
    seen = set()
    for index, value in enumerate(values):
        if value in seen:
            yield Violation((*path, str(index)), "stands in the list already")
        seen.add(value)


def check_range(value: float, path: Path, low: float, high: float) -> Iterator[Violation]:
    """A number from `low` to `high`, both allowed. NaN is in no range."""
    if not low <= value <= high:
        yield Violation(path, f"must be from {low} to {high}", f"{low}..{high}")


def check_positive(value: float, path: Path, high: float) -> Iterator[Violation]:
    """A number above 0, at most `high`."""
    if not 0 < value <= high:
        yield Violation(path, f"must be greater than 0 and at most {high}", f"0<..{high}")


def is_storable(value: str) -> bool:
    """Whether every database and encoding in use can hold this text."""
    return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)


def has_controls(value: str) -> bool:
    """Whether there is a control character or a lone surrogate."""
    return any(unicodedata.category(char) in {"Cc", "Cs"} for char in value)


def in_schema_words(violations: Iterable[Violation]) -> Iterator[Violation]:
    """The same violations, of a room that names fields as the code does, with their paths as clients write them."""
    for violation in violations:
        path = tuple(_camel(part) for part in violation.path)
        yield Violation(path, violation.message, violation.limit)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
