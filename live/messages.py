"""The messages of graphql-transport-ws: text from clients into typed values, and the texts that servers send.

Shapes and types are those of PROTOCOL.md of enisdenjo/graphql-ws. Optional members may be null. Members that
the protocol does not know are ignored, so that a newer client is understood.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from live.json_text import Malformed, decode
from live.operations import Request

MAX_ID_CHARACTERS = 256
ACKNOWLEDGEMENT = b'{"type":"connection_ack"}'


class ConnectionInit(msgspec.Struct, frozen=True):
    """The client asks for a connection; the payload may hold its token."""

    payload: dict[str, Any]


class Ping(msgspec.Struct, frozen=True):
    """The client wants a pong with the same payload."""

    payload: dict[str, Any] | None


class Pong(msgspec.Struct, frozen=True):
    """The client answers a ping, or just says that it is there."""


class Subscribe(msgspec.Struct, frozen=True):
    """The client wants this operation carried out under this id."""

    id: str
    request: Request


class Complete(msgspec.Struct, frozen=True):
    """The client no longer listens to this operation."""

    id: str


ClientMessage = ConnectionInit | Ping | Pong | Subscribe | Complete
Message = Mapping[str, Any]


def read(text: str) -> ClientMessage:
    """The message that a text frame holds.

    Raises:
        Malformed: the text is not a message that a client may send; the reason names the member and the type.
    """
    message = decode(text)
    if not isinstance(message, dict):
        raise Malformed(f"Message must be an object, not {_kind(message)}")
    name = message.get("type")
    if not isinstance(name, str):
        raise Malformed(f"Message 'type' must be a string, not {_kind(name)}")
    reader = _READERS.get(name)
    if reader is None:
        raise Malformed(f"Unexpected message of type '{name}'")
    return reader(message)


def next_prefix(ident: str) -> bytes:
    """What stands before the result of a `next` message; `}` stands after it."""
    return b'{"id":' + msgspec.json.encode(ident) + b',"type":"next","payload":'


def next_message(ident: str, payload: bytes) -> bytes:
    """A `next` message around a result that is encoded already."""
    return next_prefix(ident) + payload + b"}"


def error_message(ident: str, errors: list[dict[str, Any]]) -> bytes:
    """An `error` message: the operation is over, and no `complete` follows."""
    return msgspec.json.encode({"id": ident, "type": "error", "payload": errors})


def complete_message(ident: str) -> bytes:
    """A `complete` message: every result has been sent."""
    return msgspec.json.encode({"id": ident, "type": "complete"})


def pong_message(payload: dict[str, Any] | None) -> bytes:
    """A pong that echoes the payload of its ping, if there was one."""
    if payload is None:
        return b'{"type":"pong"}'
    return msgspec.json.encode({"type": "pong", "payload": payload})


def read_request(payload: Message, where: str = "") -> Request:
    """A GraphQL request from its JSON object, as HTTP bodies and `subscribe` messages hold it.

    Raises:
        Malformed: `query` is missing, and no `documentId` is in its place, or a member has the wrong type; `where`
            stands before its name.
    """
    extensions = _object(payload, "extensions", where) or {}
    document_id = _document_id(payload, extensions, where)
    query = payload.get("query", "" if document_id is not None else None)
    if not isinstance(query, str):
        raise Malformed(f"'{where}query' must be a string, not {_kind(query)}")
    name = payload.get("operationName")
    if name is not None and not isinstance(name, str):
        raise Malformed(f"'{where}operationName' must be a string, not {_kind(name)}")
    return Request(
        query=query,
        operation_name=name,
        variables=_object(payload, "variables", where) or {},
        extensions=extensions,
        document_id=document_id,
    )


def _document_id(payload: Message, extensions: Message, where: str) -> str | None:
    """The id of a document that the server has: GraphQL over HTTP, appendix "Persisted Documents".

    Apollo's clients write it in another place, together with the document if the server did not know it.
    """
    ident = payload.get("documentId")
    if ident is not None:
        if not isinstance(ident, str):
            raise Malformed(f"'{where}documentId' must be a string, not {_kind(ident)}")
        if "query" in payload:
            raise Malformed(f"'{where}documentId' stands in place of '{where}query': send one of them")
        return ident
    persisted = _object(extensions, "persistedQuery", f"{where}extensions.")
    if persisted is None:
        return None
    digest = persisted.get("sha256Hash")
    if not isinstance(digest, str):
        raise Malformed(
            f"'{where}extensions.persistedQuery.sha256Hash' must be a string, not {_kind(digest)}"
        )
    return f"sha256:{digest}"


def _connection_init(message: Message) -> ConnectionInit:
    return ConnectionInit(_object(message, "payload") or {})


def _ping(message: Message) -> Ping:
    return Ping(_object(message, "payload"))


def _pong(message: Message) -> Pong:
    _object(message, "payload")
    return Pong()


def _subscribe(message: Message) -> Subscribe:
    ident = _id(message)
    payload = _object(message, "payload")
    if payload is None:
        raise Malformed("'payload' must be an object, not null")
    return Subscribe(ident, read_request(payload, "payload."))


def _complete(message: Message) -> Complete:
    return Complete(_id(message))


def _id(message: Message) -> str:
    ident = message.get("id")
    if not isinstance(ident, str):
        raise Malformed(f"'id' must be a string, not {_kind(ident)}")
    if not ident:
        raise Malformed("'id' must not be empty")
    # The id travels in every message of its operation and is kept as long as the operation lives.
    if len(ident) > MAX_ID_CHARACTERS:
        raise Malformed(f"'id' must not be longer than {MAX_ID_CHARACTERS} characters")
    return ident


def _object(message: Message, member: str, where: str = "") -> dict[str, Any] | None:
    value = message.get(member)
    if value is not None and not isinstance(value, dict):
        raise Malformed(f"'{where}{member}' must be an object, not {_kind(value)}")
    return value


def _kind(value: Any) -> str:
    """The JSON name of a value's type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    names: dict[type[Any], str] = {str: "a string", dict: "an object", list: "an array"}
    return names.get(type(value), "a number")


_READERS: dict[str, Callable[[Message], ClientMessage]] = {
    "connection_init": _connection_init,
    "ping": _ping,
    "pong": _pong,
    "subscribe": _subscribe,
    "complete": _complete,
}
