"""Heads that cannot be read, by raw bytes on a real connection."""

import asyncio
import json

import pytest
from structlog.testing import capture_logs
from yarl import URL

from tests.fakes.edge import Edge

LARGE = "x" * 20_000


@pytest.mark.parametrize(
    ("head", "status", "code"),
    [
        (f"GET /{LARGE} HTTP/1.1\r\nHost: x", 414, "URI_TOO_LONG"),
        (f"GET / HTTP/1.1\r\nHost: x\r\nX-Large: {LARGE}", 431, "HEADERS_TOO_LARGE"),
        (f"GET / HTTP/1.1\r\nHost: x\r\n{LARGE}: x", 431, "HEADERS_TOO_LARGE"),
        ("GET / HTTP/1.1\r\nHost: x" + "\r\nX: x" * 200, 431, "HEADERS_TOO_LARGE"),
        ("GET / HTTP/9.9\r\nHost: x", 400, "BAD_REQUEST"),
        ("nonsense\x00", 400, "BAD_REQUEST"),
        ("\x16\x03\x01", 400, "BAD_REQUEST"),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: x", 400, "BAD_REQUEST"),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked", 400, "BAD_REQUEST"),
        ("GET / HTTP/1.1\r\nNo colon", 400, "BAD_REQUEST"),
        ("GET / HTTP/1.1\r\nHost: x\r\nExpect: \xff\xfe", 417, "BAD_REQUEST"),
    ],
    ids=range(11),
)
async def test_is_refused_with_the_reason_and_closed(edge: Edge, head: str, status: int, code: str) -> None:
    with capture_logs() as logs:
        reader, writer = await asyncio.open_connection("127.0.0.1", URL(edge.url).port)
        writer.write(f"{head}\r\n\r\n".encode("latin-1"))
        async with asyncio.timeout(30):
            answer, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
    assert answer.split(b" ", 2)[1] == b"%d" % status
    (error,) = json.loads(body)["errors"]
    assert error["extensions"]["code"] == code
    assert "xxx" not in error["message"]
    assert [(each["log_level"], each["status"]) for each in logs if each["event"] == "head_refused"] == [
        ("info", status)
    ]


async def test_a_client_that_leaves_before_it_is_told_to_go_on_is_no_error(
    edge: Edge, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", URL(edge.url).port)
        writer.write(
            b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"
        )
        writer.write_eof()
        async with asyncio.timeout(30):
            await reader.read()
        writer.close()
    assert [each for each in caplog.records if each.levelname == "ERROR"] == []
