"""Node ids and the cursors of connections: what is written is read, and nothing else is."""

import base64
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import new_id
from db.queries.bulk import BULK_ITEMS, BulkItemOrderField
from db.queries.campaigns import CAMPAIGNS, CampaignOrderField
from db.queries.listing import Listing
from graph import node_ids, page_cursors
from graph.errors import Refused
from graph.scalars import INT64_MAX

KEYS = st.tuples(st.datetimes(timezones=st.just(UTC)), st.uuids())
TYPES = (datetime, UUID)


@given(st.uuids(), st.integers(0, INT64_MAX))
def test_an_id_is_read_as_it_was_written(key: UUID, offset: int) -> None:
    assert node_ids.uuid_in(node_ids.encode("Campaign", key), "Campaign") == key
    name, parts = node_ids.decode(node_ids.encode("Domain", key, offset))
    assert (name, node_ids.as_uuid(parts[0]), node_ids.as_position(parts[1])) == ("Domain", key, offset)


@given(st.text(max_size=60))
def test_other_text_is_no_id(text: str) -> None:
    try:
        name, key = node_ids.decode(text)
    except node_ids.BadId:
        return
    assert name
    assert key


def test_an_id_of_another_type_is_refused() -> None:
    with pytest.raises(node_ids.BadId, match="Campaign"):
        node_ids.uuid_in(node_ids.encode("Proxy", new_id()), "Campaign")


@pytest.mark.parametrize("text", ["", "x", "-1", "01", "٣", "9" * 5000, str(INT64_MAX + 1), "1.0"])
def test_what_is_no_position_is_refused(text: str) -> None:
    with pytest.raises(node_ids.BadId):
        node_ids.as_position(text)


AN_ID = UUID("01a20c4b-cd7b-762e-9f97-4f643e653bac")


@pytest.mark.parametrize("text", ["", "x", str(AN_ID).upper(), AN_ID.hex, f"{{{AN_ID}}}"])
def test_what_is_no_uuid_as_we_write_it_is_refused(text: str) -> None:
    with pytest.raises(node_ids.BadId):
        node_ids.as_uuid(text)


@given(KEYS)
def test_a_cursor_is_read_as_it_was_written(key: tuple[datetime, UUID]) -> None:
    assert (
        page_cursors.decode(page_cursors.encode("campaigns:NAME:ASC", key), "campaigns:NAME:ASC", TYPES)
        == key
    )


@given(
    st.one_of(
        st.text(max_size=80), st.binary(max_size=60).map(lambda b: base64.urlsafe_b64encode(b).decode())
    )
)
def test_garbage_is_no_cursor(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        page_cursors.decode(text, "campaigns:NAME:ASC", TYPES)
    assert refusal.value.extensions == {"code": "BAD_CURSOR"}


def test_a_cursor_of_another_list_or_order_is_refused() -> None:
    text = page_cursors.encode("campaigns:NAME:ASC", ("a", new_id()))
    for order in ("campaigns:NAME:DESC", "proxies:NAME:ASC"):
        with pytest.raises(Refused, match="another"):
            page_cursors.decode(text, order, (str, UUID))


@pytest.mark.parametrize("key", [(2**63,), ("1",), (1.5,), (None,), (), (1, 2), ({},), (True,)])
def test_a_forged_key_is_refused(key: tuple[object, ...]) -> None:
    packed = msgspec.json.encode((1, "domains", key))
    with pytest.raises(Refused):
        page_cursors.decode(base64.urlsafe_b64encode(packed).decode(), "domains", (int,))


def test_a_forged_text_that_no_database_takes_is_refused() -> None:
    for letters in ('"\\u0000"', '"\\ud800"'):
        packed = b'[1,"o",[' + letters.encode() + b"]]"
        with pytest.raises(Refused):
            page_cursors.decode(base64.urlsafe_b64encode(packed).decode(), "o", (str,))


@pytest.mark.parametrize(
    "moment", ["2026-01-01T00:00:00", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"]
)
def test_a_forged_moment_that_no_database_takes_is_refused(moment: str) -> None:
    packed = msgspec.json.encode((1, "o", (moment, new_id())))
    with pytest.raises(Refused):
        page_cursors.decode(base64.urlsafe_b64encode(packed).decode(), "o", TYPES)


@pytest.mark.parametrize(
    ("listing", "order", "key"),
    [
        (CAMPAIGNS, CampaignOrderField.STATUS, ("GONE", new_id())),
        (BULK_ITEMS, BulkItemOrderField.ORDINAL, (2**31,)),
    ],
    ids=["word", "number"],
)
def test_a_forged_key_that_its_column_does_not_take_is_refused(
    listing: Listing[Any, Any], order: StrEnum, key: tuple[object, ...]
) -> None:
    packed = msgspec.json.encode((1, "o", key))
    with pytest.raises(Refused):
        page_cursors.decode(base64.urlsafe_b64encode(packed).decode(), "o", listing.key_types(order))
