"""What a campaign should be after each verb and each write of a worker, told without a database.

The model knows its names and what every phase has decided on each of them; all counts follow from that. It does not
know shards: how many of a phase are open is looked up and given to it, since only that says whether a phase is over.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from vocabulary.campaigns import CampaignMode, CampaignStatus, Counts, PhaseKind, PhaseStatus
from vocabulary.leads import Rejection, Tallies

ORDER = tuple(PhaseKind)
GENERATION, DNS, HTTP, EXTRACTION, ANALYSIS, ENRICHMENT = ORDER
OVERLAPPING = (GENERATION, DNS, HTTP)
OVER = (PhaseStatus.COMPLETED, PhaseStatus.SKIPPED)
UNDER_WAY = (PhaseStatus.IN_PROGRESS, PhaseStatus.PAUSED)
NOT_BEGUN = (PhaseStatus.NOT_STARTED, PhaseStatus.CONFIGURED)
FINAL = (CampaignStatus.CANCELLED, CampaignStatus.ARCHIVED)

INVALID = "INVALID_TRANSITION"
PRECONDITION = "RERUN_PRECONDITION_FAILED"
UNREADY = "VALIDATION_FAILED"

Open = Mapping[PhaseKind, int]


@dataclass
class Name:
    """A generated name: by phase whether that decided well, and how the name ended."""

    good: dict[PhaseKind, bool] = field(default_factory=dict)
    rejection: Rejection = Rejection.PENDING
    has_hits: bool = False
    is_high: bool = False


class Statuses(dict[PhaseKind, PhaseStatus]):
    """Of each phase; `runs` is how often one has begun to run, or gone on."""

    def __init__(self, known: Mapping[PhaseKind, PhaseStatus]) -> None:
        super().__init__(known)
        self.runs: Counter[PhaseKind] = Counter()

    def __setitem__(self, kind: PhaseKind, status: PhaseStatus) -> None:
        self.runs[kind] += status is PhaseStatus.IN_PROGRESS and self[kind] is not status
        super().__setitem__(kind, status)


@dataclass
class Model:
    """One campaign."""

    mode: CampaignMode
    lacking: set[PhaseKind]
    status: CampaignStatus = CampaignStatus.DRAFT
    version: int = 1
    phases: Statuses = field(default_factory=lambda: Statuses({}))
    totals: dict[PhaseKind, int] = field(default_factory=dict)
    names: dict[int, Name] = field(default_factory=dict)
    reserved: int = 0
    enumerated: int = 0

    def __post_init__(self) -> None:
        self.phases = Statuses(
            {
                kind: PhaseStatus.NOT_STARTED if kind in self.lacking else PhaseStatus.CONFIGURED
                for kind in ORDER
            }
        )
        self.totals = dict.fromkeys(ORDER, 0)

    # What follows from it.

    def counts(self, kind: PhaseKind) -> Counts:
        """The counts of a phase."""
        if kind is GENERATION:
            done, good = self.enumerated, len(self.names)
        else:
            decided = [name.good[kind] for name in self.names.values() if kind in name.good]
            done, good = len(decided), sum(decided)
        return Counts(total=self.totals[kind], processed=done, succeeded=good, failed=done - good)

    @property
    def percent(self) -> float:
        """The mean of the phases that were not skipped."""
        parts = [
            0.0 if status in NOT_BEGUN or not self._has_run(kind) else self.counts(kind).percent
            for kind, status in self.phases.items()
            if status is not PhaseStatus.SKIPPED
        ]
        return round(sum(parts) / len(parts), 2)

    def _has_run(self, kind: PhaseKind) -> bool:
        return self.phases[kind] not in (*NOT_BEGUN, PhaseStatus.SKIPPED)

    @property
    def control_phase(self) -> PhaseKind | None:
        """The first paused phase, else the first that runs."""
        for wanted in (PhaseStatus.PAUSED, PhaseStatus.IN_PROGRESS):
            for kind, status in self.phases.items():
                if status is wanted:
                    return kind
        return None

    @property
    def tallies(self) -> Tallies:
        """How many names have each rejection."""
        names = self.names.values()
        told = {
            rejection.lower(): sum(name.rejection is rejection for name in names)
            for rejection in Rejection
            if rejection is not Rejection.PENDING
        }
        hits, high = sum(name.has_hits for name in names), sum(name.is_high for name in names)
        return Tallies(**told, keyword_hits=hits, high_potential=high)

    def due(self, kind: PhaseKind, within: range) -> list[int]:
        """The names of a stretch that a phase has to decide on, or had."""
        before = ORDER[ORDER.index(kind) - 1]
        found = [offset for offset in self.names if offset in within]
        return [offset for offset in found if before is GENERATION or self.names[offset].good.get(before)]

    # Verbs: each gives None if it is allowed, and has then happened, or the code of the refusal.

    def start(self) -> str | None:
        """Start the next phase."""
        if self.status is CampaignStatus.RUNNING:
            return None
        following = self._next()
        return INVALID if following is None else self.start_phase(following, by_itself=True)

    def start_phase(self, kind: PhaseKind, *, by_itself: bool = False) -> str | None:
        """Start a phase, which must be the next."""
        if self.phases[kind] is PhaseStatus.IN_PROGRESS and not by_itself:
            return None
        startable = self.status in (CampaignStatus.DRAFT, CampaignStatus.WAITING)
        if not startable or kind is not self._next() or self.phases[kind] is not PhaseStatus.CONFIGURED:
            return INVALID
        runs_through = self.mode is CampaignMode.FULL_SEQUENCE and kind is GENERATION
        if runs_through and PhaseStatus.NOT_STARTED in self.phases.values():
            return INVALID
        self.status = CampaignStatus.RUNNING
        self.phases[kind] = PhaseStatus.IN_PROGRESS
        return None

    def pause(self) -> str | None:
        """Pause all that runs."""
        if self.status is CampaignStatus.PAUSED:
            return None
        if self.status is not CampaignStatus.RUNNING:
            return INVALID
        self.status = CampaignStatus.PAUSED
        self._move(PhaseStatus.IN_PROGRESS, PhaseStatus.PAUSED)
        return None

    def resume(self) -> str | None:
        """Let all that is paused go on."""
        if self.status is CampaignStatus.RUNNING:
            return None
        if self.status is not CampaignStatus.PAUSED:
            return INVALID
        self.status = CampaignStatus.RUNNING
        self._move(PhaseStatus.PAUSED, PhaseStatus.IN_PROGRESS)
        return None

    def cancel(self) -> str | None:
        """End it for good."""
        if self.status is CampaignStatus.CANCELLED:
            return None
        if self.status in (CampaignStatus.COMPLETED, CampaignStatus.FAILED, CampaignStatus.ARCHIVED):
            return INVALID
        self.status = CampaignStatus.CANCELLED
        for running in UNDER_WAY:
            self._move(running, PhaseStatus.CANCELLED)
        return None

    def archive(self) -> str | None:
        """Put it away."""
        if self.status in (CampaignStatus.RUNNING, CampaignStatus.PAUSED, CampaignStatus.WAITING):
            return INVALID
        self.status = CampaignStatus.ARCHIVED
        return None

    def set_mode(self, mode: CampaignMode) -> str | None:
        """Switch the mode."""
        if self.status in FINAL:
            return INVALID
        if mode is not self.mode:
            self.mode = mode
            self.version += 1
        return None

    def retry(self, kind: PhaseKind) -> str | None:
        """Let a failed phase go on, and those that were paused for it."""
        if self.status is not CampaignStatus.FAILED or self.phases[kind] is not PhaseStatus.FAILED:
            return INVALID
        self.status = CampaignStatus.RUNNING
        self.phases[kind] = PhaseStatus.IN_PROGRESS
        self._move(PhaseStatus.PAUSED, PhaseStatus.IN_PROGRESS)
        return None

    def rerun(self, kind: PhaseKind) -> str | None:
        """Take back what a phase and those behind it have decided, and start it."""
        if self.status in FINAL:
            return INVALID
        reached = ORDER[: ORDER.index(kind) + 1]
        under_way = any(status in UNDER_WAY for status in self.phases.values())
        if kind is GENERATION or under_way or any(self.phases[each] not in OVER for each in reached):
            return PRECONDITION
        if kind in self.lacking:
            return UNREADY
        self._take_back(kind)
        self.status = CampaignStatus.RUNNING
        self.phases[kind] = PhaseStatus.IN_PROGRESS
        return None

    def _take_back(self, kind: PhaseKind) -> None:
        taken = ORDER[ORDER.index(kind) :]
        for each in taken:
            if self.phases[each] not in (PhaseStatus.SKIPPED, PhaseStatus.NOT_STARTED):
                self.phases[each] = PhaseStatus.CONFIGURED
                self.totals[each] = 0
        for name in self.names.values():
            name.good = {each: good for each, good in name.good.items() if each not in taken}
            if all(name.good.values()):
                name.rejection = Rejection.PENDING
            name.has_hits &= HTTP not in taken
            name.is_high &= ANALYSIS not in taken

    def skip(self, kind: PhaseKind) -> str | None:
        """Leave out a phase."""
        if self.phases[kind] is PhaseStatus.SKIPPED:
            return None
        ended = self.status in (*FINAL, CampaignStatus.COMPLETED)
        if ended or kind is GENERATION or self.phases[kind] not in NOT_BEGUN:
            return INVALID
        self.phases[kind] = PhaseStatus.SKIPPED
        return None

    def configure(self, kind: PhaseKind) -> str | None:
        """Give a phase its configuration, another than it had."""
        if self.status in FINAL or self.phases[kind] not in (*NOT_BEGUN, PhaseStatus.SKIPPED):
            return INVALID
        self.lacking.discard(kind)
        if self.phases[kind] is PhaseStatus.NOT_STARTED:
            self.phases[kind] = PhaseStatus.CONFIGURED
        self.version += 1
        return None

    def fail(self, kind: PhaseKind) -> None:
        """A phase cannot go on."""
        if self.phases[kind] is PhaseStatus.IN_PROGRESS:
            self.phases[kind] = PhaseStatus.FAILED
            self._move(PhaseStatus.IN_PROGRESS, PhaseStatus.PAUSED)
            self.status = CampaignStatus.FAILED

    # What workers do.

    def hand_over(self, kind: PhaseKind, finished: range) -> None:
        """A phase is done over a stretch; in a full sequence the next begins if there is something for it."""
        following = ORDER[ORDER.index(kind) + 1]
        if kind in OVERLAPPING and self._begins_by_itself(following) and self.due(following, finished):
            self.phases[following] = PhaseStatus.IN_PROGRESS

    def settle(self, opened: Open) -> None:
        """Bring every phase as far as it is, given how many of its shards are open, and then the campaign."""
        for kind in ORDER:
            self._count_totals()
            if kind is not GENERATION and self._is_reached(kind) and self._begins_by_itself(kind):
                self.phases[kind] = PhaseStatus.IN_PROGRESS
                self._count_totals()
            counts = self.counts(kind)
            is_done = self._is_reached(kind) and not opened[kind] and counts.processed == counts.total
            if self.phases[kind] is PhaseStatus.IN_PROGRESS and is_done:
                self.phases[kind] = PhaseStatus.COMPLETED
        if self.status in (CampaignStatus.RUNNING, CampaignStatus.WAITING):
            self._settle_status()

    def _settle_status(self) -> None:
        if all(status in OVER for status in self.phases.values()):
            self.status = CampaignStatus.COMPLETED
        elif PhaseStatus.IN_PROGRESS not in self.phases.values():
            self.status = CampaignStatus.WAITING

    def _count_totals(self) -> None:
        if self.phases[GENERATION] in (*UNDER_WAY, PhaseStatus.FAILED):
            self.totals[GENERATION] = self.reserved
        for before, kind in itertools.pairwise(ORDER):
            if self.phases[kind] in (*UNDER_WAY, PhaseStatus.FAILED):
                counts = self.counts(before)
                self.totals[kind] = counts.total - counts.failed

    def _begins_by_itself(self, kind: PhaseKind) -> bool:
        runs = self.mode is CampaignMode.FULL_SEQUENCE and self.status is CampaignStatus.RUNNING
        return runs and self.phases[kind] is PhaseStatus.CONFIGURED

    def _is_reached(self, kind: PhaseKind) -> bool:
        return all(self.phases[before] in OVER for before in ORDER[: ORDER.index(kind)])

    def _next(self) -> PhaseKind | None:
        return next((kind for kind, status in self.phases.items() if status not in OVER), None)

    def _move(self, before: PhaseStatus, after: PhaseStatus) -> None:
        for kind in self._those(before):
            self.phases[kind] = after

    def _those(self, wanted: PhaseStatus) -> Iterable[PhaseKind]:
        return [kind for kind, status in self.phases.items() if status is wanted]


class PhaseView(msgspec.Struct, frozen=True):
    """What anybody can know of one phase."""

    status: PhaseStatus
    counts: Counts
    error_code: str | None = None


class View(msgspec.Struct, frozen=True):
    """What anybody can know of a campaign, from a snapshot or from its events."""

    name: str
    status: CampaignStatus
    mode: CampaignMode
    version: int
    percent: float
    tallies: Tallies
    phases: dict[PhaseKind, PhaseView]
