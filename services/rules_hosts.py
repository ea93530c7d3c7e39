"""Hosts and ports that people type: an address literal or a legal host name, in one canonical form."""

import ipaddress
import re
from collections.abc import Iterator

from core.errors import Violation
from names.labels import MAX_NAME, to_a_label
from probes.servers import parse_resolver
from services.rules_text import Path

MAX_PORT = 65535
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
HOST_RULE = "must be an IP address or a legal host name, without scheme, user, port or path"


def canonical_host(text: str) -> str | None:
    """The one form of a host: an address as RFC 5952 writes it, a name in lower case as A-labels, or None.

    A last label that is a number is refused: some would read an address in it and others a name (WHATWG URL,
    "ends in a number").
    """
    address = _address(text)
    if address is not None:
        return address
    labels = [to_a_label(label) for label in text.lower().removesuffix(".").split(".")]
    if None in labels:
        return None
    name = ".".join(label for label in labels if label is not None)
    return name if len(name) <= MAX_NAME and not _NUMBER.fullmatch(name.rpartition(".")[2]) else None


def _address(text: str) -> str | None:
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        found = ipaddress.ip_address(bare)
    except ValueError:
        return None
    # A zone, such as fe80::1%eth0, means something on one machine only.
    return None if "%" in bare else str(found)


def check_host(text: str, path: Path = ("host",)) -> Iterator[Violation]:
    """The host of a proxy."""
    if canonical_host(text) is None:
        yield Violation(path, HOST_RULE, f"1..{MAX_NAME}")


def check_port(value: int, path: Path = ("port",)) -> Iterator[Violation]:
    """A port of TCP or UDP."""
    if not 1 <= value <= MAX_PORT:
        yield Violation(path, f"must be from 1 to {MAX_PORT}", f"1..{MAX_PORT}")


def check_resolver(text: str, path: Path) -> Iterator[Violation]:
    """A DNS server, as `probes.servers` reads it: an address and a port, or the URL of one that is asked over HTTPS."""
    try:
        parse_resolver(text)
    except ValueError:
        message = (
            f"must be address:port with a port from 1 to {MAX_PORT} and an IPv6 address in brackets, or "
            "https://host/path for DNS over HTTPS, without user, query and fragment"
        )
        yield Violation(path, message, f"1..{MAX_PORT}")
