"""Ports as an operator writes them: `80,443,8000-8099`."""

import re

_PART = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")


class PortList:
    """A set of ports. `str` is how it was written."""

    def __init__(self, text: str) -> None:
        """Read ports and ranges with commas between; raises ValueError if there is none, or one that cannot be."""
        self._text = text
        self._ranges = tuple(_range(part.strip()) for part in text.split(","))

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"<PortList {self._text}>"

    def __contains__(self, port: int) -> bool:
        return any(port in each for each in self._ranges)


def _range(text: str) -> range:
    match = _PART.fullmatch(text)
    first, last = (0, 0) if match is None else (int(match[1]), int(match[2] or match[1]))
    if not 1 <= first <= last <= 65535:
        raise ValueError(f"{text!r} is no port in 1..65535, and no range of ports such as 8000-8099")
    return range(first, last + 1)
