"""What a frame says, as rows of a terminal: when, what happened, to what, and more about it. Pure.

A frame of a kind that this program does not know is a row with its name, so that a newer server can be followed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import itemgetter
from typing import Any, NamedTuple

from cli.remote.output import count

Json = Mapping[str, Any]

SNAPSHOT = "SNAPSHOT"
RESET = "RESET"
MORE = "MORE"
# A snapshot may have a thousand things, and whoever follows a stream wants to see what comes.
SHOWN = 20
RESETS = {
    "LOG_REPLACED": "the log is not the one that the cursor is of; what follows begins anew",
    "RETENTION": "the log no longer holds what followed the cursor; what follows begins anew",
}


class Row(NamedTuple):
    """`at` is a time of the API, or None; the rest is text from the server as it came."""

    at: str | None
    kind: str
    what: str
    told: str = ""


def rows(frame: Json) -> Iterator[Row]:
    """The rows of a frame, one at least."""
    kind = frame["__typename"]
    if kind == "StreamReset":
        yield Row(None, RESET, frame["reason"], RESETS.get(frame["reason"], "what follows begins anew"))
        yield from _state(frame["snapshot"])
    elif kind.endswith("Snapshot"):
        yield from _state(frame)
    elif kind == "ActivityAdded":
        yield _activity(frame["activity"])
    elif kind == "DomainEventBatch":
        yield from _domains(frame)
    else:
        yield Row(frame.get("at"), kind, *_happening(frame))


def _state(snapshot: Json) -> Iterator[Row]:
    kind = snapshot["__typename"]
    if kind == "ActivitySnapshot":
        # Newest first as a page has them, newest last as a terminal does.
        yield from (_activity(each) for each in reversed(snapshot["activities"][:SHOWN]))
        return
    things = [
        (name, thing)
        for name, value in snapshot.items()
        for thing in (value if isinstance(value, list) else [value])
        if isinstance(thing, Mapping) and thing.get("isChanged", True)
    ]
    yield from (Row(None, SNAPSHOT, *_thing(name, thing)) for name, thing in things[:SHOWN])
    left_out = len(things[SHOWN:]) + int(snapshot.get("omitted") or 0)
    if left_out:
        yield Row(None, MORE, f"{left_out:,} more")
    elif not things:
        yield Row(None, SNAPSHOT, "", "nothing there yet")


def _activity(activity: Json) -> Row:
    campaign = activity["campaign"]
    what = activity["entityType"].replace("_", " ").lower() if campaign is None else campaign["name"]
    return Row(activity["at"], activity["kind"], what, f"{activity['summary']} ({activity['actor']['name']})")


def _domains(batch: Json) -> Iterator[Row]:
    for each in batch["generated"]:
        yield Row(batch["at"], batch["kind"], each["name"])
    for each in batch["changed"]:
        told = (
            f"DNS {each['dnsStatus']}",
            f"HTTP {each['httpStatus']}",
            None if each["score"] is None else f"score {each['score']:.2f}",
            each["rejection"],
        )
        yield Row(batch["at"], batch["kind"], each["name"], _joined(told))
    if int(batch["omitted"]):
        yield Row(batch["at"], MORE, f"{count(batch['omitted'])} more")


def _happening(frame: Json) -> tuple[str, str]:
    """What a frame is about, and what it says of it."""
    for key in ("campaign", "proxy", "operation"):
        if isinstance(frame.get(key), Mapping):
            what, told = _thing(key, frame[key])
            return what, _joined((told, *_details(frame)))
    what = frame.get("name") or frame.get("phase") or frame.get("campaignId") or ""
    return what, _joined(_details(frame))


def _details(frame: Json) -> Iterator[str | None]:
    """What single kinds of frames have; a field of a later version is not shown."""
    for field, say in DETAILS.items():
        if frame.get(field):
            yield say(frame)


def _passage(frame: Json) -> str:
    return f"{frame['previous']} → {frame['current']}" if "current" in frame else f"was {frame['previous']}"


def _change(change: Json) -> str:
    return f"{change['name']}: {change['before']} → {change['after']}"


def _counted(frame: Json) -> str:
    counts = frame["counts"]
    return f"{frame['percent']:.1f} %, {count(counts['processed'])} of {count(counts['total'])}"


def _pace(frame: Json) -> str | None:
    rate = frame.get("ratePerMinute")
    return None if rate is None else f"{rate:,.0f}/min"


def _tested(result: Json) -> str:
    found = f"seen from {result['returnedIp']}" if result["success"] else str(result["error"])
    return f"{found}, {result['durationMs']} ms"


def _campaign(campaign: Json) -> tuple[str, str]:
    return campaign["name"], _joined((campaign["status"], f"{campaign['percent']:.1f} %", _pace(campaign)))


def _proxy(proxy: Json) -> tuple[str, str]:
    return proxy["name"], _joined((proxy["health"], _off(proxy), proxy["address"], proxy["lastError"]))


def _off(thing: Json) -> str | None:
    return None if thing["enabled"] else "disabled"


def _operation(operation: Json) -> tuple[str, str]:
    done = f"{operation['done']:,} of {operation['total']:,}"
    failed = f"{operation['failed']:,} failed" if operation["failed"] else None
    return operation["kind"], _joined((operation["status"], done, failed, operation["error"]))


THINGS: Mapping[str, Callable[[Json], tuple[str, str]]] = {
    "campaign": _campaign,
    "campaigns": _campaign,
    "proxy": _proxy,
    "proxies": _proxy,
    "operation": _operation,
    "personas": lambda persona: (persona["name"], _joined(("persona", persona["type"], _off(persona)))),
    "keywordSets": lambda found: (found["name"], _joined(("keyword set", _off(found)))),
    "proxyPools": lambda pool: (pool["name"], _joined(("pool", _off(pool)))),
    "scoringProfiles": lambda profile: (profile["name"], f"scoring profile, version {profile['version']}"),
    "settings": lambda setting: (setting["name"], setting["value"]),
}


DETAILS: Mapping[str, Callable[[Json], str | None]] = {
    "previous": _passage,
    "currentMode": lambda frame: f"{frame['previousMode']} → {frame['currentMode']}",
    "counts": _counted,
    "ratePerMinute": _pace,
    "result": lambda frame: _tested(frame["result"]),
    "changed": lambda frame: f"changed: {', '.join(frame['changed'])}",
    "skipped": lambda frame: f"{frame['skipped']} skipped",
    "changes": lambda frame: "; ".join(map(_change, frame["changes"])),
    **{name: itemgetter(name) for name in ("cause", "code", "message", "target", "failure")},
}


def _thing(key: str, thing: Json) -> tuple[str, str]:
    known = THINGS.get(key)
    return (thing.get("name", ""), key) if known is None else known(thing)


def _joined(parts: Iterable[str | None]) -> str:
    return ", ".join(part for part in parts if part)
