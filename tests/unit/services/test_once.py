"""Requests with a key are done once, and everybody who sends one is answered the same."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import msgspec
import pytest

from auth.principal import Principal
from core.errors import Conflict, NotFound, ValidationFailed
from core.ids import new_id
from db.models import IdempotencyRow
from db.unit_of_work import Database, UnitOfWork
from services.once import MAX_KEY, Once, Request
from services.refusals import already_exists, invalid_transition
from tests.fakes.bell import RecordingBell
from tests.fakes.house import House
from vocabulary.access import Role

ASKED = Request("MAKE", ("a", 1))
Verb = Callable[[UnitOfWork], Awaitable[UUID]]


class InterruptedBell(RecordingBell):
    """Lets something else happen just before the second transaction begins."""

    def __init__(self, meanwhile: Callable[[], Awaitable[object]]) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    async def announce(self) -> int:
        number = await super().announce()
        if number == 2:
            await self._meanwhile()
        return number


def making(ident: UUID) -> Verb:
    async def verb(_unit: UnitOfWork) -> UUID:
        return ident

    return verb


async def refusing(_unit: UnitOfWork) -> UUID:
    raise invalid_transition("thing", "ASLEEP", "MAKE")


async def refusing_otherwise(_unit: UnitOfWork) -> UUID:
    raise already_exists("A thing", ("name",))


@pytest.fixture
def once(house: House) -> Once[UUID]:
    return Once(house.database, UUID)


async def test_the_first_answer_is_the_answer(house: House, once: Once[UUID]) -> None:
    ident = new_id()
    first = await once.run(house.alice, ASKED, "k", making(ident))
    assert first.value == ident
    assert await once.run(house.alice, ASKED, "k", making(new_id())) == first
    assert await once.run(house.alice, ASKED, "k", refusing) == first
    assert await house.count(IdempotencyRow) == 1


async def test_without_a_key_each_request_is_done(house: House, once: Once[UUID]) -> None:
    for ident in (new_id(), new_id()):
        assert (await once.run(house.alice, ASKED, None, making(ident))).value == ident
    assert await house.count(IdempotencyRow) == 0


async def test_a_refusal_is_an_answer_too(house: House, once: Once[UUID]) -> None:
    with pytest.raises(Conflict) as first:
        await once.run(house.alice, ASKED, "k", refusing)
    with pytest.raises(Conflict) as again:
        await once.run(house.alice, ASKED, "k", making(new_id()))
    assert (str(again.value), again.value.detail) == (str(first.value), first.value.detail)


@pytest.mark.parametrize("done", [True, False])
async def test_who_was_refused_hears_what_was_answered_meanwhile(
    house: House, once: Once[UUID], done: bool
) -> None:
    """Between the rollback of a refused verb and its answer the same request is answered to somebody else."""
    ident = new_id()

    async def other() -> None:
        if done:
            await once.run(house.alice, ASKED, "k", making(ident))
        else:
            with pytest.raises(Conflict, match="A thing"):
                await once.run(house.alice, ASKED, "k", refusing_otherwise)

    slow = Once(Database(house.database.engines, InterruptedBell(other), house.clock), UUID)
    if done:
        assert (await slow.run(house.alice, ASKED, "k", refusing)).value == ident
    else:
        with pytest.raises(Conflict, match="A thing"):
            await slow.run(house.alice, ASKED, "k", refusing)


def lesser(admin: Principal) -> Principal:
    """The same principal with another token, or after losing the role."""
    return msgspec.structs.replace(admin, role=Role.OPERATOR)


async def unknown(_unit: UnitOfWork) -> UUID:
    raise NotFound("thing", "of bob's")


async def invalid(_unit: UnitOfWork) -> UUID:
    raise ValidationFailed.at(["name"], "is that of bob's")


@pytest.mark.parametrize("verb", [refusing_otherwise, unknown, invalid])
async def test_how_an_admin_was_refused_is_not_told_to_less_than_one(
    house: House, once: Once[UUID], verb: Verb
) -> None:
    with pytest.raises((Conflict, NotFound, ValidationFailed)) as first:
        await once.run(house.admin, ASKED, "k", verb)
    with pytest.raises(Conflict) as refused:
        await once.run(lesser(house.admin), ASKED, "k", making(new_id()))
    assert refused.value.detail.code == "IDEMPOTENCY_KEY_REUSED"
    assert refused.value.detail.path == ("idempotencyKey",)
    # Asking so has taken nothing from the admin.
    with pytest.raises(type(first.value)) as again:
        await once.run(house.admin, ASKED, "k", making(new_id()))
    assert str(again.value) == str(first.value)


async def test_less_than_an_admin_hears_that_it_was_done_unless_the_value_names_things(
    house: House, once: Once[UUID]
) -> None:
    telling = Once(house.database, UUID, names_things=True)
    first = await once.run(house.admin, ASKED, "k", making(new_id()))
    assert await once.run(lesser(house.admin), ASKED, "k", refusing) == first
    with pytest.raises(Conflict) as refused:
        await telling.run(lesser(house.admin), ASKED, "k", making(new_id()))
    assert refused.value.detail.code == "IDEMPOTENCY_KEY_REUSED"
    assert await telling.run(house.admin, ASKED, "k", refusing) == first


async def test_the_same_of_work_that_takes_long(house: House) -> None:
    telling = Once(house.database, UUID, names_things=True)

    async def work() -> UUID:
        return new_id()

    async def verb(_unit: UnitOfWork, ident: UUID) -> UUID:
        return ident

    first = await telling.run_after(house.admin, ASKED, "k", work, verb)
    with pytest.raises(Conflict) as refused:
        await telling.run_after(lesser(house.admin), ASKED, "k", work, verb)
    assert refused.value.detail.code == "IDEMPOTENCY_KEY_REUSED"
    assert await telling.run_after(house.admin, ASKED, "k", work, verb) == first


async def test_an_admin_hears_what_they_were_answered_as_less(house: House) -> None:
    telling = Once(house.database, UUID, names_things=True)
    first = await telling.run(lesser(house.admin), ASKED, "k", making(new_id()))
    assert await telling.run(house.admin, ASKED, "k", refusing) == first
    with pytest.raises(Conflict, match="ASLEEP"):
        await telling.run(lesser(house.admin), ASKED, "other", refusing)
    with pytest.raises(Conflict, match="ASLEEP"):
        await telling.run(house.admin, ASKED, "other", making(new_id()))


async def test_who_was_refused_hears_that_their_key_was_taken_for_something_else(
    house: House, once: Once[UUID]
) -> None:
    async def other() -> None:
        await once.run(house.alice, Request("MAKE", ("b", 1)), "k", making(new_id()))

    slow = Once(Database(house.database.engines, InterruptedBell(other), house.clock), UUID)
    with pytest.raises(Conflict) as refused:
        await slow.run(house.alice, ASKED, "k", refusing)
    assert refused.value.detail.code == "IDEMPOTENCY_KEY_REUSED"


async def test_a_verb_that_breaks_leaves_its_key_free(house: House, once: Once[UUID]) -> None:
    async def breaking(_unit: UnitOfWork) -> UUID:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError):
        await once.run(house.alice, ASKED, "k", breaking)
    ident = new_id()
    assert (await once.run(house.alice, ASKED, "k", making(ident))).value == ident


@pytest.mark.parametrize("key", ["", "x" * (MAX_KEY + 1), "\0"])
async def test_a_key_has_a_form(house: House, once: Once[UUID], key: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        await once.run(house.alice, ASKED, key, making(new_id()))
    assert refused.value.violations[0].path == ("idempotencyKey",)


async def test_what_is_unknown_is_remembered_as_unknown(house: House, once: Once[UUID]) -> None:
    stranger = new_id()

    async def unknown(_unit: UnitOfWork) -> UUID:
        raise NotFound("thing", str(stranger))

    for verb in (unknown, making(new_id())):
        with pytest.raises(NotFound) as refused:
            await once.run(house.alice, ASKED, "k", verb)
        assert (refused.value.noun, refused.value.ident) == ("thing", str(stranger))


async def test_work_that_takes_long_is_done_once_too(house: House, once: Once[UUID]) -> None:
    worked: list[UUID] = []

    async def work() -> UUID:
        worked.append(new_id())
        return worked[-1]

    async def verb(_unit: UnitOfWork, ident: UUID) -> UUID:
        return ident

    first = await once.run_after(house.alice, ASKED, "k", work, verb)
    assert await once.run_after(house.alice, ASKED, "k", work, verb) == first
    assert [first.value] == worked
    assert (await once.run_after(house.alice, ASKED, None, work, verb)).value == worked[1]
    house.clock.advance(24 * 3600)
    assert (await once.run_after(house.alice, ASKED, "k", work, verb)).value == worked[2]


async def test_a_refusal_of_such_work_is_an_answer_too(house: House, once: Once[UUID]) -> None:
    async def refused() -> UUID:
        raise invalid_transition("thing", "ASLEEP", "MAKE")

    async def working() -> UUID:
        return new_id()

    async def verb(_unit: UnitOfWork, ident: UUID) -> UUID:
        return ident

    for work in (refused, working):
        with pytest.raises(Conflict, match="ASLEEP"):
            await once.run_after(house.alice, ASKED, "k", work, verb)
    with pytest.raises(ValidationFailed):
        await once.run_after(house.alice, ASKED, "", working, verb)


def test_sets_are_the_same_in_any_order_and_process() -> None:
    assert Request("MAKE", {"b", "a", "c"}).fingerprint == Request("MAKE", {"c", "b", "a"}).fingerprint
    assert Request("MAKE", ("a",)).fingerprint != Request("MAKE", ("b",)).fingerprint
    assert Request("MAKE", ("a",)).fingerprint != Request("COPY", ("a",)).fingerprint
