"""Compiled statements are found again, and what they take in memory has a bound."""

from pathlib import Path

import pytest
from sqlalchemy import literal, literal_column, select, union_all
from sqlalchemy.engine import Compiled

from db import compiled
from db.compiled import CompiledStatements
from db.engine import Engines


@pytest.fixture
async def engines(tmp_path: Path) -> Engines:
    return Engines(f"sqlite+aiosqlite:///{tmp_path}/empty.db")


def kept(engines: Engines) -> CompiledStatements:
    found = engines.reader.sync_engine.get_execution_options()["compiled_cache"]
    assert isinstance(found, CompiledStatements)
    return found


async def ask(engines: Engines, parts: int) -> None:
    async with engines.reading() as session:
        await session.execute(union_all(*(select(literal(1).label(f"c{number}")) for number in range(parts))))


async def test_a_statement_is_compiled_once_whatever_its_values(engines: Engines) -> None:
    async with engines.reading() as session:
        for number in range(3):
            assert await session.scalar(select(literal(number))) == number
    assert repr(kept(engines)) == "<CompiledStatements 1 kept>"
    await engines.close()


async def test_each_engine_has_its_own(engines: Engines) -> None:
    await ask(engines, 1)
    written = engines.writer.sync_engine.get_execution_options()["compiled_cache"]
    assert (len(kept(engines)), len(written)) == (1, 0)
    await engines.close()


def of(size: int) -> Compiled:
    """A compiled statement whose text has so many characters."""
    begin = len(select(literal_column("")).compile().string)
    return select(literal_column("x" * (size - begin))).compile()


def test_those_not_used_for_longest_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "KEPT_CHARACTERS", 100)
    statements = CompiledStatements()
    for key, size in (("a", 30), ("b", 30), ("c", 30)):
        statements[key] = of(size)
    assert statements.get("a") is not None
    statements["d"] = of(40)
    assert (list(statements), statements.characters) == (["c", "a", "d"], 100)
    statements["e"] = of(101)
    assert (list(statements), statements.characters) == ([], 0)


def test_one_that_takes_the_place_of_another_is_counted_once() -> None:
    statements = CompiledStatements()
    statements["a"] = of(30)
    statements["a"] = of(50)
    assert (len(statements), statements.characters) == (1, 50)
    del statements["a"]
    assert (len(statements), statements.characters) == (0, 0)
    assert "a" not in statements
