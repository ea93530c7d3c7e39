"""The rules of campaigns that need no database (DOMAIN 1.3 to 1.5, 4.1)."""

from collections.abc import Iterator

from core.errors import Violation
from names.rules import check_generation
from services.rules_hosts import check_port
from services.rules_text import (
    Path,
    check_distinct,
    check_range,
    check_size,
    check_text,
    in_schema_words,
)
from vocabulary.campaigns import DnsConfig, GenerationConfig, HttpConfig, MicroCrawl

MAX_PERSONAS = 10
MAX_KEYWORD_SETS = 100
MAX_AD_HOC_KEYWORDS = 1000
MAX_KEYWORD = 255
MAX_PROXIES = 100
MAX_DNS_BATCH = 1000
MAX_HTTP_BATCH = 500
MAX_RETRIES = 5
MAX_ROTATION_SECONDS = 3600
MAX_SPEED = 1_000_000
MAX_PAGES = 10
MIN_PAGE_BYTES, MAX_PAGE_BYTES = 1024, 500_000


def check_generation_config(config: GenerationConfig, path: Path = ("generation",)) -> Iterator[Violation]:
    """Every broken rule of what to enumerate."""
    return in_schema_words(check_generation(config, path))


def check_dns_config(config: DnsConfig) -> Iterator[Violation]:
    """Every broken rule of how to resolve."""
    yield from check_list(config.persona_ids, ("dns", "personaIds"), 1, MAX_PERSONAS)
    yield from check_range(config.batch_size, ("dns", "batchSize"), 1, MAX_DNS_BATCH)
    yield from check_range(config.retry_attempts, ("dns", "retryAttempts"), 0, MAX_RETRIES)
    yield from _check_pace(config, "dns")


def check_http_config(config: HttpConfig) -> Iterator[Violation]:
    """Every broken rule of how to fetch and what to look for."""
    yield from check_list(config.persona_ids, ("http", "personaIds"), 1, MAX_PERSONAS)
    yield from _check_keywords(config)
    yield from check_list(config.proxy_ids, ("http", "proxyIds"), 0, MAX_PROXIES)
    if config.pool_id is not None and config.proxy_ids:
        yield Violation(("http", "poolId"), "cannot be given beside proxies; name either", None)
    yield from check_range(config.batch_size, ("http", "batchSize"), 1, MAX_HTTP_BATCH)
    yield from check_range(config.retry_attempts, ("http", "retryAttempts"), 0, MAX_RETRIES)
    yield from _check_pace(config, "http")
    yield from check_port(config.http_port, ("http", "httpPort"))
    yield from check_port(config.https_port, ("http", "httpsPort"))
    if config.micro_crawl is not None:
        yield from _check_micro_crawl(config.micro_crawl, ("http", "microCrawl"))


def check_list(values: tuple[object, ...], path: Path, low: int, high: int) -> Iterator[Violation]:
    """A list of the right size that names nothing twice; one that is too long is not looked into."""
    yield from check_size(values, path, low, high)
    if len(values) <= high:
        yield from check_distinct(values, path)


def _check_pace(config: DnsConfig | HttpConfig, part: str) -> Iterator[Violation]:
    if not 0 <= config.rotation_interval_seconds <= MAX_ROTATION_SECONDS:
        limit = f"0..{MAX_ROTATION_SECONDS}"
        yield Violation((part, "rotationIntervalSeconds"), f"must be from 0 to {MAX_ROTATION_SECONDS}", limit)
    yield from check_range(config.speed_per_minute, (part, "speedPerMinute"), 0, MAX_SPEED)


def _check_micro_crawl(config: MicroCrawl, path: Path) -> Iterator[Violation]:
    yield from check_range(config.max_pages, (*path, "maxPages"), 1, MAX_PAGES)
    yield from check_range(config.byte_budget, (*path, "byteBudget"), MIN_PAGE_BYTES, MAX_PAGE_BYTES)


def _check_keywords(config: HttpConfig) -> Iterator[Violation]:
    sets, ad_hoc = ("http", "keywordSetIds"), ("http", "adHocKeywords")
    if not config.keyword_set_ids and not config.ad_hoc_keywords:
        yield Violation(sets, "needs at least one keyword set, or an ad hoc keyword beside", "1..")
    yield from check_list(config.keyword_set_ids, sets, 0, MAX_KEYWORD_SETS)
    yield from check_list(config.ad_hoc_keywords, ad_hoc, 0, MAX_AD_HOC_KEYWORDS)
    if len(config.ad_hoc_keywords) <= MAX_AD_HOC_KEYWORDS:
        for index, keyword in enumerate(config.ad_hoc_keywords):
            yield from _check_keyword(keyword, (*ad_hoc, str(index)))


def _check_keyword(keyword: str, path: Path) -> Iterator[Violation]:
    if not keyword.strip():
        yield Violation(path, "must not be empty or all white space", f"1..{MAX_KEYWORD}")
    else:
        yield from check_text(keyword, path, 1, MAX_KEYWORD)
