"""A bell that rings nowhere and remembers."""

from db.unit_of_work import Outcome


class RecordingBell:
    """Conforms to `db.unit_of_work.Bell`; `settled` lists (number, outcome, position, work)."""

    def __init__(self) -> None:
        self.announced: list[int] = []
        self.settled: list[tuple[int, Outcome, int, bool]] = []

    async def announce(self) -> int:
        self.announced.append(len(self.announced) + 1)
        return self.announced[-1]

    def settle(
        self, number: int, outcome: Outcome, position: int, *, work: bool, tag: int | None = None
    ) -> None:
        self.settled.append((number, outcome, position, work))
