"""Who may do what: a ladder of three roles, each of which may do what the one below it may."""

from auth.principal import Principal
from core.errors import Forbidden
from vocabulary.access import Role


def require(caller: Principal, needed: Role) -> None:
    """Let `caller` pass if their role is `needed` or more.

    Raises:
        Forbidden: it is less.
    """
    if caller.role.rank < needed.rank:
        raise Forbidden(needed.value)
