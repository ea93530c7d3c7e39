"""A space of candidate names: what it is called (`key`), how large it is, and which name stands at an offset.

Offset n is a number in base B (the count of distinct characters) of fixed width, most significant digit first,
digit d being the d-th canonical character. With variable parts on both sides the two are one number, and the
constant stands between its digits. An offset whose label is no legal host name has no name, but it is counted:
offsets are positions in the space and not in the list of names.

`names_in` is the hot path: a batch shares all but its last digits, so those endings are made once and a name is
one concatenation. Reading DOMAIN 1.3, the earlier faults (a) to (e) are what `canonical.py` and this file avoid.
"""

import hashlib
import itertools
import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Self

import msgspec

from core.errors import ValidationFailed
from names.canonical import canonical_characters, canonical_constant, canonical_tld
from names.labels import MAX_NAME, is_plain_label, to_a_label
from names.rules import check_generation
from vocabulary.campaigns import GenerationConfig, PatternType

LOOKED = 1000
_ENDINGS = 4096


class Space(msgspec.Struct, frozen=True, dict=True):
    """One canonical space. Two configurations with the same space have equal keys, others differ."""

    pattern: PatternType
    prefix_length: int
    suffix_length: int
    characters: str
    constant: str
    tld: str

    @classmethod
    def of(cls, config: GenerationConfig) -> Self:
        """The canonical space of the first TLD of `config`.

        Raises:
            ValidationFailed: with every rule of `check_generation` that is broken.
        """
        return cls.each(config)[0]

    @classmethod
    def each(cls, config: GenerationConfig) -> tuple[Self, ...]:
        """The canonical space of each TLD of `config`, in its order.

        Raises:
            ValidationFailed: with every rule of `check_generation` that is broken.
        """
        violations = check_generation(config, ())
        if violations:
            raise ValidationFailed(violations)
        first = cls(
            pattern=config.pattern_type,
            prefix_length=config.prefix_length,
            suffix_length=config.suffix_length,
            characters=canonical_characters(config.character_set),
            constant=canonical_constant(config.constant),
            tld=canonical_tld(config.tlds[0]),
        )
        others = (msgspec.structs.replace(first, tld=canonical_tld(tld)) for tld in config.tlds[1:])
        return (first, *others)

    @property
    def width(self) -> int:
        """How many digits an offset has."""
        return self.prefix_length + self.suffix_length

    @cached_property
    def total(self) -> int:
        """How many offsets there are: B to the power of the width, at most 2^63 - 1."""
        return int(len(self.characters) ** self.width)

    @cached_property
    def key(self) -> str:
        """The hex SHA-256 of the canonical values; reservations of one space share it."""
        values = {
            "pattern": self.pattern.value,
            "lengths": [self.prefix_length, self.suffix_length],
            "characters": self.characters,
            "constant": self.constant,
            "tld": self.tld,
        }
        text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    def name_at(self, offset: int) -> str | None:
        """The host name at `offset` in its A-label form, or None if no legal one stands there.

        Raises:
            IndexError: the offset is outside 0 .. total - 1.
        """
        if not 0 <= offset < self.total:
            raise IndexError(f"Offset {offset} is outside 0..{self.total - 1}.")
        return self._name(self._place(self._digits(offset, self.width), 0))

    def names_in(self, lower: int, upper: int) -> Iterator[tuple[int, str | None]]:
        """Each offset of `lower` up to but not including `upper`, with its name or None.

        Raises:
            IndexError: 0 <= lower <= upper <= total does not hold.
        """
        if not 0 <= lower <= upper <= self.total:
            raise IndexError(f"Offsets {lower}..{upper} are outside 0..{self.total}.")
        return self._ascii_names(lower, upper) if self._is_ascii else self._other_names(lower, upper)

    def sample(self, lower: int, upper: int, most: int) -> list[str]:
        """The first names of `lower` up to but not including `upper`, at most `most`.

        Illegal labels that share their beginning are passed over at once; all the same no more than `LOOKED`
        offsets are looked at, so that there may be names and none of them here.

        Raises:
            IndexError: 0 <= lower <= upper <= total does not hold.
        """
        if not 0 <= lower <= upper <= self.total:
            raise IndexError(f"Offsets {lower}..{upper} are outside 0..{self.total}.")
        found: list[str] = []
        offset = lower
        for _ in range(LOOKED):
            if offset >= upper or len(found) == most:
                break
            label = self._place(self._digits(offset, self.width), 0)
            name = self._name(label)
            if name is not None:
                found.append(name)
            offset = offset + 1 if name is not None else self._after_illegal(offset, label)
        return found

    def _after_illegal(self, offset: int, label: str) -> int:
        """The first offset after an illegal label that is not illegal for the same hyphens at its beginning."""
        if label[0] == "-":
            fixed = self._digits_among(1)
        elif label[2:4] == "--" and not label.startswith("xn--"):
            fixed = self._digits_among(4)
        else:
            fixed = self.width
        block: int = len(self.characters) ** (self.width - fixed)
        return (offset // block + 1) * block

    def _digits_among(self, length: int) -> int:
        """How many of the first `length` characters of a label are digits of its offset."""
        after = max(0, length - self.prefix_length - len(self.constant))
        return min(self.prefix_length, length) + min(self.suffix_length, after)

    @property
    def _is_ascii(self) -> bool:
        return self.characters.isascii() and self.constant.isascii()

    def _digits(self, number: int, width: int) -> str:
        """`number` written with `width` digits, most significant first."""
        base = len(self.characters)
        digits = []
        for _ in range(width):
            number, digit = divmod(number, base)
            digits.append(self.characters[digit])
        return "".join(reversed(digits))

    def _place(self, digits: str, at: int) -> str:
        """`digits`, of which the first is digit `at`, with the constant if its place is among or after them.

        The constant belongs after digit `prefix_length`, which for SUFFIX is before the first.
        """
        cut = self.prefix_length - at
        inside = 0 <= cut <= len(digits) and (cut > 0 or at == 0)
        return digits[:cut] + self.constant + digits[cut:] if inside else digits

    def _name(self, label: str) -> str | None:
        legal = to_a_label(label)
        name = None if legal is None else legal + self.tld
        return name if name is not None and len(name) <= MAX_NAME else None

    @cached_property
    def _ending_width(self) -> int:
        """How many last digits have at most `_ENDINGS` values; one at least."""
        width = 1
        while width < self.width and len(self.characters) ** (width + 1) <= _ENDINGS:
            width += 1
        return width

    def _ascii_names(self, lower: int, upper: int) -> Iterator[tuple[int, str | None]]:
        split = self.width - self._ending_width
        endings = self._endings(split)
        offset = lower
        while offset < upper:
            high, low = divmod(offset, len(endings))
            head = self._place(self._digits(high, split), 0) if split else ""
            stop = min(len(endings), low + upper - offset)
            for ending in endings[low:stop]:
                label = head + ending
                # Most labels pass these three tests; the others are looked at in full.
                plain = label[0] != "-" and label[-1] != "-" and label[2:4] != "--"
                yield offset, label + self.tld if plain or is_plain_label(label) else None
                offset += 1

    def _endings(self, at: int) -> list[str]:
        """Every value of the digits from `at` on, in order, with the constant if it stands among them."""
        rows = itertools.product(self.characters, repeat=self.width - at)
        return [self._place("".join(row), at) for row in rows]

    def _other_names(self, lower: int, upper: int) -> Iterator[tuple[int, str | None]]:
        for offset in range(lower, upper):
            yield offset, self._name(self._place(self._digits(offset, self.width), 0))


def config_hash(spaces: Sequence[Space]) -> str:
    """What a configuration enumerates, in 64 hex digits: the key of its space, or one over those of several."""
    if len(spaces) == 1:
        return spaces[0].key
    return hashlib.sha256("".join(sorted(space.key for space in spaces)).encode("ascii")).hexdigest()
