"""The enums of the schema that tell of leads, with a sentence for every value."""

from graph.describing import described
from vocabulary.leads import (
    AdviceCode,
    Bucket,
    Completeness,
    ComponentStatus,
    LeadStatus,
    PageWarning,
    ParkedSignal,
    Rejection,
    ScoreComponent,
)

described(
    LeadStatus,
    "What became of a domain as a lead.",
    {
        "PENDING": "That is not decided yet.",
        "MATCH": "It is a lead.",
        "NO_MATCH": "It is none.",
        "ERROR": "Its name does not resolve, or it has no accepted page.",
        "TIMEOUT": "Its lookup or its fetch timed out.",
    },
)
described(
    Rejection,
    "Why a domain is a lead or none; every domain has exactly one.",
    {
        "PENDING": "That is not decided yet.",
        "QUALIFIED": "It is a lead: nothing speaks against it.",
        "LOW_SCORE": "Its score is too low.",
        "NO_KEYWORDS": "Its page has no keywords, or no structure that they could stand in.",
        "PARKED": "Its page is parked.",
        "DNS_ERROR": "It does not resolve.",
        "DNS_TIMEOUT": "Its lookup timed out.",
        "HTTP_ERROR": "It has no accepted page.",
        "HTTP_TIMEOUT": "Its fetch timed out.",
    },
)
described(
    PageWarning,
    "What makes the keywords of a page look unnatural.",
    {
        "STUFFING": "There are far too many of them for the text.",
        "REPETITION": "Most of them are one and the same.",
        "ANCHORS": "Most of them stand in links.",
    },
)
described(
    ScoreComponent,
    "The parts of a score; each is 0 to 1 and has a weight in the profile.",
    {
        "KEYWORD_DENSITY": "How many hits there are per kilobyte.",
        "KEYWORD_COVERAGE": "How many different keywords were found.",
        "NOT_PARKED": "Whether the page is somebody's own.",
        "CONTENT_LENGTH": "How long the page is.",
        "TITLE_KEYWORD": "Whether a keyword stands in the title.",
        "FRESHNESS": "How new the page says that it is.",
        "TERM_FREQUENCY": "Hits per kilobyte, damped by how many different keywords they are of.",
    },
)
described(
    ComponentStatus,
    "Whether a part of a score could be worked out.",
    {
        "OK": "It was.",
        "UNAVAILABLE": "What it is worked out from is not known of this page.",
        "ERROR": "It could not be, though it should.",
    },
)
described(
    Completeness,
    "Whether all parts of a score could be worked out.",
    {
        "COMPLETE": "All parts are OK.",
        "PARTIAL": "Some are UNAVAILABLE.",
        "DEGRADED": "One is an ERROR.",
    },
)
described(
    ParkedSignal,
    "What speaks for a page being parked: nobody's site, held for sale or for its advertisements.",
    {
        "FOR_SALE_TITLE": "The title offers the domain.",
        "FOR_SALE_TEXT": "The text offers the domain.",
        "PARKING_HOST": "It links to a parking service or a market place.",
        "PARKING_NETWORK": "Its addresses or aliases are those of a parking service.",
        "MARKETPLACE_REDIRECT": "It redirects to a market place of domains.",
        "COMING_SOON": "It says that it is coming soon.",
        "LINK_FARM": "It has little text and many links to other hosts.",
        "SHARED_CONTENT": "Many domains of the campaign have just this page.",
        "TINY_PAGE": "It has next to no text.",
    },
)
described(
    Bucket,
    "A class of domains that enrichment has decided on; each is in one.",
    {
        "HIGH_POTENTIAL": "The score is 0.80 or more.",
        "EMERGING": "A lead with a score of 0.50 or more.",
        "AT_RISK": "A lead with warnings, or with doubt whether it is parked.",
        "LEAD_CANDIDATE": "Any other lead.",
        "LOW_VALUE": "Parked, without keywords, or with a score that is too low.",
        "OTHER": "It has no page that was scored.",
    },
)
described(
    AdviceCode,
    "What is worth looking at in a campaign.",
    {
        "FEW_RESOLVE": "Few of its names resolve.",
        "FEW_ANSWER": "Few of those that resolve have an accepted page.",
        "FEW_HIGH_POTENTIAL": "Few of its domains have a high score.",
        "MANY_WARNINGS": "Many of its pages with keywords have warnings.",
        "NO_LEADS": "None of its domains is a lead.",
    },
)
