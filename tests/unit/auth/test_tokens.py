"""Bearer tokens."""

import hashlib
import re

import pytest

from auth.tokens import Unauthenticated, digest, is_sendable, new_token


def test_a_new_token_is_hg_and_43_characters_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch(r"hg_[A-Za-z0-9_-]{43}", token) for token in tokens)
    assert all(is_sendable(token) for token in tokens)


def test_the_digest_is_sha256_in_hex() -> None:
    assert digest("hg_x") == hashlib.sha256(b"hg_x").hexdigest()


def test_the_digest_of_anything_is_made_without_an_error() -> None:
    assert len(digest("\ud800\0é")) == 64


@pytest.mark.parametrize("token", ["", "a b", "a\n", "é", "a" * 513, "=", "a\0", "a=b"])
def test_what_no_header_can_carry_is_not_sendable(token: str) -> None:
    assert not is_sendable(token)


@pytest.mark.parametrize("token", ["a", "abc==", "A-._~+/9", "a" * 512])
def test_what_a_header_can_carry_is_sendable(token: str) -> None:
    assert is_sendable(token)


def test_the_error_says_what_is_needed_and_no_more() -> None:
    assert str(Unauthenticated()) == "This needs a valid bearer token."
