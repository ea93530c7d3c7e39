"""What must become of a page as a lead, by the profile that is built in: said by the kind of the page, never computed.

The rules of the product in words: who has no address or no page is no lead for that reason; a parked page is none
whatever stands on it; nor is one without keywords, or without any structure; one keyword in two dozen kilobytes that
nobody has touched for a year is too little; everything else is a lead, and a page that is full of keywords, or has
most of them in all of its parts, has a high potential.
"""

from sandbox.behaviours import OUTCOMES, Web
from vocabulary.checks import CheckStatus
from vocabulary.leads import LeadStatus, Rejection

PARKED = frozenset({Web.PARKED, Web.SALE_TITLE, Web.MARKET, Web.LANDER, Web.LINK_FARM, Web.PARKING_ALIAS})
WITHOUT_STRUCTURE = frozenset({Web.BARE, Web.PLAIN_TEXT, Web.IMAGE, Web.EMPTY})
HIGH_POTENTIAL = frozenset({Web.RICH, Web.SEVERAL})

_NO_PAGE = {CheckStatus.ERROR: Rejection.HTTP_ERROR, CheckStatus.TIMEOUT: Rejection.HTTP_TIMEOUT}
_NO_ADDRESS = {CheckStatus.ERROR: Rejection.DNS_ERROR, CheckStatus.TIMEOUT: Rejection.DNS_TIMEOUT}


def rejection_of(lookup: CheckStatus, web: Web | None) -> Rejection:
    """The one reason why a name is a lead or none."""
    if web is None:
        return _NO_ADDRESS[lookup]
    outcome = OUTCOMES[web]
    if outcome.status is not CheckStatus.OK:
        return _NO_PAGE[outcome.status]
    if web in PARKED:
        return Rejection.PARKED
    if web in WITHOUT_STRUCTURE or not outcome.plants:
        return Rejection.NO_KEYWORDS
    return Rejection.LOW_SCORE if web is Web.LOW_SCORE else Rejection.QUALIFIED


def status_of(rejection: Rejection) -> LeadStatus:
    """The status of a lead with this rejection."""
    if rejection is Rejection.QUALIFIED:
        return LeadStatus.MATCH
    if rejection in {Rejection.DNS_TIMEOUT, Rejection.HTTP_TIMEOUT}:
        return LeadStatus.TIMEOUT
    if rejection in {Rejection.DNS_ERROR, Rejection.HTTP_ERROR}:
        return LeadStatus.ERROR
    return LeadStatus.NO_MATCH
