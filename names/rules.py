"""Every rule of a generation configuration, each broken one named by its path and its limit.

Nothing here raises, whatever the strings and integers are; a space that passes can be enumerated to its end.
"""

from collections.abc import Iterator, Sequence

from core.errors import Violation
from names.canonical import canonical_characters, canonical_constant, canonical_tld
from names.labels import MAX_LABEL, MAX_NAME, describe, is_legal_character, is_mark, to_a_label
from vocabulary.campaigns import GenerationConfig, PatternType

MAX_LENGTH = 10
MAX_CHARACTERS = 1000
MAX_TLDS = 20
MAX_INT64 = 2**63 - 1

_PREFIX = frozenset({PatternType.PREFIX, PatternType.BOTH})
_SUFFIX = frozenset({PatternType.SUFFIX, PatternType.BOTH})


def check_generation(config: GenerationConfig, path: tuple[str, ...]) -> list[Violation]:
    """Every broken rule of `config`; `path` is where it stands in the input. Empty if all is well.

    The paths end in the names of the configuration's fields, and for one of several TLDs in its place. Source:
    DOMAIN 1.3 and 4.1.
    """
    broken = [
        *_check_length("prefix_length", config.prefix_length, needed=config.pattern_type in _PREFIX),
        *_check_length("suffix_length", config.suffix_length, needed=config.pattern_type in _SUFFIX),
        *_check_characters(config.character_set),
        *_check_constant(config.constant),
        *_check_tlds(config.tlds),
        *_check_count(config.count),
    ]
    if not broken:
        broken = [*_check_sizes(config), *_check_hyphens(config)]
    return [Violation((*path, *field.split(".")), message, limit) for field, message, limit in broken]


_Broken = tuple[str, str, str | None]


def _check_length(field: str, value: int, *, needed: bool) -> Iterator[_Broken]:
    if not 0 <= value <= MAX_LENGTH:
        yield field, f"must be from 0 to {MAX_LENGTH}", f"0..{MAX_LENGTH}"
    elif needed and value == 0:
        yield field, "must be at least 1, for the pattern has this variable part", f"1..{MAX_LENGTH}"
    elif not needed and value != 0:
        yield field, "must be 0, for the pattern has no such variable part", "0"


def _check_characters(text: str) -> Iterator[_Broken]:
    field = "character_set"
    if not text:
        yield field, "must have at least one character", f"1..{MAX_CHARACTERS}"
        return
    if len(text) > MAX_CHARACTERS:
        yield field, f"must have at most {MAX_CHARACTERS} characters", f"1..{MAX_CHARACTERS}"
        return
    for char in canonical_characters(text):
        if is_mark(char):
            yield field, f"{describe(char)} is a combining mark, which could make one name of two", None
        elif not is_legal_character(char):
            yield field, f"{describe(char)} is not allowed in a host name", None


def _check_constant(text: str) -> Iterator[_Broken]:
    field = "constant"
    if not 0 < len(text) <= MAX_LABEL:
        yield field, f"must have 1 to {MAX_LABEL} characters", f"1..{MAX_LABEL}"
        return
    constant = canonical_constant(text)
    if is_mark(constant[0]):
        yield field, f"must not begin with the combining mark {describe(constant[0])}", None
    for char in sorted(set(constant)):
        if not is_legal_character(char):
            yield field, f"{describe(char)} is not allowed in a host name", None


def _check_tlds(tlds: Sequence[str]) -> Iterator[_Broken]:
    if not 1 <= len(tlds) <= MAX_TLDS:
        yield "tlds", f"must be 1 to {MAX_TLDS}", f"1..{MAX_TLDS}"
        return
    seen: set[str] = set()
    for place, text in enumerate(tlds):
        broken = [*_check_tld(f"tlds.{place}", text)]
        yield from broken
        if not broken and canonical_tld(text) in seen:
            yield f"tlds.{place}", "is there already", None
        seen.add(canonical_tld(text))


def _check_tld(field: str, text: str) -> Iterator[_Broken]:
    if not 2 <= len(text) <= MAX_NAME:
        yield field, f"must have 2 to {MAX_NAME} characters", f"2..{MAX_NAME}"
        return
    if not text.startswith(".") or text.startswith(".."):
        yield field, "must begin with one dot", None
        return
    labels = canonical_tld(text)[1:].split(".")
    for label in labels:
        if to_a_label(label) is None:
            yield field, "must be labels that are legal in a host name, with a dot before each", None
            return
    if not labels[-1].isalpha() and not labels[-1].startswith("xn--"):
        yield field, "must end in a label of letters (RFC 1123, section 2.1)", None


def _check_count(value: int) -> Iterator[_Broken]:
    if not 0 <= value <= MAX_INT64:
        yield "count", f"must be from 0 to {MAX_INT64}", f"0..{MAX_INT64}"


def _check_sizes(config: GenerationConfig) -> Iterator[_Broken]:
    """The rules between the fields, asked only when each field is right in itself."""
    width = config.prefix_length + config.suffix_length
    constant = canonical_constant(config.constant)
    length = width + len(constant)
    if length > MAX_LABEL:
        yield "constant", f"with the variable part makes labels longer than {MAX_LABEL}", f"..{MAX_LABEL}"
    else:
        yield from _check_name_lengths(config, length)
    base, spaces = len(canonical_characters(config.character_set)), len(config.tlds)
    if base**width > MAX_INT64:
        message = f"{base} characters at {width} places are more than {MAX_INT64} names; use fewer of either"
        yield "character_set", message, f"..{MAX_INT64}"
    elif base**width * spaces > MAX_INT64:
        message = f"{spaces} times {base**width} names are more than {MAX_INT64}; use fewer of either"
        yield "tlds", message, f"..{MAX_INT64}"


def _check_name_lengths(config: GenerationConfig, label: int) -> Iterator[_Broken]:
    for place, tld in enumerate(config.tlds):
        if label + len(canonical_tld(tld)) > MAX_NAME:
            yield f"tlds.{place}", f"makes names longer than {MAX_NAME}", f"..{MAX_NAME}"


def _check_hyphens(config: GenerationConfig) -> Iterator[_Broken]:
    """Hyphens where every label of the space would have them and no legal one can (RFC 1123, RFC 5891).

    Other labels that are illegal are passed over one by one; a space without a single name is a mistake.
    """
    constant = canonical_constant(config.constant)
    in_vain = "so that no name would be legal"
    if canonical_characters(config.character_set) == "-":
        yield "character_set", f"makes every label begin or end with a hyphen, {in_vain}", None
    if config.pattern_type is PatternType.PREFIX and constant.endswith("-"):
        yield "constant", f"makes every label end with a hyphen, {in_vain}", None
    if config.pattern_type is PatternType.SUFFIX and constant.startswith("-"):
        yield "constant", f"makes every label begin with a hyphen, {in_vain}", None
    if _has_false_a_labels_only(config, constant):
        yield "constant", f"puts hyphens into places 3 and 4 of every label, {in_vain}", None


def _has_false_a_labels_only(config: GenerationConfig, constant: str) -> bool:
    """Whether the constant stands in places 3 and 4 with two hyphens, and no label can begin with `xn`."""
    at = config.prefix_length
    if at > 2 or constant[2 - at : 4 - at] != "--":
        return False
    characters = canonical_characters(config.character_set)
    return not (constant.startswith("xn"[at:]) and set("xn"[:at]) <= set(characters))
