"""Rounds on one database, until so many subscriptions have begun."""

from pathlib import Path

from tests.fakes.house import open_house
from tests.fakes.stage import open_stage
from tests.interleavings.rounds import Rounds, Told

VERBS = 60


async def run(url: str, folder: Path, wanted: int, seed: int) -> Told:
    """Play rounds on an empty database at `url`; a difference ends it, and is in `failures`."""
    async with open_house(url) as house, open_stage(house, folder / "key") as stage:
        rounds = Rounds(stage, seed, per_place=0.6)
        await rounds.prepare()
        try:
            while rounds.told.begun.total() < wanted and not rounds.told.failures:
                await rounds.play(VERBS, wanted)
                rounds.told.tally["rounds"] += 1
        finally:
            await rounds.close()
        rounds.told.tally["commits"] = rounds.commits
    return rounds.told
