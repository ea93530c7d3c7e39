"""What tests of the database's own rooms share."""

from typing import Any

import pytest

from db.sqlite_driver import Driver


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was done in threads."""
    turns: list[object] = []
    turn = Driver.turn

    async def counted(self: Driver, raw: Any, work: Any, *args: Any, **options: Any) -> Any:
        turns.append(work)
        return await turn(self, raw, work, *args, **options)

    monkeypatch.setattr(Driver, "turn", counted)
    return turns
