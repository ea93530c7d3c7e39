"""The relay does to connections what networks do, and nothing else."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import pytest
import uvloop

from bench.relay import Direction, Relay
from tests.integration.waiting import until

Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Echo:
    """A server that gives back what it gets, under its own name; `silent`, it only counts."""

    def __init__(self, name: bytes = b"", *, silent: bool = False) -> None:
        self.name = name
        self.silent = silent
        self.received = 0
        self.open = 0
        self.resets = 0
        self.writers: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Echo"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address: tuple[str, int] = server.sockets[0].getsockname()
        yield self
        server.close()
        await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.writers.append(writer)
        try:
            while data := await reader.read(65536):
                self.received += len(data)
                if not self.silent:
                    writer.write(self.name + data)
        except OSError:
            self.resets += 1
        self.open -= 1
        writer.close()


async def call(relay: Relay) -> Wire:
    return await asyncio.open_connection(*relay.address)


async def said(wire: Wire, text: bytes, answer: bytes) -> None:
    reader, writer = wire
    writer.write(text)
    async with asyncio.timeout(5):
        assert await reader.readexactly(len(answer)) == answer


async def close(*wires: Wire) -> None:
    for _, writer in wires:
        writer.close()


async def nothing_comes(reading: Awaitable[bytes]) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await reading


async def test_it_passes_on_what_comes_and_both_ends() -> None:
    blob = random.Random(4).randbytes(3_000_000)
    async with Echo().serving() as echo, Relay(echo.address) as relay:
        reader, writer = await call(relay)
        writer.write(blob)
        writer.write_eof()
        assert await reader.read() == b"" + blob
        writer.close()
        await until(lambda: (relay.connections, echo.open, echo.resets) == (0, 0, 0))


async def test_callers_go_to_the_targets_in_turn_and_past_those_that_are_out() -> None:
    async with Echo(b"a").serving() as one, Echo(b"b").serving() as other, Relay() as relay:
        relay.aim(one.address, other.address)
        wires = [await call(relay) for _ in range(4)]
        answers = []
        for reader, writer in wires:
            writer.write(b"-")
            answers.append(await reader.readexactly(2))
        assert sorted(answers) == [b"a-", b"a-", b"b-", b"b-"]
        async with Relay() as nobody:
            relay.aim(("127.0.0.1", _closed(nobody)), other.address)
        for _ in range(2):
            late = await call(relay)
            await said(late, b"-", b"b-")
            await close(late)
        await close(*wires)


def _closed(relay: Relay) -> int:
    """A port that refuses."""
    relay.refuse(60)
    return relay.port


async def test_with_no_target_a_caller_is_reset() -> None:
    async with Relay() as relay:
        reader, _ = await call(relay)
        with pytest.raises(ConnectionResetError):
            await reader.read()


async def test_a_cut_resets_both_ends() -> None:
    async with Echo().serving() as echo, Relay(echo.address) as relay:
        wire = await call(relay)
        await said(wire, b"here", b"here")
        assert relay.cut() == 1
        with pytest.raises(ConnectionResetError):
            await wire[0].read()
        await until(lambda: (echo.open, echo.resets, relay.connections) == (0, 1, 0))
        again = await call(relay)
        await said(again, b"again", b"again")
        await close(again)


async def test_a_stall_holds_everything_back_and_loses_nothing() -> None:
    async with Echo().serving() as echo, Relay(echo.address) as relay:
        wire = await call(relay)
        await said(wire, b"here", b"here")
        relay.stall(60)
        wire[1].write(b"later")
        late = await call(relay)
        late[1].write(b"new")
        await nothing_comes(wire[0].read(1))
        assert echo.received == 4
        relay.heal()
        await said(wire, b"", b"later")
        await said(late, b"", b"new")
        relay.stall(0.02)
        await said(wire, b"by itself", b"by itself")
        await close(wire, late)


async def test_one_direction_can_stall_alone_and_the_sender_feels_it() -> None:
    async with Echo(silent=True).serving() as echo, Relay(echo.address) as relay:
        _, writer = await call(relay)
        relay.stall(60, Direction.DOWN)
        writer.write(b"up")
        await until(lambda: echo.received == 2)
        relay.stall(60, Direction.UP)
        writer.transport.set_write_buffer_limits(high=1)
        writer.write(b"x" * 30_000_000)
        await nothing_comes(_drained(writer))
        assert echo.received == 2
        relay.heal()
        await until(lambda: echo.received == 30_000_002)
        writer.close()


async def _drained(writer: asyncio.StreamWriter) -> bytes:
    await writer.drain()
    return b""


async def test_half_open_takes_bytes_and_ends_and_tells_nobody_until_it_is_over() -> None:
    async with Echo().serving() as echo, Relay(echo.address) as relay:
        quiet, talking, leaving = [await call(relay) for _ in range(3)]
        for wire in (quiet, talking, leaving):
            await said(wire, b"here", b"here")
        relay.half_open(60)
        talking[1].write(b"lost")
        await close(leaving)
        await nothing_comes(talking[0].read(1))
        assert (echo.received, echo.open) == (12, 3)
        relay.heal()
        with pytest.raises(ConnectionResetError):
            await talking[0].read()
        await until(lambda: echo.open == 1)
        await said(quiet, b"still", b"still")
        await close(quiet)


async def test_what_waits_for_a_reader_is_lost_with_the_relay() -> None:
    async with Echo().serving() as echo:
        async with Relay(echo.address) as relay:
            reader, writer = await call(relay)
            reader._transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(b"x" * 30_000_000)
            await until(lambda: echo.received == 30_000_000)
            writer.write_eof()
        await until(lambda: (relay.connections, echo.open) == (0, 0))
        writer.close()


def test_what_is_sent_to_somebody_who_has_left_unseen_is_lost() -> None:
    """On the loop of the benches, whose transports raise once they are closed."""
    assert uvloop.run(_leave_unseen()) == []


async def _leave_unseen() -> list[object]:
    failures: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, failure: failures.append(failure))
    async with Echo(silent=True).serving() as echo, Relay(echo.address) as relay:
        leaving = await call(relay)
        leaving[1].write(b"here")
        await until(lambda: echo.received == 4)
        relay.half_open(60, Direction.UP)
        await close(leaving)
        await leaving[1].wait_closed()
        for _ in range(3):
            echo.writers[0].write(b"to nobody")
            await asyncio.sleep(0.01)
        assert echo.open == 1
        relay.heal()
        await until(lambda: echo.open == 0)
    return failures


async def test_a_delay_keeps_the_order() -> None:
    loop = asyncio.get_running_loop()
    async with Echo().serving() as echo, Relay(echo.address) as relay:
        relay.delay(0.05)
        wire = await call(relay)
        began = loop.time()
        for part in (b"one ", b"two ", b"three"):
            wire[1].write(part)
            await asyncio.sleep(0)
        await said(wire, b"", b"one two three")
        assert loop.time() - began >= 0.1
        relay.delay(0)
        await said(wire, b"four", b"four")
        await close(wire)


async def test_a_throttle_lets_a_rate_pass() -> None:
    loop = asyncio.get_running_loop()
    async with Echo().serving() as echo, Relay(echo.address) as relay:
        relay.throttle(100_000, Direction.UP)
        wire = await call(relay)
        began = loop.time()
        blob = b"x" * 20_000
        await said(wire, blob, blob)
        assert loop.time() - began >= 0.19
        wire[1].write(b"y" * 20_000_000)
        relay.heal()
        await until(lambda: relay.connections == 1)
        await close(wire)


async def test_refusing_is_for_new_callers_and_for_a_time() -> None:
    async with Echo().serving() as echo, Relay(echo.address) as relay:
        wire = await call(relay)
        await said(wire, b"here", b"here")
        relay.refuse(60)
        with pytest.raises(ConnectionRefusedError):
            await call(relay)
        await said(wire, b"still", b"still")
        relay.heal()
        await _accepts(relay)
        relay.refuse(0.02)
        await _accepts(relay)
        await close(wire)


async def _accepts(relay: Relay) -> None:
    async with asyncio.timeout(5):
        while (wire := await _tried(relay)) is None:  # noqa: ASYNC110  A port to try.
            await asyncio.sleep(0.001)
    await said(wire, b"new", b"new")
    await close(wire)


async def _tried(relay: Relay) -> Wire | None:
    try:
        return await call(relay)
    except ConnectionRefusedError:
        return None
