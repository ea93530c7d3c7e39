"""Addresses of DNS servers as a person writes them: `192.0.2.1:53`, `[2001:db8::1]:53`."""

import ipaddress
from typing import NamedTuple


class Server(NamedTuple):
    """One DNS server; `text` is how it was written and how verdicts name it."""

    host: str
    port: int
    text: str


def parse_server(text: str) -> Server:
    """Read `host:port`; the host is an address, IPv6 in brackets (a name would need a resolver itself).

    Raises:
        ValueError: it is not of this form, or the port is not in 1..65535.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()) or not 1 <= int(port) <= 65535:
        raise ValueError(f"{text!r} is not host:port with a port in 1..65535")
    bracketed = host.startswith("[") and host.endswith("]")
    try:
        address = ipaddress.ip_address(host[1:-1] if bracketed else host)
    except ValueError:
        raise ValueError(f"{text!r} does not begin with an address (IPv6 in brackets)") from None
    if bracketed != (address.version == 6):
        raise ValueError(f"{text!r}: an IPv6 address, and no other, stands in brackets")
    return Server(str(address), int(port), text)
