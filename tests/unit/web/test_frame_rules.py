"""Frames are judged alike in whatever pieces they come. What is refused, and how: tests/protocol/test_rfc6455.py."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.close_codes import PROTOCOL_ERROR
from tests.protocol.raw import Opcode, close, frame, text
from web.frame_rules import Breach, FrameRules, Judgement

MAX_BYTES = 1 << 17
SOUND = st.one_of(
    st.builds(frame, st.sampled_from([Opcode.TEXT, Opcode.BINARY]), st.binary(max_size=300)),
    st.builds(frame, st.sampled_from([Opcode.PING, Opcode.PONG]), st.binary(max_size=125)),
    st.builds(
        lambda first, second, third: (
            frame(Opcode.TEXT, first, fin=False)
            + frame(Opcode.PING, second)
            + frame(Opcode.CONTINUATION, third)
        ),
        st.binary(max_size=200),
        st.binary(max_size=9),
        st.binary(max_size=200),
    ),
    st.just(frame(Opcode.TEXT, bytes(1 << 16), mask=bytes(4))),
    st.just(close(1000, b"bye")),
)


def pieces(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    place = 0
    for size in sizes:
        yield data[place : place + size]
        place += size
    yield data[place:]


@given(st.lists(SOUND, min_size=1, max_size=4), st.lists(st.integers(0, 90), max_size=9))
def test_what_is_sound_is_so_in_any_pieces(frames: list[bytes], sizes: list[int]) -> None:
    data = b"".join(frames)
    rules = FrameRules(MAX_BYTES)
    for piece in pieces(data, sizes):
        found = rules.judge(piece)
        assert (found.sound, found.breach) == (len(piece), None)
    assert not rules.is_under_way


@given(SOUND, st.data())
def test_what_is_cut_off_anywhere_is_under_way(message: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(1, len(message) - 1))
    rules = FrameRules(MAX_BYTES)
    assert rules.judge(message[:place]).breach is None
    assert rules.is_under_way
    assert rules.judge(message[place:]).completed
    assert not rules.is_under_way


@given(st.lists(SOUND, max_size=3), st.lists(st.integers(0, 90), max_size=9))
def test_what_is_before_a_breach_is_sound_and_what_is_after_it_is_nothing(
    frames: list[bytes], sizes: list[int]
) -> None:
    before = b"".join(frames)
    rules = FrameRules(MAX_BYTES)
    place = 0
    for piece in pieces(before + text("{}", mask=None) + text("{}"), sizes):
        found = rules.judge(piece)
        if found.breach is not None:
            # The first byte of a head has nothing by which it could be refused.
            assert place + found.sound in {len(before), len(before) + 1}
            assert found.breach == Breach(PROTOCOL_ERROR, "A client must mask its frames")
            return
        place += len(piece)
    pytest.fail("it was not noticed")


def test_a_message_and_the_begin_of_the_next_are_told_apart() -> None:
    rules = FrameRules(MAX_BYTES)
    assert rules.judge(text("{}") + b"\x81") == Judgement(9, completed=True)
    assert rules.is_under_way


def test_a_control_frame_within_a_message_completes_nothing() -> None:
    rules = FrameRules(MAX_BYTES)
    assert rules.judge(frame(Opcode.TEXT, b"{", fin=False)) == Judgement(7, completed=False)
    assert rules.judge(frame(Opcode.PING)) == Judgement(6, completed=False)
    assert rules.judge(frame(Opcode.CONTINUATION, b"}")) == Judgement(7, completed=True)
