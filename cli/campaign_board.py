"""A campaign as far as its frames have told of it: what `heliograph campaign watch` draws. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Frame = Mapping[str, Any]

ENDS = frozenset({"COMPLETED", "FAILED", "CANCELLED", "ARCHIVED"})
BY_EVENT = {
    "PhaseConfigured": "CONFIGURED",
    "PhaseStarted": "IN_PROGRESS",
    "PhaseAutoStarted": "IN_PROGRESS",
    "PhasePaused": "PAUSED",
    "PhaseResumed": "IN_PROGRESS",
    "PhaseCompleted": "COMPLETED",
    "PhaseFailed": "FAILED",
    "PhaseCancelled": "CANCELLED",
    "PhaseReset": "CONFIGURED",
    "PhaseSkipped": "SKIPPED",
}
ANEW = frozenset({"PhaseStarted", "PhaseAutoStarted", "PhaseReset"})


@dataclass
class PhaseLine:
    """One phase: its status, how far it is in domains, and its pace in domains per minute, if that is known."""

    status: str
    total: int
    processed: int
    succeeded: int
    rate: float | None = None
    error: str | None = None


@dataclass
class Board:
    """The campaign; `apply` takes the frames of its stream in their order."""

    name: str = ""
    status: str = "DRAFT"
    is_deleted: bool = False
    phases: dict[str, PhaseLine] = field(default_factory=dict)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen that a watcher waits for."""
        return self.is_deleted or self.status in ENDS

    def apply(self, frame: Frame) -> None:
        """Bring the board to what a frame says; a kind of frame that is not known changes nothing."""
        match frame["__typename"]:
            case "CampaignSnapshot":
                self._show(frame["campaign"])
            case "StreamReset":
                self._show(frame["snapshot"]["campaign"])
            case "CampaignStatusChanged":
                self.status = frame["current"]
            case "CampaignCreated" | "CampaignUpdated":
                self.name = frame["name"]
            case "CampaignDeleted":
                self.is_deleted = True
            case _:
                self._move(frame)

    def _show(self, campaign: Frame) -> None:
        self.name, self.status = campaign["name"], campaign["status"]
        self.phases = {
            phase["kind"]: PhaseLine(
                phase["status"], *_counted(phase), rate=phase["ratePerMinute"], error=_told(phase["error"])
            )
            for phase in campaign["phases"]
        }

    def _move(self, frame: Frame) -> None:
        if "phase" not in frame:
            return
        # What one phase decides changes what the others that run may still have.
        for other in frame.get("running", ()):
            self._move({"__typename": frame["__typename"], **other})
        known = self.phases.get(frame["phase"])
        status = BY_EVENT.get(frame["__typename"], known.status if known else "IN_PROGRESS")
        begun = frame["__typename"] in ANEW
        rate = frame.get("ratePerMinute", known.rate if known and not begun else None)
        error = _told(frame) if status == "FAILED" else None
        self.phases[frame["phase"]] = PhaseLine(status, *_counted(frame), rate=rate, error=error)


def _counted(frame: Frame) -> tuple[int, int, int]:
    counts = frame["counts"]
    return int(counts["total"]), int(counts["processed"]), int(counts["succeeded"])


def _told(error: Frame | None) -> str | None:
    return None if error is None else f"{error['code']}: {error['message']}"
