"""Those who follow: each keeps a view, and every cursor that it comes to is compared with the database."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from events.cursor import decode
from live.group import Group
from live.member import Member
from tests.fakes.stage import Stage
from tests.interleavings.recording import Entry, States
from tests.interleavings.views import Follow, View, apply, shown, told_of
from vocabulary.operations import Frame

TURN = 8


class Different(AssertionError):
    """A view is not what the database held."""


class Decoder:
    """Decodes each frame of a group once, as the server encoded it once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Frame, Mapping[str, Any]]] = {}

    def root(self, frame: Frame) -> Mapping[str, Any]:
        """The value of the root field."""
        known = self._known.get(id(frame))
        if known is not None and known[0] is frame:
            return known[1]
        result = msgspec.json.decode(frame.payload)
        assert "errors" not in result, result["errors"]
        value: Mapping[str, Any]
        ((value),) = result["data"].values()
        if len(self._known) > 2000:
            self._known.clear()
        self._known[id(frame)] = (frame, value)
        return value


class Follower:
    """One subscription. `at` is the position that its view is of; None until it has begun."""

    def __init__(
        self, stage: Stage, states: States, follow: Follow, decoder: Decoder, tally: Counter[str]
    ) -> None:
        self.follow = follow
        self.at: int | None = None
        self.is_over = False
        self.view: View = {}
        self.frames = 0
        self.failure: BaseException | None = None
        self._stage = stage
        self._states = states
        self._decoder = decoder
        self._tally = tally
        self._member: Member | None = None
        self._scheduled = False
        self._leaves_after: int | None = None
        self._left: Callable[[Follower], None] = lambda _: None

    def begin(self, view: View, position: int) -> None:
        """Start from the answer to a query."""
        self.view, self.at = view, position
        self._equal(position, "equal when begun")

    async def subscribe(
        self, leaves_after: int | None, left: Callable[["Follower"], None], after: str | None
    ) -> None:
        """Follow, and leave after so many frames; None stays."""
        self._leaves_after, self._left = leaves_after, left
        variables = {**self.follow.variables, "after": after}
        stream = await self._stage.subscribe(self._stage.house.alice, self.follow.document, **variables)
        self._member = self._stage.groups.join(stream, self._woken)
        self._woken()

    def _woken(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        self._scheduled = False
        if self.is_over or self._member is None:
            return
        try:
            self._take(self._member)
        except BaseException as error:  # noqa: BLE001  The round reports it, with what was played.
            self.failure = error
            self.leave()

    def _take(self, member: Member) -> None:
        due = member.take(TURN)
        for each in due:
            self._frame(each.frame)
            if self._leaves_after is not None and self.frames >= self._leaves_after:
                self._compare(each.frame.position)
                self.leave()
                return
        if member.finished:
            self.leave()
        elif member.more:
            self._woken()
        elif not due and member.failure is not None:
            if member.failure[0]["extensions"]["code"] != "NOT_FOUND":
                raise Different(f"{self.follow.field} ended with {member.failure}")
            # Its campaign was deleted before the snapshot was read.
            self._tally["gone"] += 1
            self.leave()

    def leave(self) -> None:
        """Follow no more."""
        if self._member is not None and not self.is_over:
            self.is_over = True
            self._stage.groups.leave(self._member)
            self._left(self)

    def _frame(self, frame: Frame) -> None:
        told = self._decoder.root(frame)
        assert decode(frame.cursor).position == frame.position
        self.frames += 1
        kind = told["__typename"]
        if kind == "StreamReset":
            raise Different(f"{self.follow.field} was reset: {told}")
        if kind.endswith("Snapshot"):
            if self.at is not None:
                raise Different(f"A second snapshot at {frame.position}.")
            self.begin(shown(told), frame.position)
            return
        self.compare_to(frame.position)
        apply(self.view, told, self.follow)
        self.at = frame.position
        if self.follow.is_newer:
            self._check_told(told, frame.position)

    def _check_told(self, told: Mapping[str, Any], position: int) -> None:
        """What the frame says of its thing is how it was at the cursor, or later."""
        key = told_of(told)
        held = self.view.get(key)
        shows = self._shows(key, self._states.end_of(position))
        if held not in shows:
            raise Different(f"{self.follow}: the frame at {position} says {held} of {key}, which was {shows}")

    def is_even(self, head: int) -> bool:
        """Whether all that there is up to the log's end has come."""
        member = self._member
        if self.is_over or member is None:
            return True
        group = member.source
        assert isinstance(group, Group)
        waits = self._scheduled or member.more or member._fetching
        return self.at is not None and _has_come(group, head) and not waits

    def compare_to(self, position: int) -> None:
        """Compare the view with each state from where it is to before a position: nothing that it follows changed."""
        if self.at is None or position <= self.at:
            raise Different(f"Position {position} came after {self.at}.")
        for each in self._states.between(self.at, position):
            self._compare(each)

    def compare_at_rest(self, head: int) -> None:
        """All has come: the view is the state of now, whatever is promised in between."""
        if self.at is None:
            raise Different(f"{self.follow.field} never began.")
        self.compare_to(head + 1)
        self._equal(head, "equal at rest")

    def _compare(self, position: int) -> None:
        if not self._states.is_end(position):
            return
        if self.follow.is_newer:
            self._not_older(position)
        else:
            self._equal(position, "equal at a cursor")

    def _equal(self, position: int, when: str) -> None:
        self._tally[when] += 1
        wanted = {
            (kind, ident): entry
            for kind in self.follow.kinds
            for ident, entry in self._states.at(position)[kind].items()
            if self.follow.lets((kind, ident), entry)
        }
        if self.view != wanted:
            raise Different(f"{self.follow} at {self.at}, compared at {position}: {self.view}, not {wanted}")

    def _not_older(self, position: int) -> None:
        """Each thing is as it was at the position or later.

        One that is going to be taken off a list may be older: its events before that are not told (`docs/streams.md`).
        """
        self._tally["not older"] += 1
        known = {(kind, ident) for kind in self.follow.kinds for ident in self._states.at(position)[kind]}
        for key in known | self.view.keys():
            held, shows = self.view.get(key), self._shows(key, position)
            is_leaving = self.follow.field == "campaignList" and None in shows
            if held not in shows and not is_leaving:
                raise Different(f"{self.follow}: {key} at {position} is {held}, older than {shows}")

    def _shows(self, key: tuple[str, str], position: int) -> list[Entry | None]:
        """How the stream had to show a thing at a position, and at all times after it."""
        later = self._states.since(*key, position)
        return [entry if self.follow.lets(key, entry) else None for entry in later]


def _has_come(group: Group, head: int) -> bool:
    """Whether it knows of all up to there: one at rest is not called for what does not concern it."""
    return group.position >= head or (group._is_at_rest and group._commons.distributor.position >= head)
