"""A history that breaks a promise, without the steps that have nothing to do with it."""

from collections.abc import Callable

from tests.histories.histories import History
from tests.histories.model import Broken


def shrunk(history: History, play: Callable[[History], None]) -> tuple[History, str]:
    """Leave out steps as long as the rest still breaks a promise; the shortest history found, and what it breaks.

    A history plays the same each time, so each attempt is one play. Hypothesis would look at the numbers too, which
    takes minutes for a list that has to be long.
    """
    reason = _reason(history, play)
    size = len(history.steps)
    while size >= 1:
        start = 0
        while start < len(history.steps):
            attempt = history._replace(steps=[*history.steps[:start], *history.steps[start + size :]])
            found = _reason(attempt, play)
            if found.split()[:1] == reason.split()[:1]:
                history, reason = attempt, found
            else:
                start += size
        size //= 2
    return history, reason


def _reason(history: History, play: Callable[[History], None]) -> str:
    try:
        play(history)
    except Broken as error:
        return str(error)
    return ""
