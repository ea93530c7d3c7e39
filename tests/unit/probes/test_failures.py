"""What an exception of the network stack is called in a verdict."""

import errno
import socket
import ssl

import aiohttp
import pytest

from probes.failures import ProbeFailure, explain
from vocabulary.checks import HttpReason


@pytest.mark.parametrize(
    ("error", "reason", "detail"),
    [
        (TimeoutError(), HttpReason.TIMEOUT, "no answer in time"),
        (OSError(errno.ETIMEDOUT, "timed out"), HttpReason.TIMEOUT, "no answer in time"),
        (OSError(errno.ECONNREFUSED, "refused"), HttpReason.CONNECTION_REFUSED, "ECONNREFUSED"),
        (OSError(errno.EHOSTUNREACH, "no route"), HttpReason.CONNECTION_REFUSED, "EHOSTUNREACH"),
        (OSError(errno.ECONNRESET, "reset"), HttpReason.CONNECTION_RESET, "connection reset"),
        (OSError(errno.EPIPE, "pipe"), HttpReason.CONNECTION_RESET, "connection reset"),
        (
            socket.gaierror(socket.EAI_NONAME, "unknown"),
            HttpReason.DNS_RESOLVE_ERROR,
            "name does not resolve",
        ),
        (aiohttp.ServerDisconnectedError(), HttpReason.CONNECTION_RESET, "closed without an answer"),
        (ssl.SSLError(1, "broken"), HttpReason.TLS_ERROR, "TLS failed"),
        (ValueError(), HttpReason.ERROR, "ValueError"),
        (ValueError("two\nlines"), HttpReason.ERROR, "ValueError: two lines"),
    ],
)
def test_an_exception_has_its_reason(error: Exception, reason: HttpReason, detail: str) -> None:
    failure = explain(error)
    assert (failure.reason, failure.detail, failure.proxy_fault) == (reason, detail, False)


def test_a_failure_is_itself() -> None:
    failure = ProbeFailure(HttpReason.GONE, "why", proxy_fault=True)
    assert explain(failure) is failure


@pytest.mark.parametrize("said", ["a\0b", "a\x1bb", "a\ud800b", "a\u202eb"])
def test_what_a_server_said_is_printable_and_short(said: str) -> None:
    """It ends in tables, logs and terminals, and PostgreSQL has no NUL."""
    assert explain(ValueError(said)).detail == "ValueError: a?b"
    assert len(explain(ValueError(said * 1000)).detail) == len("ValueError: ") + 200
