"""The event that all peers tell of: the same fields and the same bytes as a `CampaignProgress` of ours.

Eleven fields, of which clients select eight. The number of an event stands in `ratePerMinute`, so that whoever receives
it can see whether it is the next one. The field of a peer is of a plain type, which is less work than our union.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

CURSOR = "AgABAgMEBQAAAAAAAAAqAAAAAA"
CAMPAIGN = "Q2FtcGFpZ246MDE5M2E5YzAtN2YzZS03YzAwLThmMDAtMDEyMzQ1Njc4OWFi"
ETA = "2026-11-26T18:30:00Z"
SELECTED = "cursor at campaignId phase percent ratePerMinute etaAt campaignPercent"
DOCUMENT = f"subscription {{ campaignEvents {{ {SELECTED} }} }}"


def values(number: int) -> Mapping[str, Any]:
    """All fields of the event of this number, as of now."""
    return {
        "cursor": CURSOR,
        "at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "campaignId": CAMPAIGN,
        "phase": "DNS_VALIDATION",
        "percent": 12.34,
        "ratePerMinute": float(number),
        "etaAt": ETA,
        "campaignPercent": 23.45,
        "processed": 1234,
        "total": 10000,
        "skipped": 0,
    }


def payload(number: int) -> str:
    """The result of the selection, for who executes none."""
    found = values(number)
    event = {name: found[name] for name in SELECTED.split()}
    return json.dumps({"data": {"campaignEvents": event}}, separators=(",", ":"))


def frame(ident: str, body: str) -> str:
    """The message of graphql-transport-ws that tells of it."""
    return f'{{"id":"{ident}","type":"next","payload":{body}}}'
