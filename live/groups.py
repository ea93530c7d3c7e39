"""Every group of a process: who joins which, and when a group begins and ends. `live/group.py` says what a group is."""

import asyncio
from collections.abc import Callable, Iterator

from core.tasks import Owner
from live.commons import Commons, GroupLimits
from live.distributor import Distributor
from live.group import Group
from live.hub import Hub
from live.member import Member
from live.meter import Meter
from live.operations import Stream
from live.shelf import Shelf
from live.waking import Waker, at_once


class Groups:
    """Every group of this process, and the owner of their tasks."""

    def __init__(
        self, hub: Hub, meter: Meter, limits: GroupLimits | None = None, waker: Waker = at_once
    ) -> None:
        self.hub = hub
        self.meter = meter
        self.limits = limits or GroupLimits()
        self.owner = Owner("live.groups")
        self.reading = asyncio.Semaphore(self.limits.replays)
        self.closed = False
        self._groups: dict[object, Group] = {}
        self._members: dict[Member, Group] = {}
        self._commons = Commons(
            hub,
            meter,
            self.limits,
            self.owner,
            self.reading,
            asyncio.Semaphore(self.limits.openings),
            Shelf(self.limits.shelf_bytes),
            Distributor(hub, self.owner, self.limits.page, self.limits.retry_seconds),
            waker,
        )

    def __repr__(self) -> str:
        return f"<Groups {len(self._groups)} groups, {len(self._members)} members>"

    def __len__(self) -> int:
        return len(self._groups)

    def __iter__(self) -> Iterator[Group]:
        return iter(self._groups.values())

    def join(self, stream: Stream, notify: Callable[[], None]) -> Member:
        """Begin to follow a stream; `notify` is called whenever `Member.take` may have something.

        Raises:
            RuntimeError: the groups are closed.
        """
        self._commons.distributor.come_over()
        group = self._groups.get(stream.key)
        if group is None:
            group = self._groups[stream.key] = Group(
                stream, self.start_of(stream), self._commons, self.retire
            )
            self.meter.group_opened(stream.field)
        member = Member(group, stream, notify)
        group.members[member] = None
        self._members[member] = group
        self.meter.subscribed(stream.field)
        return member

    def start_of(self, stream: Stream) -> int:
        """Where a group begins that begins with this subscriber."""
        hub, after = self.hub, stream.after
        if after is None or after < hub.since or hub.position - after > self.limits.backlog:
            return hub.position
        # Others that come from where it comes from may have been told a little less.
        return min(max(hub.since, after - self.limits.page), hub.position)

    def leave(self, member: Member) -> None:
        """End a membership, and with the last one its group. A second call does nothing."""
        group = self._members.pop(member, None)
        if group is None:
            return
        group.members.pop(member, None)
        self.meter.unsubscribed(member.stream.field)
        if not group.members:
            self.retire(group)
            group.end()
            self.meter.group_closed(member.stream.field)

    def retire(self, group: Group) -> None:
        """Whoever subscribes next begins a new group; the members of this one stay until they leave."""
        if self._groups.get(group.stream.key) is group:
            del self._groups[group.stream.key]

    async def close(self) -> None:
        """Tell every member that nothing more will come, then end all tasks and wait for them."""
        self.closed = True
        for member in list(self._members):
            member.dismiss()
        await self.owner.close()
