"""Which labels and names are legal host names, and the A-label form of those that are not ASCII.

A legal label follows RFC 1123 section 2.1 (letters, digits, inner hyphens, 1 to 63 octets), and where it has
other characters RFC 5891 section 4: NFC, no leading combining mark, contextual and bidirectional rules, no
hyphens in places 3 and 4 but in a true A-label. There is no mapping (UTS 46) anywhere: what is not legal as it
stands is refused, because a mapping could make one name of two.
"""

import unicodedata

import idna
from idna.idnadata import codepoint_classes
from idna.intranges import intranges_contain

MAX_LABEL = 63
MAX_NAME = 253

_ASCII = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


def is_legal_character(char: str) -> bool:
    """Whether `char` may stand in some label: PVALID or CONTEXTO of RFC 5892, assigned, in lower case.

    The joiners of CONTEXTJ are invisible and are refused, as is what this Python's Unicode does not know yet.
    """
    if char in _ASCII:
        return True
    point = ord(char)
    if point < 128 or unicodedata.category(char) in {"Cn", "Cs", "Co"}:
        return False
    return intranges_contain(point, codepoint_classes["PVALID"]) or intranges_contain(
        point, codepoint_classes["CONTEXTO"]
    )


def is_mark(char: str) -> bool:
    """Whether `char` is a combining mark, which can melt into the character before it (NFC)."""
    return unicodedata.category(char).startswith("M")


def is_plain_label(label: str) -> bool:
    """The hyphen and length rules for a label that is known to be of ASCII letters, digits and hyphens."""
    if not 0 < len(label) <= MAX_LABEL or label[0] == "-" or label[-1] == "-":
        return False
    return label[2:4] != "--" or _is_a_label(label)


def _is_a_label(label: str) -> bool:
    """Whether an ASCII label with `--` in places 3 and 4 is a true A-label (RFC 5890, section 2.3.2.1)."""
    if not label.startswith("xn--"):
        return False
    try:
        return bool(idna.alabel(idna.ulabel(label)) == label.encode("ascii"))
    except UnicodeError:
        return False


def to_a_label(label: str) -> str | None:
    """The form of `label` that goes into the DNS, or None if it is not a legal label."""
    if label.isascii():
        return label if _ASCII.issuperset(label) and is_plain_label(label) else None
    try:
        return idna.alabel(label).decode("ascii")
    except (UnicodeError, ValueError):
        # The ValueError is idna's word for a character that this Python's Unicode does not know.
        return None


def describe(char: str) -> str:
    """A character as it can be shown safely: its code point, and itself if it is printable."""
    shown = f" ({char})" if char.isprintable() else ""
    return f"U+{ord(char):04X}{shown}"
