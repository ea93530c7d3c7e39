"""Every list query there is: each listing of db/queries, in each of its orders, without a filter and with each one."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

import db.queries
from bench.filling import Filled
from bench.samples import OWN
from db.queries.listing import Listing, Wanted
from db.scope import EVERYTHING, Scope

PAGE = 50


@dataclass(frozen=True)
class ListQuery:
    """One page of one list, as one kind of caller asks for it."""

    name: str
    listing: Listing[Any, Any]
    scope: Scope
    wanted: Wanted[Any]


def listings() -> dict[str, Listing[Any, Any]]:
    """Every listing of the product, by its name; a new one is found by itself."""
    found: dict[str, Listing[Any, Any]] = {}
    for module in pkgutil.iter_modules(db.queries.__path__):
        names = vars(importlib.import_module(f"db.queries.{module.name}"))
        found |= {name: value for name, value in names.items() if isinstance(value, Listing)}
    return found


def list_queries(filled: Filled, samples: Mapping[str, Any]) -> Iterator[ListQuery]:
    """Each list, order, direction and filter, for an owner and for an administrator.

    Args:
        filled: whose rows to ask for.
        samples: by the name of a filter's field, a value to ask for.

    Raises:
        KeyError: a filter has a field of which there is no sample.
    """
    for name, listing in listings().items():
        for scope, who in ((Scope(filled.owner_id), "owner"), (EVERYTHING, "admin")):
            for title, wanted in _pages(listing, samples):
                yield ListQuery(f"{name.lower()} {title}, {who}", listing, scope, wanted)


def _pages(listing: Listing[Any, Any], samples: Mapping[str, Any]) -> Iterator[tuple[str, Wanted[Any]]]:
    kind = filter_type(listing)
    fields = msgspec.structs.fields(kind)
    samples = {**samples, **OWN.get(kind.__name__, {})}
    always = {field.name: samples[field.name] for field in fields if field.required}
    plain = kind(**always)
    for order in listing.keys:
        for descending in (False, True):
            direction = "descending" if descending else "ascending"
            yield f"by {order.lower()} {direction}", _wanted(plain, order, descending=descending)
    first = next(iter(listing.keys))
    for field in fields:
        if field.name not in always:
            narrowed = kind(**always, **{field.name: samples[field.name]})
            yield f"with {field.name}", _wanted(narrowed, first, descending=True)


def _wanted(narrowed: Any, order: StrEnum, *, descending: bool) -> Wanted[Any]:
    return Wanted(filter=narrowed, order=order, descending=descending, limit=PAGE)


def filter_type(listing: Listing[Any, Any]) -> Any:
    """The type of a listing's filter, from the annotation of its conditions."""
    hints = importlib.import_module(listing.conditions.__module__).__dict__
    annotation = listing.conditions.__annotations__["wanted"]
    return hints[annotation] if isinstance(annotation, str) else annotation
