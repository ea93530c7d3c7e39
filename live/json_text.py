"""Strict JSON from strangers: RFC 8259 without extensions, and never deeper than is sane.

The standard library's parser accepts NaN and Infinity, and what it makes of deep nesting is a RecursionError
somewhere later: in a walk over the value, or while it is encoded again. This one refuses both at the door.
"""

import re
from typing import Any

import msgspec

MAX_DEPTH = 128
_PAIR = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_HALF = r"(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
_ESCAPES = re.compile(rf"{_PAIR}|{_HALF}|\\.")


class Malformed(Exception):
    """The text is not JSON, or is nested absurdly; the message says which, for the sender to read."""


def decode(text: str | bytes) -> Any:
    """The value that the text says, in built-in types.

    Raises:
        Malformed: not JSON, a number out of range, not UTF-8, or nested deeper than `MAX_DEPTH`.
    """
    try:
        value = msgspec.json.decode(text)
    except RecursionError as error:
        raise Malformed(f"JSON is nested deeper than {MAX_DEPTH} levels") from error
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Malformed(_half_a_character(text) or str(error)) from error
    if _brackets(text) > MAX_DEPTH and _deeper_than(value, MAX_DEPTH):
        raise Malformed(f"JSON is nested deeper than {MAX_DEPTH} levels")
    return value


def _half_a_character(text: str | bytes) -> str | None:
    """What is said of text that was cut in the middle of a character, which what reads it calls truncated."""
    whole = text if isinstance(text, str) else text.decode(errors="replace")
    half = next((found["half"] for found in _ESCAPES.finditer(whole) if found["half"]), None)
    return None if half is None else f"A string has half of a surrogate pair, {half}, which is no character"


def _brackets(text: str | bytes) -> int:
    """An upper bound of the depth that costs next to nothing, so that small messages are never walked."""
    if isinstance(text, str):
        return text.count("[") + text.count("{")
    return text.count(b"[") + text.count(b"{")


def _deeper_than(value: Any, limit: int) -> bool:
    """Walk level by level, without recursion."""
    level = [value]
    for _ in range(limit):
        level = [child for node in level for child in _containers(node)]
        if not level:
            return False
    return True


def _containers(node: Any) -> list[Any]:
    """The arrays and objects directly inside one; a scalar is not a level."""
    children = node.values() if isinstance(node, dict) else node
    return [child for child in children if isinstance(child, dict | list)]
