"""Bearer tokens (RFC 6750): how they are made, recognised and kept.

A token is 32 random bytes, so that guessing one is hopeless and a plain SHA-256 of it is as good as a slow
hash. Only the digest is stored, and the database looks for the digest: what the time of that look-up tells
is about the digest, from which nobody gets back to the token.
"""

import hashlib
import re
import secrets

from core.errors import HeliographError

PREFIX = "hg_"
RANDOM_BYTES = 32
MAX_TOKEN = 512

# The b64token of RFC 6750, section 2.1: what an Authorization header can carry.
_B64TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")


class Unauthenticated(HeliographError):
    """No token, or one that is unknown, revoked, expired, or of somebody who was deactivated."""

    def __init__(self) -> None:
        super().__init__("This needs a valid bearer token.")


def new_token() -> str:
    """A fresh token: `hg_` and 43 characters of URL-safe base64."""
    return PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


def digest(token: str) -> str:
    """What is stored in place of a token: its SHA-256 in hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def is_sendable(token: str) -> bool:
    """Whether a token can stand in an Authorization header."""
    return len(token) <= MAX_TOKEN and _B64TOKEN.fullmatch(token) is not None
