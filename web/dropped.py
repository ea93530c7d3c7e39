"""Coroutines that graphql-core drops, of which Python need not tell the log of a server.

When a field fails, those beside it are cancelled. One that had not begun by then is dropped, with all the coroutines
that it would have awaited. Python takes that for a mistake and warns of each; where the collector of garbage comes by
in code that can import nothing, such as the constructor of a named tuple, it cannot even do that, and prints a
traceback. In an hour of hostile requests there were a few of these. All else that cannot be raised is told as ever, and
tests know nothing of this: to them a coroutine of ours that nobody awaits is an error.
"""

import sys
import warnings
from inspect import CORO_CREATED, getcoroutinestate, iscoroutine
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

DROPPED = ("Executor.", "GraphQLCoreConverter.", "_later")
"""How the names of coroutines begin that an executor makes, ours or graphql-core's, and Strawberry's of resolvers."""


def overlook_dropped() -> None:
    """Say nothing of them in this process from now on."""
    names = "|".join(name.replace(".", r"\.") for name in DROPPED)
    warnings.filterwarnings("ignore", rf"coroutine '({names})", RuntimeWarning)
    told = sys.unraisablehook

    def tell(args: "UnraisableHookArgs") -> None:
        if not _is_dropped(args.object):
            told(args)

    sys.unraisablehook = tell


def _is_dropped(thing: object) -> bool:
    """Whether it is one of them, and has not begun: what goes wrong in one that has is worth telling."""
    is_new = iscoroutine(thing) and getcoroutinestate(thing) == CORO_CREATED
    return is_new and getattr(thing, "__qualname__", "").startswith(DROPPED)
