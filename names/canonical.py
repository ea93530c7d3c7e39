"""The one canonical form of what a space is made of; the key and the enumeration both come from it.

The earlier system sorted and folded for the key and enumerated from what was typed, so that `abc` and `cba`
shared an offset and walked different sequences: repeats and holes. Here nothing but this form is ever used.

Characters are NFC, lower case one by one (`str.lower` on a whole string is not: it writes a final sigma by its
neighbours), each once, in code point order. Folding by `casefold` would make ss of ß, which are two different
names in IDNA 2008. The TLD is kept as A-labels, for `.рф` and `.xn--p1ai` are one zone and must share an offset.

Two offsets can never give one name: every digit is one code point at a fixed place, none of them is a combining
mark, a label that is not NFC is illegal and not mended, punycode is one to one, and an ASCII label of a space is
always shorter than an A-label of the same space.
"""

import unicodedata

from names.labels import to_a_label


def canonical_characters(text: str) -> str:
    """The distinct characters, NFC, lower case, in code point order."""
    folded = (unicodedata.normalize("NFC", char.lower()) for char in unicodedata.normalize("NFC", text))
    return "".join(sorted(set("".join(folded))))


def canonical_constant(text: str) -> str:
    """The constant part: NFC and lower case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())


def canonical_tld(text: str) -> str:
    """The suffix with one leading dot, lower case, as A-labels; a label that is not legal is left as it is."""
    labels = canonical_constant(text).lstrip(".").split(".")
    return "." + ".".join(to_a_label(label) or label for label in labels)
