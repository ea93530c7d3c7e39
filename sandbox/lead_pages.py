"""What stands on the pages by which leads are told from others: parked ones of several kinds, and pages of real sites.

Each kind is a plain example of what it is called, so that nobody needs to compute what must be said about it. The
advertisements lead to hosts under `.example` (RFC 2606), which nobody asks for.
"""

from sandbox.behaviours import Web

_ADVERTISED = (
    "insurance", "holidays", "broadband", "loans", "lawyers", "hosting", "flights", "hotels", "cars", "dating", "shoes",
    "phones",
)  # fmt: skip
_ADS = "".join(
    f'<li><a href="https://{word}.example/?feed=7">{word.title()}</a></li>' for word in _ADVERTISED
)
# Ads of parked pages come from the networks that park them.
_NETWORK_AD = '<p><a href="https://www.bodis.com/takedown">Privacy</a></p>'
_FARM = f"<ul>{_ADS}</ul>{_NETWORK_AD}"

_PROSE = (
    "<p>The keeper climbs the stairs at dusk, trims the wick, winds the clockwork and writes the weather into the "
    "book. Ships pass the cape on their way to the bay; the pilots know the light by its rhythm, three short and one "
    "long, and set their course by it.</p>\n"
)
_KILOBYTES = 1024 // len(_PROSE) + 1
_CHAPTERS = 12

PARKED_TEXT = (
    "<p>This domain may be for sale. Buy this domain today.</p>"
    "<p>Related searches: insurance, holidays, broadband, loans.</p>"
)
LANDER = (
    "<!doctype html>\n<html><head><title>Related searches</title></head>\n"
    f"<body><h1>Related searches</h1>{_FARM}</body></html>\n"
)

BODIES: dict[Web, str] = {
    Web.PARKED: PARKED_TEXT,
    Web.SALE_TITLE: "<p>Write to the broker.</p>",
    Web.MARKET: "<p>Thousands of names, one place. Make an offer for yours.</p>",
    Web.LINK_FARM: f"<p>Inquire about this domain.</p>{_FARM}",
    Web.COMING_SOON: f"<p>Coming soon: the new site of our workshop.</p>{_PROSE * 2}",
    Web.LOW_SCORE: _PROSE * 24 * _KILOBYTES,
    Web.REDIRECT_HOST: _PROSE * 2,
}
"""What stands on a page beside its plants."""

# In seconds before it is asked for; what is not here does not say when it changed.
MODIFIED = {Web.RICH: 2 * 3600, Web.LOW_SCORE: 400 * 86400}


def bare(title: str, paragraphs: str) -> str:
    """A page of bare text: no heading, no link, no description."""
    return f"<!doctype html>\n<html><head><title>{title}</title></head><body>{paragraphs}</body></html>\n"


def repeated(web: Web | None, paragraphs: str) -> str:
    """The planted paragraphs as often as this kind of page has them, with prose between on a rich one."""
    if web is Web.RICH:
        return (paragraphs + _PROSE * _KILOBYTES) * _CHAPTERS
    return paragraphs * 60 if web is Web.STUFFED else paragraphs
