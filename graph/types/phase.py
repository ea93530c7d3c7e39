"""Phases, and how far and how fast they are."""

from datetime import datetime
from typing import Self

import strawberry

from db.models import PhaseRow
from graph.scalars import BigInt
from services import progress
from vocabulary import campaigns as stored
from vocabulary.campaigns import PhaseKind, PhaseStatus


@strawberry.type(
    description="How far a phase is, in distinct domains; of generation, in offsets, each of which is one name or none."
)
class Counts:
    """How far a phase is, in distinct domains."""

    total: BigInt = strawberry.field(
        description="How many there are to do, or may be while the phase before goes on; it only falls then."
    )
    processed: BigInt = strawberry.field(description="How many are finished.")
    succeeded: BigInt = strawberry.field(
        description="How many of those succeeded: were named, resolved, fetched as an accepted page, read, scored, or "
        "decided on."
    )
    failed: BigInt = strawberry.field(description="How many of those did not.")

    @classmethod
    def from_counts(cls, counts: stored.Counts) -> Self:
        """The counts of the vocabulary."""
        return cls(
            total=BigInt(counts.total),
            processed=BigInt(counts.processed),
            succeeded=BigInt(counts.succeeded),
            failed=BigInt(counts.failed),
        )


@strawberry.type(description="Why a phase failed.")
class PhaseError:
    """Why a phase failed."""

    code: str = strawberry.field(description="For programs.")
    message: str = strawberry.field(description="For people.")


@strawberry.type(description="One phase of a campaign.")
class Phase:
    """One phase of a campaign."""

    kind: PhaseKind = strawberry.field(description="What it does.")
    status: PhaseStatus = strawberry.field(description="Where it is.")
    counts: Counts = strawberry.field(description="How far it is.")
    percent: float = strawberry.field(
        description="Finished domains in percent of all; 0 before the start, 100 if there was nothing to do."
    )
    configured: bool = strawberry.field(description="Whether it has all that it needs to start.")
    is_held_back: bool = strawberry.field(
        description="Whether it waits, because the phase behind it has enough to do."
    )
    rate_per_minute: float | None = strawberry.field(
        description="Finished domains per minute in which it was in progress, as of when progress was last "
        "recorded; null until it is known."
    )
    eta_at: datetime | None = strawberry.field(
        description="When it would be done at that pace; null unless it is in progress."
    )
    started_at: datetime | None = strawberry.field(description="When it began.")
    completed_at: datetime | None = strawberry.field(description="When it ended, however it did.")
    error: PhaseError | None = strawberry.field(description="Why it failed, if it did.")

    @classmethod
    def from_row(cls, row: PhaseRow) -> Self:
        """The phase of a row."""
        failed = row.error_code is not None
        return cls(
            kind=row.kind,
            status=row.status,
            counts=Counts.from_counts(progress.counts_of(row)),
            percent=percent_of(row),
            configured=row.status is not PhaseStatus.NOT_STARTED,
            is_held_back=row.is_held_back,
            rate_per_minute=rate_of(row),
            eta_at=eta_of(row),
            started_at=row.started_at,
            completed_at=row.completed_at,
            error=PhaseError(code=row.error_code or "", message=row.error_message or "") if failed else None,
        )


def percent_of(row: PhaseRow) -> float:
    """Finished domains in percent of all. What has not started has not finished, though its total is 0."""
    return 0.0 if row.started_at is None else progress.counts_of(row).percent


def rate_of(row: PhaseRow) -> float | None:
    """Finished domains per minute in progress, as of when progress was last recorded, as events tell it."""
    measured = row.completed_at or row.progress_at
    return None if measured is None else progress.rate_per_minute(row, measured)


def eta_of(row: PhaseRow) -> datetime | None:
    """When the phase would be done at that rate; None unless it is in progress."""
    if row.status is not PhaseStatus.IN_PROGRESS or row.progress_at is None:
        return None
    return progress.eta_at(row, row.progress_at)


def shown_phase(rows: list[PhaseRow]) -> PhaseRow:
    """The phase that a campaign's counts are of: the paused or running one, else the last that began.

    Raises:
        ValueError: there are no phases.
    """
    control = control_phase(rows)
    if control is not None:
        return control
    if not rows:
        raise ValueError("A campaign has phases.")
    return next((row for row in reversed(rows) if row.started_at is not None), rows[0])


def control_phase(rows: list[PhaseRow]) -> PhaseRow | None:
    """The phase that pausing and resuming act on: the paused one, else the running one, else none."""
    for status in (PhaseStatus.PAUSED, PhaseStatus.IN_PROGRESS):
        for row in rows:
            if row.status is status:
                return row
    return None
