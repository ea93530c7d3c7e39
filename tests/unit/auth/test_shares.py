"""How many tests one principal may have at a time: refused by name, and free again however one ends."""

from contextlib import ExitStack

import pytest

from auth.principal import Principal
from auth.shares import Shares
from core.ids import new_id
from vocabulary.access import Role
from vocabulary.operations import Throttled

ALICE = Principal(new_id(), "alice", Role.OPERATOR)
BOB = Principal(new_id(), "bob", Role.ADMIN)


def test_one_too_many_of_a_principal_is_refused_by_name() -> None:
    shares = Shares(2)
    with ExitStack() as under_way:
        for _ in range(2):
            under_way.enter_context(shares.test(ALICE))
        # All tokens of a principal have one share, and another principal another one.
        same = Principal(ALICE.id, "alice", Role.VIEWER, token_id=new_id())
        with pytest.raises(Throttled) as refusal, shares.test(same):
            pass
        under_way.enter_context(shares.test(BOB))
        assert repr(shares) == "<Shares of 2, 3 tests>"
    (error,) = refusal.value.errors
    assert error["extensions"] == {
        "code": "RATE_LIMITED",
        "limit": 2,
        "limitName": "principalTests",
        "retryable": True,
        "retryAfterSeconds": refusal.value.retry_after_seconds,
    }
    assert repr(shares) == "<Shares of 2, 0 tests>"


def test_a_test_that_fails_makes_room_for_another() -> None:
    shares = Shares(1)
    with pytest.raises(ZeroDivisionError), shares.test(ALICE):
        _ = 1 / 0
    with shares.test(ALICE):
        pass


def test_zero_is_no_limit() -> None:
    shares = Shares(0)
    with ExitStack() as under_way:
        for _ in range(100):
            under_way.enter_context(shares.test(ALICE))
