"""What an attack of any kind has to leave as it was: the figures that all of them tell."""

from bench.history import Verdict
from bench.report import Figure

GROWTH = 0.1


def none_of(what: str, found: int) -> Figure:
    """Something that may not be."""
    return Figure(what=what, value=str(found), goal="none", met=found == 0)


def memory(what: str, warm: float, last: float) -> Figure:
    """What is resident at the end, against when the server was warm; in MB."""
    growth = last / warm - 1
    return Figure(
        what=what,
        value=f"{last:.1f} MB against {warm:.1f} MB ({growth:+.1%})",
        goal=f"at most {GROWTH:.0%} more",
        met=growth <= GROWTH,
    )


def beside(verdict: Verdict) -> Figure:
    """A healthy client, as long as the attack lasted."""
    return Figure(
        what="a client beside it",
        value=str(verdict),
        goal="has every event once, in order",
        met=verdict.clean,
    )
