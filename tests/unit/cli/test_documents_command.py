"""`heliograph documents`: a manifest out of the files of a client, or one line that says what is wrong with them."""

import json
from pathlib import Path

import pytest

from graph.documents import read_manifest, sha256_id
from tests.unit.cli.conftest import Heliograph


def test_a_manifest_is_printed_that_a_server_reads(heliograph: Heliograph, place: Path) -> None:
    (place / "a.graphql").write_text("query Mine { campaigns { nodes { ...Row } } }")
    (place / "b.graphql").write_text(
        "fragment Row on Campaign { name } subscription Live { activity { __typename } }"
    )
    ended = heliograph("documents", "a.graphql", "b.graphql")
    assert (ended.code, ended.err) == (0, "")
    (place / "documents.json").write_text(ended.out)
    rows = json.loads(ended.out)["operations"]
    assert [row["name"] for row in rows] == ["Live", "Mine"]
    found = read_manifest(place / "documents.json")
    assert all(found[sha256_id(row["body"])] == row["body"] for row in rows)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (None, "a.graphql cannot be read (No such file or directory)"),
        ("query A { nothing }", "Cannot query field 'nothing' on type 'Query'. (line 1)"),
        ("query A {", "a.graphql: Syntax Error: Expected Name, found <EOF>. (line 1)"),
        ("{ cursor }", "An operation has no name: give it one, for the manifest to tell which id is whose"),
    ],
)
def test_what_is_wrong_is_one_line(heliograph: Heliograph, place: Path, text: str | None, line: str) -> None:
    if text is not None:
        (place / "a.graphql").write_text(text)
    ended = heliograph("documents", "a.graphql")
    assert (ended.code, ended.out, ended.err) == (2, "", f"heliograph documents: {line}\n")


def test_a_server_does_not_start_with_a_manifest_that_it_cannot_use(
    heliograph: Heliograph, place: Path
) -> None:
    (place / "documents.json").write_text('{"a": "query A { nothing }"}')
    ended = heliograph("serve", "--migrate", "--port", "0", "--documents-file", "documents.json")
    why = "the document a cannot be carried out: Cannot query field 'nothing' on type 'Query'."
    assert (ended.code, ended.err) == (2, f"heliograph serve: HELIOGRAPH_DOCUMENTS_FILE: {why}\n")
