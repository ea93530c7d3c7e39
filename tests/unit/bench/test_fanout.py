"""The load of fan-out finds what was lost, repeated or reordered, and its figures are held against their goals."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count

import pytest

from bench.fanout.__main__ import asked
from bench.fanout.audience import Audience, Place, Unsound
from bench.fanout.contestants import GRAPHQL_WS, OURS, STOCK, UVLOOP, Running
from bench.fanout.figures import BURST, FLAT, ONE, STEADY, Course, figures
from bench.fanout.scenes import Scene, Slice
from bench.fanout.turns import in_turn
from bench.peers import told
from bench.peers.raw_aiohttp import shared_ids
from bench.peers.raw_uvloop import GUID, KEY, built
from tests.integration.waiting import until

IDENT = shared_ids(1)[0]


def frame(number: int) -> bytes:
    return built(told.frame(IDENT, told.payload(number)).encode())


class Scripted:
    """A server that hears nothing; what it writes for a number is for a test to say, each byte on its own if asked."""

    def __init__(
        self, *, bytewise: bool = False, answer: bytes = b"HTTP/1.1 101 Switching Protocols"
    ) -> None:
        self.instead: dict[int, bytes] = {}
        self.writers: list[asyncio.StreamWriter] = []
        self.heard = b""
        self.open = 0
        self._bytewise = bytewise
        self._answer = answer

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Place]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield Place(server.sockets[0].getsockname()[1], speaks=False, ids=shared_ids)
        finally:
            server.close()
            await until(lambda: self.open == 0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        with suppress(OSError):
            await self._hear(reader, writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        self.open -= 1

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        key = KEY.search(await reader.readuntil(b"\r\n\r\n"))
        assert key is not None
        accept = base64.b64encode(hashlib.sha1(key[1] + GUID).digest())
        writer.write(self._answer + b"\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        self.writers.append(writer)
        while data := await reader.read(1000):
            self.heard += data

    async def publish(self, first: int, count: int) -> float:
        for number in range(first, first + count):
            data = self.instead.get(number, frame(number))
            for writer in self.writers:
                for part in [data[i : i + 1] for i in range(len(data))] if self._bytewise else [data]:
                    writer.write(part)
                    await writer.drain()
        return 0.0


@asynccontextmanager
async def begun(server: Scripted, connections: int = 3) -> AsyncIterator[tuple[Audience, Iterator[int]]]:
    """An audience that has had the numbers 1 and 2."""
    async with server.serving() as place:
        audience, numbers = Audience(place, connections), count(1)
        async with audience.present():
            await audience.begin(numbers, server.publish)
            yield audience, numbers


@pytest.mark.parametrize("bytewise", [False, True])
async def test_everybody_has_everything_however_the_bytes_come(bytewise: bool) -> None:
    server = Scripted(bytewise=bytewise)
    async with begun(server) as (audience, numbers):
        assert next(numbers) == 3
        async with audience.expecting(5):
            await server.publish(3, 3)


@pytest.mark.parametrize(
    "instead",
    [
        pytest.param({4: b""}, id="one is lost"),
        pytest.param({4: frame(4) + frame(4)}, id="one comes twice"),
        pytest.param({4: frame(5), 5: frame(4)}, id="two change places"),
        pytest.param({4: frame(4) + frame(3)}, id="one comes again"),
        pytest.param({4: built(told.frame(shared_ids(2)[1], told.payload(4)).encode())}, id="nobody asked"),
        pytest.param({4: built(b'{"id":"1","type":"complete"}' + b" " * 200)}, id="it ends"),
        pytest.param({4: b"\x88\x02\x11\x92"}, id="it is closed"),
        pytest.param({4: b"\x82\x01\x00"}, id="it is no text"),
    ],
)
async def test_what_is_wrong_ends_the_run(instead: dict[int, bytes]) -> None:
    server = Scripted()
    server.instead = instead
    async with begun(server) as (audience, _):
        with pytest.raises(Unsound):
            async with audience.expecting(6):
                await server.publish(3, 4)


async def test_what_is_lost_last_is_missed() -> None:
    server = Scripted()
    server.instead = {4: b""}
    async with begun(server) as (audience, _):
        with pytest.raises(Unsound, match=r"^3 of 3 lack event 4 after 0\.1 s"):
            async with audience.expecting(4, 0.1):
                await server.publish(3, 2)


async def test_a_connection_that_is_lost_ends_the_run() -> None:
    server = Scripted()
    async with begun(server) as (audience, _):
        with pytest.raises(Unsound, match="lost"):
            async with audience.expecting(3):
                server.writers[1].transport.abort()


async def test_a_ping_is_answered() -> None:
    server = Scripted()
    server.instead = {3: b"\x89\x02hi" + frame(3)}
    async with begun(server, 1) as (audience, _), audience.expecting(3):
        await server.publish(3, 1)
        await until(lambda: server.heard == b"\x8a\x82\0\0\0\0hi")


async def test_whoever_is_refused_ends_the_run() -> None:
    server = Scripted(answer=b"HTTP/1.1 403 Forbidden")
    with pytest.raises(Unsound, match="403"):
        async with begun(server):
            pass


def test_a_scene_is_for_those_that_can_play_it_and_another_is_first_each_time() -> None:
    servers = {
        name: Running(Place(1, multiplexes=name != STOCK), [], Scripted().publish, str)
        for name in (OURS, STOCK, UVLOOP)
    }
    assert list(asked(servers, Scene(STEADY, 10))) == [OURS, STOCK, UVLOOP]
    assert list(asked(servers, Scene("many", 10, subscriptions=2))) == [OURS, UVLOOP]
    assert list(asked(servers, Scene(f"{FLAT}-10", 10))) == [OURS, UVLOOP]
    assert in_turn([OURS, STOCK, UVLOOP], 4) == [STOCK, UVLOOP, OURS]


def course(micros: dict[tuple[str, str], Sequence[float]], *scenes: Scene) -> Course:
    found = Course(scenes)
    for (name, server), each in micros.items():
        for one in each:
            (scene,) = [scene for scene in scenes if scene.name == name]
            found.add(scene, server, Slice(100, 100_000, one * 0.1, 1.0))
    return found


def met(found: Course) -> dict[str, bool | None]:
    return {f"{each.what} = {each.value}": each.met for each in figures(found) if each.met is not None}


def test_a_cost_is_the_median_of_its_slices_and_held_against_its_goal() -> None:
    found = course(
        {(STEADY, OURS): [8.0, 20.0, 7.0], (BURST, OURS): [1.6]}, Scene(STEADY, 1000), Scene(BURST, 1000)
    )
    first, second, *_ = figures(found)
    assert first.value.startswith("8.00 µs CPU (7.00 to 20.00), 10.00 µs wall; 300,000 deliveries")
    assert (first.met, second.met) == (True, False)
    assert found.series == {STEADY: {OURS: 8.0}, BURST: {OURS: 1.6}}


def test_the_others_are_held_against_ours() -> None:
    costs = {OURS: [8.0], GRAPHQL_WS: [31.0], STOCK: [200.0], UVLOOP: [7.0]}
    found = met(course({(STEADY, server): each for server, each in costs.items()}, Scene(STEADY, 1000)))
    ratios = {what: kept for what, kept in found.items() if what.startswith("steady: ")}
    assert ratios == {
        "steady: CPU of graphql-ws by ours = 3.9": False,
        "steady: CPU of stock-strawberry by ours = 25.0": True,
        "steady: CPU of ours by raw-uvloop = 1.14": True,
    }


@pytest.mark.parametrize(("dearest", "even"), [(8.9, True), (9.5, False)])
def test_a_delivery_that_costs_more_with_more_subscribers_is_told(dearest: float, even: bool) -> None:
    sizes = [Scene(f"{FLAT}-{size}", size) for size in (100, 200)]
    found = course({(f"{FLAT}-100", OURS): [8.0], (f"{FLAT}-200", OURS): [dearest]}, *sizes)
    (told_of,) = met(found).items()
    assert told_of[1] is even


def test_what_an_event_costs_by_itself_is_told_apart() -> None:
    found = Course([Scene(STEADY, 1000), Scene(ONE, 1)])
    found.add(found.scenes[0], OURS, Slice(100, 100_000, 0.8, 1.0))
    found.add(found.scenes[1], OURS, Slice(100, 100, 0.1, 1.0))
    assert [each.value for each in figures(found)][-2:] == ["1000 µs CPU", "7.00 µs CPU"]
