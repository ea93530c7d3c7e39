"""The address that the server listens on, and how addresses are shown."""

import socket

from core.errors import Misconfigured

BACKLOG = 1024
ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  It is recognised here, not bound.


def listen(host: str, port: int, patience_seconds: float) -> socket.socket:
    """A listening socket: from here on clients can connect, and are answered as soon as somebody accepts.

    A client that takes nothing for `patience_seconds` is dropped by the kernel, whatever it is answered with. It
    is opened before everything else at start, so that a port in use is found out before workers begin.

    Raises:
        Misconfigured: the port is in use, may not be used, or the host is no address of this machine.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise Misconfigured(f"HELIOGRAPH_HOST: {host} is no address of this machine") from error
    # A name such as localhost often has two addresses; the older family is what most clients try.
    family, kind, protocol, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # RFC 5482; tcp(7): accepted sockets inherit it, and it counts for a peer with a closed window too.
            milliseconds = round(patience_seconds * 1000)
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise Misconfigured(
            f"HELIOGRAPH_PORT: {host}:{port} cannot be listened on ({error.strerror}):"
            " end what uses it, or choose another port with --port"
        ) from error
    listening.setblocking(False)
    return listening


def http_url(listening: socket.socket) -> str:
    """Where a browser on this machine finds what listens there."""
    host, port = listening.getsockname()[:2]
    host = ANY.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
