"""What the database held after each commit, read by the writer itself in the transaction that it commits.

The end of the log is locked from the last statements of a transaction to its commit (`events/log.py`), so what the
transaction sees then is what everybody sees at its last position: its own changes and those of all before it.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import select

from db.engine import Session
from db.models import CampaignRow, EventRow, KeywordSetRow, PersonaRow, PhaseRow, ProxyRow
from db.unit_of_work import UnitOfWork, append_events
from graph import node_ids

Entry = tuple[Any, ...]
State = Mapping[str, Mapping[str, Entry]]
Write = Callable[..., AbstractAsyncContextManager[UnitOfWork]]

FEED = 50
"""How many lines the feed's snapshot has."""
WORD = re.compile(r"(?<!^)(?=[A-Z])")
KINDS = ("KeywordSet", "Persona", "Proxy", "Campaign")


async def read_state(session: Session, owner_id: UUID) -> State:
    """All that belongs to somebody, by kind and id, each as a client's view has it."""
    rules = select(KeywordSetRow.id, KeywordSetRow.name, KeywordSetRow.enabled, KeywordSetRow.version)
    personas = select(PersonaRow.id, PersonaRow.name, PersonaRow.enabled, PersonaRow.version)
    proxies = select(
        ProxyRow.id, ProxyRow.name, ProxyRow.enabled, ProxyRow.health, ProxyRow.port, ProxyRow.version
    )
    return {
        "KeywordSet": _entries(
            "KeywordSet", await session.execute(rules.where(KeywordSetRow.owner_id == owner_id))
        ),
        "Persona": _entries(
            "Persona", await session.execute(personas.where(PersonaRow.owner_id == owner_id))
        ),
        "Proxy": _entries("Proxy", await session.execute(proxies.where(ProxyRow.owner_id == owner_id))),
        "Campaign": await _campaigns(session, owner_id),
        "Activity": await _feed(session, owner_id),
    }


async def _feed(session: Session, owner_id: UUID) -> dict[str, Entry]:
    newest = (
        select(EventRow.position, EventRow.type, EventRow.summary)
        .where(EventRow.owner_id == owner_id, EventRow.feed)
        .order_by(EventRow.position.desc())
        .limit(FEED)
    )
    found = await session.execute(newest)
    return {place_key(place): (WORD.sub("_", kind).upper(), summary) for place, kind, summary in found}


def place_key(position: int) -> str:
    """A position as the key of a line of the feed; keys ascend as positions do."""
    return f"{position:012}"


def _entries(kind: str, rows: Any) -> dict[str, Entry]:
    return {node_ids.encode(kind, ident): tuple(_plain(value) for value in values) for ident, *values in rows}


def _plain(value: Any) -> Any:
    return getattr(value, "value", value)


async def _campaigns(session: Session, owner_id: UUID) -> dict[str, Entry]:
    wanted = select(
        CampaignRow.id, CampaignRow.name, CampaignRow.status, CampaignRow.mode, CampaignRow.version
    )
    found = _entries("Campaign", await session.execute(wanted.where(CampaignRow.owner_id == owner_id)))
    phases = (
        select(PhaseRow.campaign_id, PhaseRow.kind, PhaseRow.status)
        .join(CampaignRow, CampaignRow.id == PhaseRow.campaign_id)
        .where(CampaignRow.owner_id == owner_id)
        .order_by(PhaseRow.ordinal)
    )
    of: dict[str, dict[str, str]] = {ident: {} for ident in found}
    for ident, kind, status in await session.execute(phases):
        of[node_ids.encode("Campaign", ident)][kind.value] = status.value
    return {ident: (*entry, tuple(of[ident].items())) for ident, entry in found.items()}


class States:
    """The states by position, and how each thing was from which position on."""

    def __init__(self) -> None:
        self.positions: list[int] = []
        self._states: dict[int, State] = {}
        self._lives: dict[tuple[str, str], list[tuple[int, Entry | None]]] = {}

    def note(self, position: int, state: State) -> None:
        """Keep the state at a position. A commit that failed afterwards had the same one, and is forgotten."""
        while self.positions and self.positions[-1] >= position:
            self._forget(self.positions.pop())
        before = self._states[self.positions[-1]] if self.positions else {}
        self.positions.append(position)
        self._states[position] = state
        for kind in KINDS:
            was, now = before.get(kind, {}), state[kind]
            for ident in {**was, **now}:
                if was.get(ident) != now.get(ident):
                    self._lives.setdefault((kind, ident), []).append((position, now.get(ident)))

    def _forget(self, position: int) -> None:
        del self._states[position]
        for life in self._lives.values():
            if life and life[-1][0] == position:
                life.pop()

    def at(self, position: int) -> State:
        """The state at the last position of a transaction."""
        return self._states[position]

    def is_end(self, position: int) -> bool:
        """Whether a transaction ended at the position."""
        return position in self._states

    def end_of(self, position: int) -> int:
        """The last position of the transaction that a position is of."""
        return self.positions[bisect_left(self.positions, position)]

    def between(self, start: int, end: int) -> list[int]:
        """The positions at which transactions ended, from `start` to before `end`."""
        return self.positions[bisect_left(self.positions, start) : bisect_left(self.positions, end)]

    def since(self, kind: str, ident: str, position: int) -> Iterator[Entry | None]:
        """How a thing was at a position, and at all times after it; None: it was not there."""
        life = self._lives.get((kind, ident), [])
        now = bisect_right(life, position, key=lambda one: one[0])
        if now == 0:
            yield None
        for _, entry in life[max(0, now - 1) :]:
            yield entry


def recorded(write: Write, states: States, owner_id: UUID) -> Write:
    """`Database.write` that notes the state in each transaction which records events, right before its commit."""

    @asynccontextmanager
    async def recording(seconds: float | None = None) -> AsyncIterator[UnitOfWork]:
        async with write(seconds) as unit:
            yield unit
            if unit.pending:
                await append_events(unit)
                states.note(unit.position, await read_state(unit.session, owner_id))

    return recording
