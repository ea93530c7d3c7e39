"""The budget of one operation: how many rows its lists may ask for, and how many they may give."""

from core.limits import Limit
from graph.errors import TooMuch


class Budget:
    """How many rows the lists of one operation may ask for, and as many that they may give. It knows nothing of it.

    Asked for is what a list with a size may give: a page of 100 campaigns with 50 domains each is 5,100; a page of
    1,000 domains is 1,000. What may have to look at all rows of something, a count or a sum for instance, counts as
    many (`graph/loaders.py`). Given is what any list tells, one without a size and one inside of other rows too, as
    often as it is told (`graph/compiling/counting.py`); `room` is how many rows are left of that.
    """

    __slots__ = ("_most", "_rows_left", "room")

    def __init__(self, most: int) -> None:
        self._most = self._rows_left = self.room = most

    def __repr__(self) -> str:
        return f"<Budget of {self._rows_left} rows to ask for, {self.room} to give>"

    def renew(self) -> None:
        """Be as at the beginning."""
        self._rows_left = self.room = self._most

    @property
    def spent(self) -> int:
        """How many rows were asked for."""
        return self._most - self._rows_left

    def spend(self, rows: int) -> None:
        """Count the rows that a list may give, so that nested lists cannot multiply without end.

        Raises:
            Refused: the operation asks for more than that in all.
        """
        self._rows_left -= rows
        if self._rows_left < 0:
            raise TooMuch(
                Limit.MAX_ROWS,
                self._most,
                f"The lists of one operation may give {self._most} rows in all, as which counts, sums and "
                "searches count too; ask for smaller pages.",
            )

    def give(self, rows: int) -> None:
        """Count the rows that a list gives, or is about to.

        Raises:
            Refused: they are more than the operation may have in all, or others were before.
        """
        self.room -= rows
        self.check(0)

    def check(self, rows: int) -> None:
        """See that so many more may be given, before they are made.

        Raises:
            Refused: they are too many.
        """
        if rows > self.room:
            raise TooMuch(
                Limit.MAX_ROWS,
                self._most,
                f"The lists of one operation may give {self._most} rows in all, those inside of other rows too; "
                "ask for smaller pages, or for fewer lists in them.",
            )
