"""From the bytes of a page to its text, whatever the page claims about them.

The order is that of the HTML standard: byte order mark, then the Content-Type header, then a meta element
in the first bytes, then UTF-8. Two claims are not believed: ISO-8859-1 is read as windows-1252, as every
browser does, and UTF-8 that is not UTF-8 is read as windows-1252 when that explains it better. Decoding
never fails, and NULs, which PostgreSQL cannot store, are dropped.
"""

import codecs
import re
from typing import NamedTuple

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_META = re.compile(rb"<meta[^>]{0,400}?charset\s*=\s*[\"']?\s*([a-zA-Z0-9_:.-]{1,40})", re.IGNORECASE)
_SNIFFED = 2048
_FALLBACK = "windows-1252"

# The encodings that the web uses (the Encoding Standard's), by Python's name, and what is reported for each. What
# else Python can decode (utf-7, punycode, unicode_escape …) is no charset of a page.
_KNOWN = {
    "utf-8": "utf-8",
    "ascii": _FALLBACK,
    "iso8859-1": _FALLBACK,
    "cp1252": _FALLBACK,
    "iso8859-9": "windows-1254",
    "iso8859-11": "windows-874",
    "tis-620": "windows-874",
    "utf-16": "utf-16-le",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "shift_jis": "shift_jis",
    "cp932": "shift_jis",
    "euc_jp": "euc-jp",
    "iso2022_jp": "iso-2022-jp",
    "gb2312": "gbk",
    "gbk": "gbk",
    "gb18030": "gb18030",
    "big5": "big5",
    "big5hkscs": "big5-hkscs",
    "euc_kr": "euc-kr",
    "cp949": "euc-kr",
    "koi8-r": "koi8-r",
    "koi8-u": "koi8-u",
    "cp866": "ibm866",
    "mac-roman": "macintosh",
    **{f"iso8859-{n}": f"iso-8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    **{f"cp{n}": f"windows-{n}" for n in (874, 1250, 1251, 1253, 1254, 1255, 1256, 1257, 1258)},
}
_PYTHON = {
    "windows-874": "cp874",
    "shift_jis": "cp932",
    "gbk": "gb18030",
    "euc-kr": "cp949",
    "macintosh": "mac-roman",
}


class Text(NamedTuple):
    """Decoded text and the charset that it was read with."""

    text: str
    charset: str


def decode(data: bytes, declared: str | None, *, truncated: bool) -> Text:
    """Decode a page. `declared` is the charset of the Content-Type header; `truncated` allows a cut last character."""
    for mark, charset in _BOMS:
        if data.startswith(mark):
            return Text(_decode(data[len(mark) :], charset), charset)
    charset = _known(declared) or _from_meta(data) or "utf-8"
    if charset == "utf-8":
        return _decode_utf8(data, truncated=truncated)
    return Text(_decode(data, charset), charset)


def _decode(data: bytes, charset: str) -> str:
    return data.decode(_PYTHON.get(charset, charset), errors="replace").replace("\0", "")


def _decode_utf8(data: bytes, *, truncated: bool) -> Text:
    """As UTF-8, unless more of its high bytes are wrong than right: then somebody wrote windows-1252."""
    text = (
        codecs.getincrementaldecoder("utf-8")("replace").decode(data, final=not truncated).replace("\0", "")
    )
    wrong = text.count("\ufffd")
    if wrong and wrong >= sum(char > "\x7f" for char in text) - wrong:
        return Text(_decode(data, _FALLBACK), _FALLBACK)
    return Text(text, "utf-8")


def _from_meta(data: bytes) -> str | None:
    """What a meta element says; UTF-16 cannot be true of a page in which the element could be read."""
    found = _META.search(data[:_SNIFFED])
    charset = _known(found[1].decode("ascii")) if found else None
    return "utf-8" if charset in {"utf-16-le", "utf-16-be"} else charset


def _known(label: str | None) -> str | None:
    """The reported name of a charset label, or None if it is no charset of the web."""
    try:
        return _KNOWN.get(codecs.lookup(label.strip().strip("\"'")).name) if label else None
    except (LookupError, ValueError):
        return None
