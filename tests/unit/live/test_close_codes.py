from hypothesis import given
from hypothesis import strategies as st

from live import close_codes


def test_each_code_stands_once() -> None:
    codes = [row.code for row in close_codes.TABLE]
    assert len(set(codes)) == len(codes)


def test_every_row_of_the_module_is_in_the_table() -> None:
    rows = {value for value in vars(close_codes).values() if isinstance(value, close_codes.CloseCode)}
    assert rows == set(close_codes.TABLE)


def test_every_name_fits_into_a_close_frame() -> None:
    assert all(close_codes.cut(row.name) == row.name.encode() for row in close_codes.TABLE)


def test_a_reason_is_cut_between_characters() -> None:
    assert close_codes.cut("é" * 100) == ("é" * 61).encode()


@given(st.text())
def test_no_reason_exceeds_the_limit(reason: str) -> None:
    cut = close_codes.cut(reason)
    assert len(cut) <= 123
    assert reason.encode("utf-8", "replace").startswith(cut)
