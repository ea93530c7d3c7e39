"""Bytes to text: the order of claims, the claims that are not believed, and that nothing ever fails."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.charset import decode

META = "<meta charset={}>"


@pytest.mark.parametrize(
    ("data", "declared", "text", "charset"),
    [
        ("é".encode(), None, "é", "utf-8"),
        ("é".encode(), "UTF-8", "é", "utf-8"),
        (b"\xef\xbb\xbf\xc3\xa9", "windows-1251", "é", "utf-8"),
        (b"\xff\xfee\x00", "utf-8", "e", "utf-16-le"),
        (b"\xfe\xff\x00e", None, "e", "utf-16-be"),
        (b"caf\xe9", "iso-8859-1", "café", "windows-1252"),
        (b"\x80", "latin1", "€", "windows-1252"),
        (b"\x80", "us-ascii", "€", "windows-1252"),
        (b"caf\xe9", None, "café", "windows-1252"),
        (b"caf\xe9", "utf-8", "café", "windows-1252"),
        ("Привет".encode("cp1251"), "windows-1251", "Привет", "windows-1251"),
        ("Привет".encode("koi8-r"), '"koi8-r"', "Привет", "koi8-r"),
        ("日本".encode("shift_jis"), "Shift_JIS", "日本", "shift_jis"),
        ("中文".encode("gbk"), "GB2312", "中文", "gbk"),
        ("한국".encode("euc_kr"), "euc-kr", "한국", "euc-kr"),
        ("e".encode("utf-16-le"), "utf-16", "e", "utf-16-le"),
        (b"a\x00b", None, "ab", "utf-8"),
        (b"+AGE-", "utf-7", "+AGE-", "utf-8"),
        (b"abc", "rot13", "abc", "utf-8"),
        (b"abc", "no such thing", "abc", "utf-8"),
        (b"abc", "\x00", "abc", "utf-8"),
        (b"", None, "", "utf-8"),
    ],
)
def test_a_page_is_read_with_the_right_charset(
    data: bytes, declared: str | None, text: str, charset: str
) -> None:
    assert decode(data, declared, truncated=False) == (text, charset)


def test_a_meta_element_is_read_after_the_header_and_before_the_default() -> None:
    page = META.format("windows-1251").encode() + "Да".encode("cp1251")
    assert decode(page, None, truncated=False).text.endswith("Да")
    assert decode(page, "koi8-r", truncated=False).charset == "koi8-r"
    old = b'<META http-equiv=Content-Type content="text/html; charset=koi8-r">'
    assert decode(old, None, truncated=False).charset == "koi8-r"


def test_a_meta_element_that_claims_utf_16_cannot_be_right() -> None:
    assert decode(META.format("utf-16").encode(), None, truncated=False).charset == "utf-8"


def test_a_meta_element_far_down_is_not_looked_for() -> None:
    assert decode(b" " * 3000 + META.format("koi8-r").encode(), None, truncated=False).charset == "utf-8"


def test_one_wrong_byte_does_not_spoil_a_page_in_utf_8() -> None:
    assert decode("éüß".encode() + b"\xe9!", "utf-8", truncated=False) == ("éüß\ufffd!", "utf-8")


def test_a_character_cut_at_the_end_is_dropped_only_if_the_page_was_cut() -> None:
    assert decode("aé".encode()[:-1], None, truncated=True) == ("a", "utf-8")
    assert decode("aé".encode()[:-1], None, truncated=False) == ("aÃ", "windows-1252")


LABELS = st.sampled_from([None, "utf-8", "utf-16", "gbk", "iso-2022-jp", "windows-874", "big5", "x", ""])


@given(st.binary(max_size=200), LABELS, st.booleans())
def test_nothing_fails_and_the_text_can_be_stored(data: bytes, declared: str | None, truncated: bool) -> None:
    text, charset = decode(data, declared, truncated=truncated)
    assert "\0" not in text
    assert text.encode("utf-8").decode("utf-8") == text
    assert "x".encode(charset)


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff\ufffe\ufffd"), max_size=100)
)
def test_utf_8_is_read_as_it_was_written(text: str) -> None:
    assert decode(text.encode(), "utf-8", truncated=False).text == text
