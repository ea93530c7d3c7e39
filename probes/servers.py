"""Addresses of DNS servers as a person writes them: `192.0.2.1:53`, `[2001:db8::1]:53`, `https://dns.example/dns-query`."""

import ipaddress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

RESOLV_CONF = Path("/etc/resolv.conf")

_DNS_PORT = 53
_HTTPS_PORT = 443
_MAX_URL = 500


class Server(NamedTuple):
    """One DNS server; `text` is how it was written and how verdicts name it."""

    host: str
    port: int
    text: str


class Doh(NamedTuple):
    """One DNS server that is asked over HTTPS; `host` is a name or an address, without brackets."""

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


def parse_resolver(text: str) -> Server | Doh:
    """Read `host:port`, or the `https://` address of a resolver that speaks RFC 8484.

    Raises:
        ValueError: it is neither.
    """
    return _parse_doh(text) if text.lower().startswith("https:") else parse_server(text)


def _parse_doh(text: str) -> Doh:
    """The address of a DoH server: the query is ours to add, and a fragment or a password is never sent."""
    rule = f"{text!r} is not https://host[:port]/path, of ASCII, without user, query and fragment"
    try:
        url = urlsplit(text)
        port = _HTTPS_PORT if url.port is None else url.port
    except ValueError:
        raise ValueError(rule) from None
    is_plain = text.isascii() and text.isprintable() and not set(text) & set(" ?#@{}\\")
    if not (url.hostname and port and is_plain and len(text) <= _MAX_URL):
        raise ValueError(rule)
    return Doh(url.hostname, port, text)


def system_servers(path: Path = RESOLV_CONF) -> list[Server]:
    """The `nameserver` lines of a resolv.conf, as `host:53`; lines that cannot be read count as none.

    Raises:
        OSError: the file cannot be read.
    """
    found = []
    for line in path.read_text(encoding="ascii", errors="replace").splitlines():
        match line.split():
            case ["nameserver", host, *_]:
                try:
                    text = f"[{host}]:{_DNS_PORT}" if ":" in host else f"{host}:{_DNS_PORT}"
                    found.append(parse_server(text))
                except ValueError:
                    continue
            case _:
                continue
    return found
