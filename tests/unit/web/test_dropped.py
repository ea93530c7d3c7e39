"""What a server's process says of coroutines that nobody awaits: nothing of graphql-core's, and all of others."""

import subprocess
import sys

import pytest

SCRIPT = """
import gc
from collections import namedtuple
from web.dropped import overlook_dropped

overlook_dropped()

async def work():
    pass

work.__qualname__ = {name!r}

def drop():
    held = [work()]
    held.append(held)

{end}
"""
HERE = "drop(); gc.collect()"
WHERE_NOTHING_CAN_BE_IMPORTED = """
drop()
exec("collect()", {"__builtins__": {}, "collect": gc.collect})
"""
OURS = "Executor.execute_fields.<locals>.get_results"


def said(name: str, end: str) -> str:
    """What a process says in which such a coroutine is dropped."""
    script = SCRIPT.format(name=name, end=end)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stderr


@pytest.mark.parametrize("end", [HERE, WHERE_NOTHING_CAN_BE_IMPORTED])
@pytest.mark.parametrize(
    "name", [OURS, "_later", "GraphQLCoreConverter.from_resolver.<locals>._async_resolver"]
)
def test_of_what_is_dropped_nothing_is_said(name: str, end: str) -> None:
    assert said(name, end) == ""


@pytest.mark.parametrize(
    ("end", "told"), [(HERE, "was never awaited"), (WHERE_NOTHING_CAN_BE_IMPORTED, "Exception ignored in")]
)
def test_of_others_it_is(end: str, told: str) -> None:
    assert told in said("Work.begin", end)
