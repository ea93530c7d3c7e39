"""Optimistic versions."""

from dataclasses import dataclass

import pytest

from core.errors import Conflict
from services.versions import expect_version


@dataclass
class Row:
    """What has a version."""

    version: int


def test_the_version_that_was_seen_is_let_through() -> None:
    """So is a caller who names none."""
    expect_version(Row(3), 3)
    expect_version(Row(3), None)


@pytest.mark.parametrize("expected", [2, 4, 0, -1])
def test_another_version_is_refused_with_the_present_one(expected: int) -> None:
    """The caller learns what to read again."""
    with pytest.raises(Conflict) as caught:
        expect_version(Row(3), expected)
    assert caught.value.detail.code == "VERSION_MISMATCH"
    assert caught.value.detail.current_state == "3"
    assert caught.value.detail.path == ("expectedVersion",)
