import pytest

from live.json_text import MAX_DEPTH, Malformed, decode


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "[Infinity]",
        "-Infinity",
        "1e400",
        "1" + "0" * 5000,
        '"\\ud800"',
        '"\\q"',
        "",
        "{",
        "[1,]",
        "\ufeff{}",
    ],
)
def test_what_is_not_json_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        decode(text)


@pytest.mark.parametrize(
    "text", ['"\\ud83d"', '"cut: \\uD83D more"', '["\\\\\\udc00"]', '"\\ud83d\\ude00\\ude00"']
)
def test_half_a_character_is_called_what_it_is(text: str) -> None:
    for given in (text, text.encode()):
        with pytest.raises(Malformed, match=r"half of a surrogate pair, \\u[dD]"):
            decode(given)


@pytest.mark.parametrize("text", ['"\\ud83d\\ude00', '"\\\\ud83d', "[1"])
def test_what_else_is_wrong_is_not_taken_for_it(text: str) -> None:
    with pytest.raises(Malformed, match=r"^(?!A string has half)"):
        decode(text)


def test_text_that_is_not_utf8_is_malformed() -> None:
    with pytest.raises(Malformed):
        decode(b'"\xff"')


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 900, 100_000])
def test_absurd_depth_is_malformed(depth: int) -> None:
    with pytest.raises(Malformed, match="nested deeper than 128 levels"):
        decode("[" * depth + "]" * depth)


def test_sane_depth_is_read() -> None:
    value = decode('{"a":' * (MAX_DEPTH - 1) + "[]" + "}" * (MAX_DEPTH - 1))
    assert value["a"]["a"] is not None


def test_width_is_not_depth() -> None:
    assert decode("[" + ",".join(["[]"] * 500) + "]") == [[]] * 500


def test_brackets_in_strings_are_not_depth() -> None:
    assert decode('"' + "[" * 500 + '"') == "[" * 500
