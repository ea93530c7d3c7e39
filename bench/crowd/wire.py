"""What a subscriber writes: messages of graphql-transport-ws, each in its frame."""

import json
from collections.abc import Mapping
from typing import Any

from bench.websocket import TEXT, frame


def init(token: str) -> bytes:
    """The first message."""
    return message({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}})


def subscribe(number: int, payload: Mapping[str, Any]) -> bytes:
    """Ask for the so-manieth subscription of a connection."""
    return message({"id": str(number), "type": "subscribe", "payload": payload})


def message(content: Mapping[str, Any]) -> bytes:
    """A text frame."""
    return frame(TEXT, json.dumps(content).encode())
