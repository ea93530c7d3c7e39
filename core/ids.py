"""Ids: UUID version 7 (RFC 9562, section 5.7), whose order is the order of their making.

Index pages fill from one end, and a list ordered by id is ordered by creation.
"""

import os
import secrets
import time
import uuid

_RANDOM_BITS_A = 12
_RANDOM_BITS_B = 62
_TAG_BITS = 32


def new_id() -> uuid.UUID:
    """A fresh UUIDv7: 48 bits of Unix milliseconds, then 74 random bits."""
    millis = time.time_ns() // 1_000_000
    value = (millis & (2**48 - 1)) << 80
    value |= 0x7 << 76
    value |= secrets.randbits(_RANDOM_BITS_A) << 64
    value |= 0b10 << 62
    value |= secrets.randbits(_RANDOM_BITS_B)
    return uuid.UUID(int=value)


def new_tag() -> int:
    """32 random bits, which tell what has the same number apart."""
    return secrets.randbits(_TAG_BITS)


def process_name() -> str:
    """A name for this process that no other process on any machine shares."""
    return f"{os.getpid()}-{secrets.token_hex(6)}"
