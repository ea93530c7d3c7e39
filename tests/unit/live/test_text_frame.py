"""The frames of texts; `tests/unit/web/test_sockets.py` has a client of aiohttp read them."""

import pytest

from live.text_frame import framed, header
from tests.fakes.streams import texts_of

SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, 100_000]


@pytest.mark.parametrize("size", SIZES)
def test_texts_come_out_as_they_went_in(size: int) -> None:
    assert texts_of(framed(b"x" * size) * 2) == [b"x" * size] * 2


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (5, "8105"),
        (125, "817d"),
        (126, "817e007e"),
        (65_535, "817effff"),
        (65_536, "817f0000000000010000"),
    ],
)
def test_lengths_are_as_short_as_they_can_be(size: int, expected: str) -> None:
    assert header(size).hex() == expected
