"""How far the slowest member of each field is behind, for who asks: found then, so that no delivery pays for it.

It is counted in events of the log, as what a process and the log keep is: beyond the one a member is read for, and
beyond the other it is reset. In a group only the member that is furthest back matters, and to find it is one look at
each, which all in all takes less than a tenth of telling them one event. Who waits for a snapshot lacks no event.
"""

from collections.abc import Iterable

from live.group import Group
from live.groups import Groups
from live.member import REPLACED, Member


def slowest(groups: Groups) -> dict[str, int]:
    """By field: how many events have come from the oldest on that any of its members lacks; 0 if none lacks any.

    Where the window no longer has what a member lacks, what follows its place counts, whether it concerns the stream
    or not.
    """
    lags: dict[str, int] = {}
    for group in groups:
        field = group.stream.field
        lags[field] = max(lags.get(field, 0), _lag(group, groups.hub.era, groups.hub.position))
    return lags


def _lag(group: Group, era: int, head: int) -> int:
    position, window = _furthest_back(group.members), group.window
    # Positions of a log that was replaced say nothing of the new one; the group is about to go over to it.
    if position is None or group.era != era:
        return 0
    if position < window.floor:
        return max(0, head - window.beyond_silence(position))
    due = window.after(position, 1)
    return max(0, head + 1 - due[0].frame.position) if due else 0


def _furthest_back(members: Iterable[Member]) -> int | None:
    lowest: int | None = None
    for member in members:
        position = member.position
        if position is not None and position != REPLACED and (lowest is None or position < lowest):
            lowest = position
    return lowest
