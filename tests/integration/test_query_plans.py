"""No list walks a large table from end to end: the plans of all of them, at a size at which the planners care.

`python -m bench.query_plans` does the same at a million domains, and prints how long the pages take.
"""

import pytest

from bench.explaining import explain
from bench.filling import Size, fill
from bench.lists import filter_type, list_queries, listings
from bench.samples import samples
from db.engine import Engines

SIZE = Size(domains=60_000, events=20_000, proxies=10_000, campaigns=2_000, named=200)
# The tables that this size makes large enough; a small one is read faster as a whole, and the planner knows it.
LARGE = {"domains", "event_log", "proxies"}


@pytest.mark.timeout(300)
async def test_every_list_goes_by_an_index(engines: Engines) -> None:
    filled = await fill(engines, SIZE)
    walked: list[str] = []
    explained = 0
    for query in list_queries(filled, samples(filled)):
        async with engines.reading(seconds=None) as session:
            plan = await explain(session, query.listing.page(query.scope, query.wanted))
        explained += 1
        if LARGE & set(plan.walked):
            walked.append(f"{query.name}: {plan}")
    assert walked == []
    assert explained > 10 * len(listings())


def test_the_lists_are_found_by_themselves() -> None:
    assert {
        "DOMAINS",
        "CAMPAIGNS",
        "PROXIES",
        "ACTIVITY",
        "AUDIT",
        "POOLS",
        "BULK_ITEMS",
    } <= listings().keys()
    assert {filter_type(listing).__name__ for listing in listings().values()} >= {
        "DomainFilter",
        "AuditFilter",
    }
