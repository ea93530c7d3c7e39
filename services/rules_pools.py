"""The rules of pools of proxies and of their members (DOMAIN 1.8)."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from core.errors import Violation
from services.rules_text import check_distinct, check_range, check_size

MAX_MEMBERS = 1000
MAX_WEIGHT = 1000
MIN_CHECK_INTERVAL, MAX_CHECK_INTERVAL = 10, 7 * 24 * 3600
MAX_RETRIES = 100
MIN_TIMEOUT, MAX_TIMEOUT = 0.1, 300.0


def check_settings(values: dict[str, object]) -> Iterator[Violation]:
    """Those settings of a pool that have a number, by name, as far as they were given."""
    limits = {
        "health_check_interval_seconds": (MIN_CHECK_INTERVAL, MAX_CHECK_INTERVAL),
        "max_retries": (0, MAX_RETRIES),
        "timeout_seconds": (MIN_TIMEOUT, MAX_TIMEOUT),
    }
    for name, (low, high) in limits.items():
        value = values.get(name)
        if isinstance(value, int | float):
            head, *rest = name.split("_")
            yield from check_range(value, (head + "".join(map(str.title, rest)),), low, high)


def check_weight(weight: int) -> Iterator[Violation]:
    """How often a member is taken, beside the weights of the others."""
    yield from check_range(weight, ("weight",), 1, MAX_WEIGHT)


def check_proxy_ids(proxy_ids: Sequence[UUID]) -> Iterator[Violation]:
    """Proxies that are to join or to leave a pool."""
    yield from check_size(proxy_ids, ("proxyIds",), 1, MAX_MEMBERS)
    yield from check_distinct(proxy_ids, ("proxyIds",))
