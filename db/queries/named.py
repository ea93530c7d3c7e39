"""The orders of everything that has a name and a time of making."""

from enum import StrEnum


class NamedOrderField(StrEnum):
    """What proxies, personas and keyword sets are ordered by."""

    NAME = "NAME"
    CREATED_AT = "CREATED_AT"
