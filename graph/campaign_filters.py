"""What lists of campaigns, of domains and of scoring profiles may be narrowed to, and their orders."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import strawberry

from db.queries import campaigns, domains, scoring_profiles
from db.queries.campaigns import CampaignOrderField
from db.queries.domains import DomainOrderField
from graph.describing import described
from graph.enums import OrderDirection
from graph.errors import Refused
from graph.filters import id_of, or_none, searched, values
from vocabulary.campaigns import CampaignMode, CampaignStatus, PhaseKind
from vocabulary.checks import CheckStatus, DnsReason, HttpReason
from vocabulary.leads import LeadStatus, Rejection

LENGTH_MOST = 253


class WarningFilter(StrEnum):
    """Whether pages have warnings."""

    HAS = "HAS"
    NONE = "NONE"


described(
    WarningFilter,
    "Whether pages have warnings.",
    {"HAS": "They have one at least.", "NONE": "They have none, or were not read yet."},
)


@strawberry.input(
    description="Which campaigns. What is not given does not matter; what is given must all hold."
)
class CampaignFilter:
    """Which campaigns."""

    statuses: list[CampaignStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="In one of these statuses."
    )
    phase: PhaseKind | None = strawberry.field(
        default=strawberry.UNSET, description="Whose paused or else running phase is this one."
    )
    mode: CampaignMode | None = strawberry.field(
        default=strawberry.UNSET, description="Whose phases follow one another in this way."
    )
    search: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="With this text in the name; the case of A to Z does not matter.",
    )
    created_after: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Made then or later."
    )
    created_before: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Made before this time."
    )
    owner_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="Owned by this principal; of use to admins, who see the campaigns of all.",
    )

    def wanted(self) -> campaigns.CampaignFilter:
        """The same for the database."""
        return campaigns.CampaignFilter(
            statuses=values("statuses", self.statuses),
            phase=or_none(self.phase),
            mode=or_none(self.mode),
            search=searched("search", self.search),
            created_after=or_none(self.created_after),
            created_before=or_none(self.created_before),
            owner_id=id_of("ownerId", self.owner_id, "Principal"),
        )


@strawberry.input(description="The order of campaigns.")
class CampaignOrder:
    """The order of campaigns."""

    field: CampaignOrderField = strawberry.field(
        default=CampaignOrderField.CREATED_AT, description="What they are ordered by."
    )
    direction: OrderDirection = strawberry.field(
        default=OrderDirection.DESC, description="Which end comes first."
    )


@strawberry.input(
    description="Which domains of a campaign. What is not given does not matter; what is given must all hold. Names "
    "are not matched by regular expressions: no database can be held to a bound of time with those of a client."
)
class DomainFilter:
    """Which domains of a campaign."""

    dns_status: list[CheckStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="Whose lookup stands at one of these."
    )
    dns_reason: list[DnsReason] | None = strawberry.field(
        default=strawberry.UNSET, description="Whose lookup failed for one of these reasons."
    )
    http_status: list[CheckStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="Whose fetch stands at one of these."
    )
    http_reason: list[HttpReason] | None = strawberry.field(
        default=strawberry.UNSET, description="Whose fetch failed for one of these reasons."
    )
    matched: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether a keyword was found."
    )
    name_contains: str | None = strawberry.field(
        default=strawberry.UNSET, description="With this text in the name."
    )
    keyword: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Where the rule with just this pattern was found; the case of A to Z does not matter.",
    )
    lead_status: list[LeadStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="Of which as a lead one of these became."
    )
    rejection: list[Rejection] | None = strawberry.field(
        default=strawberry.UNSET, description="Which are a lead, or none, for one of these reasons."
    )
    min_score: float | None = strawberry.field(
        default=strawberry.UNSET, description="Which were scored, with this or more."
    )
    max_score: float | None = strawberry.field(
        default=strawberry.UNSET, description="Which were scored, with this or less."
    )
    not_parked: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether they are not known to be parked; false gives the parked ones.",
    )
    tld: str | None = strawberry.field(
        default=strawberry.UNSET, description="Under this top-level domain, with its leading dot."
    )
    tlds: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Under one of these top-level domains, with their leading dots; at most 100.",
    )
    min_length: int | None = strawberry.field(
        default=strawberry.UNSET,
        description=f"Whose whole name has so many characters or more; 1 to {LENGTH_MOST}.",
    )
    max_length: int | None = strawberry.field(
        default=strawberry.UNSET,
        description=f"Whose whole name has so many characters or fewer; 1 to {LENGTH_MOST}.",
    )
    only_failed: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="True: whose lookup or fetch failed or ran out of time. False does not matter.",
    )
    warnings: WarningFilter | None = strawberry.field(
        default=strawberry.UNSET, description="Whether their pages have warnings."
    )

    def wanted(self, campaign_id: UUID) -> domains.DomainFilter:
        """The same for the database.

        Raises:
            Refused: a limit is out of its own limits, or no domain can be within both; or a text is none to look for.
        """
        shortest, longest = _lengths(self.min_length, self.max_length)
        return domains.DomainFilter(
            campaign_id=campaign_id,
            dns_status=values("dnsStatus", self.dns_status),
            dns_reason=values("dnsReason", self.dns_reason),
            http_status=values("httpStatus", self.http_status),
            http_reason=values("httpReason", self.http_reason),
            matched=or_none(self.matched),
            name_contains=searched("nameContains", self.name_contains),
            keyword=searched("keyword", self.keyword),
            lead_status=values("leadStatus", self.lead_status),
            rejection=values("rejection", self.rejection),
            min_score=_score("minScore", self.min_score),
            max_score=_score("maxScore", self.max_score),
            parked=None if (free := or_none(self.not_parked)) is None else not free,
            tld=searched("tld", self.tld),
            tlds=values("tlds", self.tlds),
            min_length=shortest,
            max_length=longest,
            only_failed=or_none(self.only_failed) or False,
            warned=None if (warned := or_none(self.warnings)) is None else warned is WarningFilter.HAS,
        )


@strawberry.input(description="The order of domains.")
class DomainOrder:
    """The order of domains."""

    field: DomainOrderField = strawberry.field(
        default=DomainOrderField.OFFSET, description="What they are ordered by."
    )
    direction: OrderDirection = strawberry.field(
        default=OrderDirection.ASC, description="Which end comes first."
    )


@strawberry.input(
    description="Which scoring profiles. What is not given does not matter; what is given must all hold."
)
class ScoringProfileFilter:
    """Which scoring profiles."""

    search: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="With this text in the name; the case of A to Z does not matter.",
    )

    def wanted(self) -> scoring_profiles.ScoringProfileFilter:
        """The same for the database."""
        return scoring_profiles.ScoringProfileFilter(search=searched("search", self.search))


def _score(name: str, value: float | None) -> float | None:
    given = or_none(value)
    if given is not None and not 0 <= given <= 1:
        raise Refused("BAD_FILTER", f"`{name}` is from 0 to 1.")
    return given


def _lengths(shortest: int | None, longest: int | None) -> tuple[int | None, int | None]:
    limits = _length("minLength", shortest), _length("maxLength", longest)
    if limits[0] is not None and limits[1] is not None and limits[0] > limits[1]:
        raise Refused("BAD_FILTER", "`minLength` is not above `maxLength`.")
    return limits


def _length(name: str, value: int | None) -> int | None:
    given = or_none(value)
    if given is not None and not 1 <= given <= LENGTH_MOST:
        raise Refused("BAD_FILTER", f"`{name}` is from 1 to {LENGTH_MOST}.")
    return given
