"""Who sees what, and who may do what."""

import pytest

from auth.policy import require
from auth.principal import Principal
from core.errors import Forbidden
from core.ids import new_id
from db.scope import EVERYTHING, Scope
from vocabulary.access import Actor, ActorKind, Role

OWNER, OTHER = new_id(), new_id()


def principal(role: Role) -> Principal:
    return Principal(id=OWNER, name="ada", role=role)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_everybody_but_an_admin_sees_their_own(role: Role) -> None:
    scope = principal(role).scope
    assert scope == Scope(owner_id=OWNER)
    assert [scope.sees(OWNER), scope.sees(OTHER), scope.sees(None)] == [True, False, False]


def test_an_admin_sees_everything_and_what_belongs_to_nobody() -> None:
    scope = principal(Role.ADMIN).scope
    assert scope == EVERYTHING
    assert [scope.sees(OWNER), scope.sees(OTHER), scope.sees(None)] == [True, True, True]


def test_an_actor_has_the_name_and_the_id_of_the_principal() -> None:
    assert principal(Role.VIEWER).actor == Actor(kind=ActorKind.PRINCIPAL, name="ada", id=OWNER)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("needed", list(Role))
def test_a_role_may_do_what_the_ones_below_it_may(role: Role, needed: Role) -> None:
    order = [Role.VIEWER, Role.OPERATOR, Role.ADMIN]
    if order.index(role) >= order.index(needed):
        require(principal(role), needed)
        return
    with pytest.raises(Forbidden) as refused:
        require(principal(role), needed)
    assert refused.value.needed == needed.value
