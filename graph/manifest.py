"""A manifest of trusted documents, made of the files that a client's operations are written in."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    parse,
    print_ast,
    separate_operations,
    validate,
)

from core.errors import Misconfigured
from graph.documents import FORMAT, sha256_id
from graph.validating import RULES


def manifest_of(sources: Mapping[str, str], schema: GraphQLSchema) -> dict[str, Any]:
    """The manifest of all operations of these files, each with the fragments that it needs, of whichever file.

    Raises:
        Misconfigured: a file is no document, an operation has no name or that of another, or breaks a rule.
    """
    parsed = [_parsed(name, text) for name, text in sources.items()]
    whole = DocumentNode(definitions=tuple(node for each in parsed for node in each.definitions))
    names = [node.name.value if node.name else "" for node in _operations([whole])]
    _check_names(names)
    errors = validate(schema, whole, RULES)
    if errors:
        raise Misconfigured(_told(errors[0]))
    rows = (_row(name, document) for name, document in separate_operations(whole).items())
    return {"format": FORMAT, "version": 1, "operations": sorted(rows, key=lambda row: str(row["name"]))}


def _parsed(name: str, text: str) -> DocumentNode:
    try:
        return parse(text)
    except GraphQLError as error:
        raise Misconfigured(f"{name}: {_told(error)}") from error


def _operations(documents: Iterable[DocumentNode]) -> Iterator[OperationDefinitionNode]:
    for document in documents:
        for node in document.definitions:
            if isinstance(node, OperationDefinitionNode):
                yield node


def _check_names(names: list[str]) -> None:
    if "" in names:
        raise Misconfigured(
            "An operation has no name: give it one, for the manifest to tell which id is whose"
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Misconfigured(f"More than one operation is called {twice[0]}")


def _row(name: str, document: DocumentNode) -> dict[str, str]:
    text = print_ast(document)
    (operation,) = _operations([document])
    kind = operation.operation.value
    # Apollo's clients send the bare hash, and look it up by the text or the name.
    return {"id": sha256_id(text).partition(":")[2], "name": name, "type": kind, "body": text}


def _told(error: GraphQLError) -> str:
    where = f" (line {error.locations[0].line})" if error.locations else ""
    return f"{error.message}{where}"
