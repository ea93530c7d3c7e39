"""What all groups of a process share, and how large things may grow."""

import asyncio

import msgspec

from core.tasks import Owner
from live.distributor import Distributor
from live.hub import Hub
from live.meter import Meter
from live.shelf import Shelf
from live.waking import Waker


class GroupLimits(msgspec.Struct, frozen=True):
    """Bounds of memory and work.

    Attributes:
        frames: how many frames a group keeps.
        bytes: how many bytes of results a group keeps.
        page: how many events are read from the log at a time, and how long a stretch of it is.
        backlog: how far behind the hub may be whoever a group begins with, for the group to begin a page before it.
        reading: about how many are read at once as long as there is only progress, all of which is held back.
        replays: how many stretches are read for members that are behind at the same time, over all groups.
        openings: how many snapshots are taken at the same time, over all groups.
        shelf_bytes: how many bytes are kept of what was read for members that were behind, over all groups. Clients
            come back over seconds; what is dropped meanwhile is read and rendered anew for all who come later.
        retry_seconds: the first wait after an outage; it doubles up to four times this.
    """

    frames: int = 256
    bytes: int = 1 << 20
    page: int = 64
    backlog: int = 512
    reading: int = 2048
    replays: int = 8
    openings: int = 8
    shelf_bytes: int = 16 << 20
    retry_seconds: float = 0.25


class Commons(msgspec.Struct, frozen=True):
    """What all groups of a process share.

    Attributes:
        hub: what they follow.
        meter: what hears of replays and resets.
        limits: their bounds.
        owner: of their tasks.
        reading: room for those that read the log for members that are behind.
        opening: room for those that take a snapshot.
        shelf: what was read for members that were behind.
        distributor: what calls the groups that an event may concern.
        waker: of what tells the members of a group that something may be due.
    """

    hub: Hub
    meter: Meter
    limits: GroupLimits
    owner: Owner
    reading: asyncio.Semaphore
    opening: asyncio.Semaphore
    shelf: Shelf
    distributor: Distributor
    waker: Waker
