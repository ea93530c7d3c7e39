"""Cursors say of which version they are, so that a server of another one refuses them instead of going astray."""

import base64
import struct
from typing import Any

import msgspec
import pytest

from events import cursor
from graph import page_cursors
from graph.errors import Refused
from tests.fakes.gallery import Gallery
from tests.fakes.stage import Stage, cursor_at
from tests.unit.graph.asking import Desk
from vocabulary.operations import Rejected

UNKNOWN = "This cursor is of a version that this server does not know."


def of_list(*parts: object) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(parts)).decode().rstrip("=")


def of_stream(version: int, rest: bytes) -> str:
    return base64.urlsafe_b64encode(bytes([version]) + rest).decode()


def test_both_carry_their_version_and_are_opaque() -> None:
    text = cursor.encode("0123456789ab", 7, 1)
    assert base64.urlsafe_b64decode(text + "==")[0] == 2
    assert cursor.decode(text) == cursor.Cursor("0123456789ab", 7, 1)
    assert cursor.decode(cursor_at(7)) == cursor.Cursor("0123456789ab", 7, None)
    text = page_cursors.encode("campaigns:NAME:ASC", ("a",))
    assert msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))[0] == 1


@pytest.mark.parametrize(
    "text", [of_list(2, "campaigns:NAME:ASC", ["a"]), of_list(2), of_list(0, {"place": 1}), of_list(17, 1, 2, 3)],
    ids=["same form", "version only", "older", "other form"],
)  # fmt: skip
def test_a_list_refuses_another_version_whatever_its_form(text: str) -> None:
    with pytest.raises(Refused) as refused:
        page_cursors.decode(text, "campaigns:NAME:ASC", (str,))
    assert (refused.value.message, refused.value.extensions) == (UNKNOWN, {"code": "BAD_CURSOR"})


@pytest.mark.parametrize("rest", [bytes(14), b"", bytes(30)], ids=["same form", "version only", "longer"])
@pytest.mark.parametrize("version", [3, 31])
def test_a_stream_refuses_another_version_whatever_its_form(version: int, rest: bytes) -> None:
    with pytest.raises(ValueError, match=UNKNOWN):
        cursor.decode(of_stream(version, rest))


@pytest.mark.parametrize(
    "text", ["", "x", "é", "A" * 5000, of_stream(1, bytes(13)), of_stream(2, bytes(14)), of_list(1, "a", [])]
)
def test_what_is_no_cursor_of_a_stream_is_not_called_another_version(text: str) -> None:
    with pytest.raises(ValueError, match="This is no cursor of a stream"):
        cursor.decode(text)


@pytest.mark.parametrize("form", [">B6sQ", ">B6sQI"])
def test_no_cursor_is_further_than_a_database_counts(form: str) -> None:
    """A statement that asks for what follows it would fail, and the client be told of a defect."""
    rest = [9] if form.endswith("I") else []
    last, beyond = (
        base64.urlsafe_b64encode(struct.pack(form, len(rest) + 1, bytes(6), position, *rest))
        .decode()
        .rstrip("=")
        for position in (2**63 - 1, 2**63)
    )
    assert cursor.decode(last).position == 2**63 - 1
    with pytest.raises(ValueError, match="This is no cursor of a stream"):
        cursor.decode(beyond)


async def test_clients_are_told_by_a_code(gallery: Gallery, desk: Desk) -> None:
    query = "query ($after: String) { campaigns(after: $after) { totalCount } }"
    told = await desk.refused(gallery.house.alice, query, after=of_list(2, "x", []))
    assert told == [("BAD_CURSOR", UNKNOWN)]


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("subscription ($after: Cursor) { activity(after: $after) { __typename } }", {"after": True}),
        ('subscription { activity(after: "%s") { __typename } }', {}),
    ],
    ids=["variable", "literal"],
)
async def test_subscribers_are_told_by_a_code(stage: Stage, query: str, variables: dict[str, Any]) -> None:
    bad = of_stream(3, bytes(14))
    given = dict.fromkeys(variables, bad)
    with pytest.raises(Rejected) as refused:
        await stage.subscribe(stage.house.alice, query.replace("%s", bad), None, **given)
    (error,) = refused.value.errors
    assert error["extensions"]["code"] == "BAD_CURSOR"
    assert UNKNOWN in error["message"]


async def test_a_browser_that_comes_back_is_told_by_the_same_code(stage: Stage) -> None:
    query = "subscription { activity { __typename } }"
    with pytest.raises(Rejected) as refused:
        await stage.subscribe(stage.house.alice, query, of_stream(3, bytes(14)))
    assert refused.value.errors[0]["extensions"]["code"] == "BAD_CURSOR"
    await stage.subscribe(stage.house.alice, query, cursor_at(0))
