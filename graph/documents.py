"""Trusted documents: those that an installation was given in a manifest, which clients ask for by id.

GraphQL over HTTP, appendix "Persisted Documents": `documentId` stands in place of `query`, over HTTP and in the
`subscribe` message of a socket alike. Clients that send `extensions.persistedQuery` as Apollo's do are understood,
too. Nothing that a client sends is ever kept: a document is in the manifest or it is unknown.

A manifest is the JSON that `heliograph documents` and Apollo's generator write, or one object of ids and documents as
those of Relay and of GraphQL Code Generator do. Each document is validated when a process starts, so that one of
another schema is found then and not by a client.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from graphql import GraphQLError

from core.errors import Misconfigured
from graph.results import RefusalCode, malformed
from vocabulary.operations import Rejected, Request

FORMAT = "apollo-persisted-query-manifest"
SHA256 = "sha256:"
SETTING = "HELIOGRAPH_DOCUMENTS_FILE"

_HEX = re.compile(r"[0-9a-f]{64}")


class Documents:
    """Documents by their ids; with `only`, no others are carried out."""

    def __init__(self, texts: Mapping[str, str] | None = None, *, only: bool = False) -> None:
        self._texts = dict(texts or {})
        self._trusted = frozenset(self._texts.values()) if only else frozenset[str]()
        self._only = only

    def __repr__(self) -> str:
        return f"<Documents {len(self)}{' and no others' if self._only else ''}>"

    def __len__(self) -> int:
        return len(set(self._texts.values()))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._texts.items())

    def text_of(self, request: Request) -> str:
        """The document that a request is about.

        Raises:
            Rejected: there is none with its id, its id is that of another text, or it is not a trusted one.
        """
        ident, query = request.document_id, request.query
        if ident is None:
            if self._only and query not in self._trusted:
                raise _refused(RefusalCode.DOCUMENT_REQUIRED)
            return query
        # Apollo's clients send both once an id was unknown, for a server to keep it. This one does not.
        if query and sha256_id(query) != ident:
            raise _refused(RefusalCode.DOCUMENT_MISMATCH)
        text = self._texts.get(ident) or (query if not self._only else "")
        if not text:
            is_apollo = "persistedQuery" in request.extensions
            raise _refused(RefusalCode.QUERY_NOT_FOUND if is_apollo else RefusalCode.DOCUMENT_NOT_FOUND)
        return text


_MESSAGES = {
    RefusalCode.DOCUMENT_REQUIRED: "Only trusted documents are carried out here: send the `documentId` of one.",
    RefusalCode.DOCUMENT_MISMATCH: "The hash is not that of the document.",
    RefusalCode.DOCUMENT_NOT_FOUND: "There is no trusted document with this id.",
    # Apollo's clients know it by these words.
    RefusalCode.QUERY_NOT_FOUND: "PersistedQueryNotFound",
}


def _refused(code: RefusalCode) -> Rejected:
    return malformed([GraphQLError(_MESSAGES[code])], code)


def sha256_id(text: str) -> str:
    """The SHA256 hex document identifier of a document: the same appendix."""
    return SHA256 + hashlib.sha256(text.encode()).hexdigest()


def read_manifest(file: Path) -> dict[str, str]:
    """The documents of a manifest by each of the ids that clients may use.

    Raises:
        Misconfigured: it cannot be read, is no manifest, or an id is the hash of another document.
    """
    try:
        found = msgspec.json.decode(file.read_bytes())
    except OSError as error:
        raise Misconfigured(f"{SETTING}: {file} cannot be read ({error.strerror})") from error
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Misconfigured(f"{SETTING}: {file} is no JSON ({error})") from error
    pairs = _pairs(found)
    if pairs is None:
        message = "must be a manifest as `heliograph documents` writes it, or one object of ids and documents"
        raise Misconfigured(f"{SETTING}: {file} {message}")
    texts: dict[str, str] = {}
    for ident, text in pairs:
        texts.update((each, text) for each in _spellings(file, ident, text))
    return texts


def _pairs(found: Any) -> list[tuple[str, str]] | None:
    """The ids and documents of a manifest; None if it is none."""
    if not isinstance(found, dict):
        return None
    pairs: list[tuple[Any, Any]] = list(found.items())
    if found.get("format") == FORMAT:
        operations = found.get("operations")
        rows = operations if isinstance(operations, list) else [None]
        pairs = [(row.get("id"), row.get("body")) if isinstance(row, dict) else (None, None) for row in rows]
    return pairs if all(isinstance(part, str) for pair in pairs for part in pair) else None


def _spellings(file: Path, ident: str, text: str) -> tuple[str, ...]:
    """An id as clients may write it: a hash with its prefix, or without as a custom identifier."""
    bare = ident.removeprefix(SHA256)
    if not _HEX.fullmatch(bare):
        return (ident,)
    if SHA256 + bare != sha256_id(text):
        raise Misconfigured(f"{SETTING}: in {file} the id {ident} is the hash of another document")
    return SHA256 + bare, bare
