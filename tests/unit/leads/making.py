"""Makes pages, features and verdicts for the tests of leads, and the strategies that draw them."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import strategies as st

from vocabulary.checks import KeywordHit, Zone
from vocabulary.leads import (
    KeywordMetrics,
    PageFeatures,
    ParkedVerdict,
    Rejection,
    Richness,
    ScoringConfig,
    Weights,
)
from vocabulary.pages import Link, PageSnapshot

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)

SHARES = st.floats(0, 1)
HITS = st.lists(
    st.builds(KeywordHit, st.sampled_from("abcdefgh"), st.sampled_from(Zone), st.integers(1, 60)), max_size=20
)
SIZES = st.integers(0, 300_000)


def page(text: str = "Some text of a shop.", **more: object) -> PageSnapshot:
    values = {"bytes_read": 2048, "final_url": "https://a.test/", "title": "A shop"} | more
    return PageSnapshot(text=text, **values)  # type: ignore[arg-type]


def features(**more: object) -> PageFeatures:
    values = {
        "bytes_read": 4096,
        "text_length": 2000,
        "keywords": KeywordMetrics(unique=2, hits=6, hits_per_kilobyte=1.5),
        "richness": Richness(),
        "title": "A shop",
        "has_structure": True,
    } | more
    return PageFeatures(**values)  # type: ignore[arg-type]


METRICS = st.builds(
    KeywordMetrics,
    unique=st.integers(0, 100),
    hits=st.integers(0, 10_000),
    hits_per_kilobyte=st.floats(0, 1024),
)
FEATURES = st.builds(
    features,
    bytes_read=SIZES,
    text_length=st.integers(0, 65536),
    keywords=METRICS,
    title_has_keyword=st.booleans(),
    internal_links=st.integers(0, 3000),
    external_links=st.integers(0, 3000),
    for_sale_title=st.sampled_from([(), ("domain for sale",)]),
    for_sale_phrases=st.sampled_from([(), ("buy this domain",), ("buy this domain", "domain is for sale")]),
    coming_soon=st.sampled_from([(), ("coming soon",)]),
    parking_hosts=st.sampled_from([(), ("sedo.com",)]),
    marketplace=st.sampled_from([None, "sedo.com"]),
    final_host=st.sampled_from([None, "a.test", "x.bodis.com"]),
    has_structure=st.booleans(),
    last_modified=st.none() | st.timedeltas(timedelta(days=-400), timedelta(days=400)).map(NOW.__add__),
)
PARKED = st.builds(ParkedVerdict, is_parked=st.booleans(), confidence=SHARES)
WEIGHTS = st.builds(Weights, *([SHARES] * 7)).filter(lambda weights: sum_of(weights) > 1e-6)
CONFIGS = st.builds(
    ScoringConfig,
    weights=WEIGHTS,
    parked_factor=SHARES,
    match_score=st.floats(0.05, 0.95),
    grace_score=st.floats(0, 0.05),
    grace_min_bytes=st.integers(256, 100_000),
    parked_confidence=SHARES,
    requires_structure=st.booleans(),
)
REJECTIONS = st.sampled_from(Rejection)
PAGES = st.builds(
    page,
    text=st.text(max_size=300),
    bytes_read=SIZES,
    final_url=st.sampled_from(["https://a.test/", "https://www.sedo.com/x", "http://[", ""]),
    title=st.none() | st.text(max_size=40),
    description=st.none() | st.text(max_size=40),
    internal_links=st.integers(0, 50),
    external_links=st.integers(0, 50),
    links=st.lists(
        st.builds(Link, st.sampled_from(["b.test", "sedo.com", ""]), st.integers(1, 9)), max_size=3
    ).map(tuple),
    headings=st.integers(0, 9),
    gained=st.integers(0, 9),
    extra_bytes=st.integers(0, 60_000),
)


def sum_of(weights: Weights) -> float:
    values: dict[str, float] = msgspec.structs.asdict(weights)
    return sum(values.values())
