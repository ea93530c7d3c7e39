"""What the domains of a campaign sum up to, for those who decide what to do next."""

from typing import Self

import strawberry

from db.queries.leads import LOOKED, MOVED_LOOKED, Figures
from graph.scalars import BigInt
from leads.advice import advise
from vocabulary import leads as stored
from vocabulary.leads import AdviceCode, AdviceCounts, Bucket, PageWarning, Tallies


@strawberry.type(
    description="How many domains were decided on, by why each is a lead or none. The eight sum up to `analyzed`."
)
class RejectionCounts:
    """How many domains were decided on, by why each is a lead or none."""

    qualified: BigInt = strawberry.field(description="Leads.")
    low_score: BigInt = strawberry.field(description="Those with too low a score.")
    no_keywords: BigInt = strawberry.field(description="Those without keywords.")
    parked: BigInt = strawberry.field(description="Those that are parked.")
    dns_error: BigInt = strawberry.field(description="Those that do not resolve.")
    dns_timeout: BigInt = strawberry.field(description="Those whose lookup timed out.")
    http_error: BigInt = strawberry.field(description="Those without an accepted page.")
    http_timeout: BigInt = strawberry.field(description="Those whose fetch timed out.")
    analyzed: BigInt = strawberry.field(description="All that were decided on: the sum of the eight.")
    keyword_hits: BigInt = strawberry.field(description="How many pages have a keyword.")
    high_potential: BigInt = strawberry.field(description="How many pages have a score of 0.80 or more.")

    @classmethod
    def from_tallies(cls, tallies: Tallies) -> Self:
        """The tallies of a campaign, or of an event."""
        return cls(**_counted(tallies))


@strawberry.type(
    description="What became of every domain that was generated: `analyzed` and `pending` must be `generated`."
)
class RejectionSummary:
    """What became of every domain that was generated."""

    qualified: BigInt = strawberry.field(description="Leads.")
    low_score: BigInt = strawberry.field(description="Those with too low a score.")
    no_keywords: BigInt = strawberry.field(description="Those without keywords.")
    parked: BigInt = strawberry.field(description="Those that are parked.")
    dns_error: BigInt = strawberry.field(description="Those that do not resolve.")
    dns_timeout: BigInt = strawberry.field(description="Those whose lookup timed out.")
    http_error: BigInt = strawberry.field(description="Those without an accepted page.")
    http_timeout: BigInt = strawberry.field(description="Those whose fetch timed out.")
    analyzed: BigInt = strawberry.field(description="All that were decided on: the sum of the eight.")
    pending: BigInt = strawberry.field(description="Those not decided on, counted one by one.")
    generated: BigInt = strawberry.field(description="All that were generated.")
    balanced: bool = strawberry.field(description="Whether `analyzed` and `pending` are `generated`.")
    note: str | None = strawberry.field(description="By how much they are not, if they are not.")

    @classmethod
    def of(cls, tallies: Tallies, pending: int, generated: int) -> Self:
        """The audit equation: its sides are counted in different places."""
        missing = generated - tallies.analyzed - pending
        counts = _counted(tallies)
        del counts["keyword_hits"], counts["high_potential"]
        return cls(
            **counts,
            pending=BigInt(pending),
            generated=BigInt(generated),
            balanced=missing == 0,
            note=None if missing == 0 else _note(tallies.analyzed, pending, generated),
        )


@strawberry.type(description="How many domains got how far.")
class Funnel:
    """How many domains got how far."""

    generated: BigInt = strawberry.field(description="Names that were generated.")
    dns_valid: BigInt = strawberry.field(description="Those that resolve.")
    http_valid: BigInt = strawberry.field(description="Those that have an accepted page.")
    keyword_hits: BigInt = strawberry.field(description="Pages with a keyword.")
    analyzed: BigInt = strawberry.field(description="Domains that were decided on, for or against.")
    high_potential: BigInt = strawberry.field(description="Pages with a score of 0.80 or more.")
    leads: BigInt = strawberry.field(description="Leads.")


@strawberry.type(description="How many domains are in a bucket.")
class BucketCount:
    """How many domains are in a bucket."""

    bucket: Bucket = strawberry.field(description="Which bucket.")
    count: BigInt = strawberry.field(description="How many.")


@strawberry.type(
    description=f"Key figures of the pages that extraction has read, or of the first {LOOKED:,} of them."
)
class Kpis:
    """Key figures of the pages that extraction has read."""

    total_analyzed: BigInt = strawberry.field(description="How many pages these figures are of.")
    keyword_coverage_pct: float = strawberry.field(description="How many of them have keywords, in percent.")
    avg_richness: float = strawberry.field(description="Their richness on average, 0 to 1.")
    warning_rate_pct: float = strawberry.field(
        description="How many of those with keywords have warnings, in percent."
    )
    median_gain: float = strawberry.field(
        description="What extra pages have added, in the median of those to which they added anything, 0 to 1."
    )
    stuffing_count: BigInt = strawberry.field(description="How many have the warning STUFFING.")
    repetition_count: BigInt = strawberry.field(description="How many have the warning REPETITION.")
    anchor_count: BigInt = strawberry.field(description="How many have the warning ANCHORS.")

    @classmethod
    def from_figures(cls, figures: Figures) -> Self:
        """The figures of a campaign."""
        return cls(
            total_analyzed=BigInt(figures.pages),
            keyword_coverage_pct=_percent(figures.with_keywords, figures.pages),
            avg_richness=round(figures.average_richness, 4),
            warning_rate_pct=_percent(figures.warned, figures.with_keywords),
            median_gain=round(figures.median_gain, 4),
            stuffing_count=BigInt(figures.stuffing),
            repetition_count=BigInt(figures.repetition),
            anchor_count=BigInt(figures.anchors),
        )


@strawberry.type(description="How many pages have a warning.")
class WarningCount:
    """How many pages have a warning."""

    warning: PageWarning = strawberry.field(description="Which warning.")
    count: BigInt = strawberry.field(description="How many.")


@strawberry.type(description="A domain whose score changed.")
class Mover:
    """A domain whose score changed."""

    name: str = strawberry.field(description="Its name.")
    before: float = strawberry.field(description="Its score before.")
    after: float = strawberry.field(description="Its score now.")
    delta: float = strawberry.field(description="The difference.")

    @classmethod
    def from_mover(cls, mover: stored.Mover) -> Self:
        """The mover of the vocabulary."""
        return cls(name=mover.name, before=mover.before, after=mover.after, delta=mover.delta)


@strawberry.type(description="How many differences are in a range.")
class HistogramBin:
    """How many differences are in a range."""

    lower: float = strawberry.field(description="From here on.")
    upper: float = strawberry.field(description="Up to here, this not included but in the last bin.")
    count: BigInt = strawberry.field(description="How many.")


@strawberry.type(
    description="What the last scoring has changed, of the domains that were scored before: "
    f"the first {MOVED_LOOKED:,} of them."
)
class Momentum:
    """What the last scoring has changed."""

    considered: BigInt = strawberry.field(description="How many domains were scored anew.")
    up: list[Mover] = strawberry.field(description="Those that rose most, at most 10.")
    down: list[Mover] = strawberry.field(description="Those that fell most, at most 10.")
    histogram: list[HistogramBin] = strawberry.field(description="All differences, in five bins.")

    @classmethod
    def from_momentum(cls, found: stored.Momentum) -> Self:
        """The momentum of the vocabulary."""
        bins = [
            HistogramBin(lower=one.lower, upper=one.upper, count=BigInt(one.count)) for one in found.histogram
        ]
        return cls(
            considered=BigInt(sum(one.count for one in found.histogram)),
            up=[Mover.from_mover(one) for one in found.up],
            down=[Mover.from_mover(one) for one in found.down],
            histogram=bins,
        )


@strawberry.type(description="Something that is worth looking at.")
class Advice:
    """Something that is worth looking at."""

    code: AdviceCode = strawberry.field(description="For programs.")
    sentence: str = strawberry.field(description="For people, with the numbers that led to it.")

    @classmethod
    def each(cls, counts: AdviceCounts) -> list[Self]:
        """The advice that these counts call for."""
        return [cls(code=one.code, sentence=one.sentence) for one in advise(counts)]


def _counted(tallies: Tallies) -> dict[str, BigInt]:
    names = (*Tallies.__struct_fields__, "analyzed")
    return {name: BigInt(getattr(tallies, name)) for name in names}


def _note(analyzed: int, pending: int, generated: int) -> str:
    return f"{analyzed} were decided on and {pending} are pending, but {generated} were generated."


def _percent(part: int, whole: int) -> float:
    return round(100.0 * part / whole, 2) if whole else 0.0
