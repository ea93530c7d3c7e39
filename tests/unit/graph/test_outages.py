"""A mutation in an outage: a member of its union says that nothing was done, or that it may have been."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.errors import Unavailable
from db import engine
from graph.reading import Reading
from tests.fakes.house import open_house
from tests.fakes.stage import Frame, Stage, open_stage

CREATE = """
mutation ($name: String!) { createProxyPool(input: {name: $name}) {
  __typename
  ... on CreateProxyPoolPayload { cursor pool { name members { totalCount } } }
  ... on UserError { code message path }
  ... on UnavailableError { retryAfterSeconds isInDoubt }
} }
"""
NOT_DONE = {
    "__typename": "UnavailableError",
    "code": "UNAVAILABLE",
    "message": "The database does not answer now, and nothing was changed; try again.",
    "path": None,
    "retryAfterSeconds": 1.0,
    "isInDoubt": False,
}
LONGEST_MUTATION = 20


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Somebody else writes, and does not come to an end."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


async def test_a_locked_sqlite_file_is_an_outage_and_then_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "SQLITE_BUSY_MILLISECONDS", 50)
    file = tmp_path / "house.db"
    async with (
        open_house(f"sqlite+aiosqlite:///{file}") as house,
        open_stage(house, tmp_path / "key") as stage,
    ):
        with locked(file), capture_logs() as logs:
            refused = await stage.execute(house.alice, CREATE, name="one")
        made = await stage.execute(house.alice, CREATE, name="one")
        assert refused == {"data": {"createProxyPool": NOT_DONE}}
        assert made["data"]["createProxyPool"]["pool"]["name"] == "one"
        assert [(one["in_doubt"], "locked" in one["reason"]) for one in logs] == [(False, True)]
        assert await stage.head() == 1


def fail_at(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let the read of this number fail, and those before it be real."""
    real, calls = Reading.look, iter(range(1, 1000))

    async def look(self: Reading, *args: Any, **kwargs: Any) -> Any:
        if next(calls) >= number:
            raise Unavailable("The database does not answer (gone); try again.")
        return await real(self, *args, **kwargs)

    monkeypatch.setattr(Reading, "look", look)


async def test_whatever_fails_after_the_commit_says_that_it_may_have_been_done(stage: Stage) -> None:
    """The payload is read after the commit: each of its reads can meet the outage."""
    for number in range(1, LONGEST_MUTATION):
        with pytest.MonkeyPatch.context() as patch:
            fail_at(patch, number)
            result = await stage.execute(stage.house.alice, CREATE, name=str(number))
        assert await stage.head() == number
        if "errors" not in result and "pool" in result["data"]["createProxyPool"]:
            break
        assert is_in_doubt(result), result
    assert number > 2


def is_in_doubt(result: Frame) -> bool:
    if "errors" not in result:
        told = result["data"]["createProxyPool"]
        return (
            told == {**NOT_DONE, "isInDoubt": True, "message": told["message"]} and "may" in told["message"]
        )
    (extensions,) = [error["extensions"] for error in result["errors"]]
    return bool(
        extensions == {"code": "UNAVAILABLE", "retryable": True, "retryAfterSeconds": 1.0, "isInDoubt": True}
    )
