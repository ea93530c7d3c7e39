"""The bench of results writes all of them, and finds it if some are missing."""

from pathlib import Path

import pytest

from bench.ingest import SHARD, Rates, bare_sqlite, names_of, ours, require_all, rows_of
from core.clock import SystemClock
from core.settings import Settings
from tests.fakes.house import open_house
from tests.fakes.shop import open_shop

NAMES = 220


async def test_a_round_commits_every_result_with_its_events(tmp_path: Path) -> None:
    rates = Rates()
    await ours(f"sqlite+aiosqlite:///{tmp_path / 'a.db'}", NAMES, rates, None)
    assert len(rates.ours) == len(rates.cpu_ms) == 1
    # Three transactions have told of their domains, and the last one of the end of the phase, too.
    assert rates.events > 3


async def test_results_that_are_missing_are_found(tmp_path: Path) -> None:
    async with (
        open_house(f"sqlite+aiosqlite:///{tmp_path / 'a.db'}") as house,
        open_shop(house, SystemClock(), Settings()) as shop,
    ):
        campaign = await shop.generated(names_of(NAMES), SHARD)
        with pytest.raises(SystemExit, match=f"0 of {NAMES}"):
            await require_all(shop, campaign, NAMES)


def test_the_bare_driver_has_the_same_results(tmp_path: Path) -> None:
    assert sum(len(batch) for batch in rows_of(NAMES)) == NAMES
    assert bare_sqlite(tmp_path / "bare.db", NAMES) > 0
