"""Origins as an operator writes them: `https://heliograph.example`, exactly as browsers send them (RFC 6454)."""

from typing import Any
from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}


def read_origins(value: Any) -> Any:
    """Origins, written with commas between them.

    Raises:
        ValueError: one is nothing that a browser would send.
    """
    if not isinstance(value, str):
        return value
    return [_origin(part.strip()) for part in value.split(",") if part.strip()]


def _origin(text: str) -> str:
    if not _is_origin(text):
        raise ValueError(
            f"{text!r} is no origin such as https://heliograph.example or http://10.0.0.1:8000: in small letters, "
            "without a path, and with a port only if it is not the scheme's own"
        )
    return text


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.scheme not in DEFAULT_PORTS or not host or port in {0, DEFAULT_PORTS[parts.scheme]}:
        return False
    named = f"[{host}]" if ":" in host else host
    written = f"{parts.scheme}://{named}" if port is None else f"{parts.scheme}://{named}:{port}"
    return text == written and text.isascii() and text.isprintable() and not set(" *") & set(text)
