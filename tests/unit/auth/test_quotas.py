"""What one principal may take: refused by name, with when to come back, and counted."""

from typing import Any

import pytest

from auth.principal import Principal
from auth.quotas import Quotas
from core.ids import new_id
from core.limits import Limit, Limits
from vocabulary.access import Role
from vocabulary.operations import Throttled

ALICE = Principal(new_id(), "alice", Role.OPERATOR)
BOB = Principal(new_id(), "bob", Role.ADMIN)


async def refused(quotas: Quotas, what: str, caller: Principal = ALICE) -> dict[str, Any]:
    with pytest.raises(Throttled) as info:
        await getattr(quotas, what)(caller)
    (error,) = info.value.errors
    extensions: dict[str, Any] = error["extensions"]
    assert extensions.pop("retryAfterSeconds") == pytest.approx(info.value.retry_after_seconds, abs=1e-3)
    assert info.value.retry_after_seconds > 0
    return extensions


@pytest.mark.parametrize(
    ("what", "limit"),
    [
        ("request", "principalRequests"),
        ("mutations", "principalMutations"),
        ("document", "principalDocuments"),
    ],
)
async def test_of_so_many_in_a_minute_the_next_is_refused(what: str, limit: str) -> None:
    quotas = Quotas(Limits(principal_requests=2, principal_mutations=2, principal_documents=2))
    for _ in range(2):
        await getattr(quotas, what)(ALICE)
    assert await refused(quotas, what) == {
        "code": "RATE_LIMITED",
        "limit": 2,
        "limitName": limit,
        "retryable": True,
    }
    # All tokens of a principal have one quota, and another principal another one.
    await getattr(quotas, what)(BOB)
    await refused(quotas, what, Principal(ALICE.id, "alice", Role.VIEWER, token_id=new_id()))
    assert quotas.passed == {Limit(limit): 2}


async def test_more_than_a_minute_allows_is_never_let_through() -> None:
    quotas = Quotas(Limits(principal_mutations=2))
    with pytest.raises(Throttled) as refusal:
        await quotas.mutations(ALICE, 3)
    assert refusal.value.errors[0]["message"] == "You may make 2 mutations in a minute; these are 3."
    await quotas.mutations(ALICE, 2)


async def test_a_connection_that_ends_makes_room_for_another() -> None:
    quotas = Quotas(Limits(principal_connections=1))
    await quotas.connect(ALICE)
    await quotas.connect(BOB)
    told = await refused(quotas, "connect")
    assert (told["limit"], told["limitName"]) == (1, "principalConnections")
    quotas.disconnect(ALICE)
    await quotas.connect(ALICE)
    assert quotas.passed == {Limit.PRINCIPAL_CONNECTIONS: 1}


async def test_zero_is_no_limit() -> None:
    quotas = Quotas(Limits(principal_requests=0, principal_mutations=0, principal_connections=0))
    for _ in range(100):
        await quotas.request(ALICE)
        await quotas.mutations(ALICE)
        await quotas.connect(ALICE)
    quotas.disconnect(ALICE)
