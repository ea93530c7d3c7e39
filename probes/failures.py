"""How a fetch can fail, as one exception that carries the verdict's reason, and the one map into it.

`is_connection_level` is what the fall-back from https to http asks: nothing of HTTP was heard from the
target yet.
"""

import errno
import socket
import ssl

import aiohttp

from core.errors import HeliographError
from vocabulary.checks import HttpReason

_CERTIFICATE_EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL's x509_vfy.h.
_RESETS = (errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED)
_CONNECTION_LEVEL = frozenset(
    {
        HttpReason.CONNECTION_REFUSED,
        HttpReason.CONNECTION_RESET,
        HttpReason.TLS_EXPIRED,
        HttpReason.TLS_ERROR,
        HttpReason.PROXY_ERROR,
    }
)


class ProbeFailure(HeliographError):
    """A fetch ended without an accepted page."""

    def __init__(
        self, reason: HttpReason, detail: str, *, proxy_fault: bool = False, status_code: int | None = None
    ) -> None:
        self.reason = reason
        self.detail = detail
        self.proxy_fault = proxy_fault
        self.status_code = status_code
        super().__init__(f"{reason}: {detail}")

    @property
    def is_connection_level(self) -> bool:
        """Whether it happened before the target said anything of HTTP."""
        return self.reason in _CONNECTION_LEVEL


def explain(error: BaseException) -> ProbeFailure:
    """The failure that an exception of the network stack stands for.

    A host or network that cannot be reached counts as CONNECTION_REFUSED, for in both cases nobody there takes the
    connection; the kernel giving up after its own limit is a TIMEOUT.
    """
    if isinstance(error, ProbeFailure):
        return error
    if isinstance(error, ssl.SSLError):
        return _explain_tls_error(error)
    if isinstance(error, TimeoutError):
        return ProbeFailure(HttpReason.TIMEOUT, "no answer in time")
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return ProbeFailure(HttpReason.CONNECTION_RESET, "closed without an answer")
    if isinstance(error, OSError):
        return _explain_os_error(error)
    return ProbeFailure(HttpReason.ERROR, _first_line(error))


def _explain_tls_error(error: ssl.SSLError) -> ProbeFailure:
    if not isinstance(error, ssl.SSLCertVerificationError):
        return ProbeFailure(HttpReason.TLS_ERROR, getattr(error, "reason", None) or "TLS failed")
    expired = error.verify_code == _CERTIFICATE_EXPIRED
    reason = HttpReason.TLS_EXPIRED if expired else HttpReason.TLS_ERROR
    return ProbeFailure(reason, error.verify_message or "certificate refused")


def _explain_os_error(error: OSError) -> ProbeFailure:
    if (
        isinstance(error, ConnectionResetError | BrokenPipeError | ConnectionAbortedError)
        or error.errno in _RESETS
    ):
        return ProbeFailure(HttpReason.CONNECTION_RESET, "connection reset")
    if isinstance(error, socket.gaierror):
        return ProbeFailure(HttpReason.DNS_RESOLVE_ERROR, "name does not resolve")
    if error.errno is None:
        return ProbeFailure(HttpReason.CONNECTION_RESET, _first_line(error))
    return ProbeFailure(HttpReason.CONNECTION_REFUSED, errno.errorcode.get(error.errno, "unreachable"))


def _first_line(error: BaseException) -> str:
    """The kind of an error and the start of what it says, on one line and printable: servers have a part in it."""
    words = " ".join(str(error).split())[:200]
    text = "".join(char if char.isprintable() else "?" for char in words)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
