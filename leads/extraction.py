"""Reads off a kept page all that analysis needs, so that it can be scored at any later time without the page."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from leads.keyword_metrics import measure, warnings_of
from leads.known_hosts import MARKETPLACES, known, listed
from leads.phrases import COMING_SOON, FOR_SALE, fold, said
from leads.richness import richness
from vocabulary.checks import KeywordHit, Zone
from vocabulary.leads import PageFeatures
from vocabulary.pages import PageSnapshot


def extract(page: PageSnapshot, hits: Sequence[KeywordHit]) -> PageFeatures:
    """The features of a page on which `hits` were found; never raises.

    Hits and bytes are those of the front page and its extra pages together, and so is what is made of them. The text,
    the title and the links are the front page's.
    """
    size = max(page.bytes_read, 0) + max(page.extra_bytes, 0)
    metrics = measure(hits, size, page.gained)
    text, title = fold(page.text), fold(page.title or "")
    host = _host(page.final_url)
    return PageFeatures(
        bytes_read=size,
        text_length=len(page.text),
        keywords=metrics,
        richness=richness(metrics, size),
        title_has_keyword=any(found.zone is Zone.TITLE for found in metrics.zones),
        title=page.title,
        final_host=host,
        internal_links=page.internal_links,
        external_links=page.external_links,
        for_sale_title=said(FOR_SALE, title),
        for_sale_phrases=said(FOR_SALE, text),
        coming_soon=said(COMING_SOON, f"{title} {text}"),
        parking_hosts=listed(link.host for link in page.links),
        marketplace=known(host, MARKETPLACES) if host else None,
        has_structure=bool(page.headings or page.internal_links or page.external_links or page.description),
        last_modified=page.last_modified,
        warnings=warnings_of(metrics),
    )


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname or None
    except ValueError:
        return None
