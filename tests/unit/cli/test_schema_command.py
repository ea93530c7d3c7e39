import json
from pathlib import Path

from graphql import build_client_schema, build_schema, lexicographic_sort_schema, print_schema

from graph.schema import schema
from tests.unit.cli.conftest import Heliograph


def test_it_prints_the_schema_and_its_check_agrees(heliograph: Heliograph, place: Path) -> None:
    printed = heliograph("schema")
    assert (printed.code, printed.out) == (0, schema.as_str() + "\n")
    (place / "schema.graphql").write_text(printed.out)
    checked = heliograph("schema", "--check")
    assert (checked.code, checked.out, checked.err) == (0, "", "")


def test_its_check_says_in_one_line_that_a_file_is_another_schema(
    heliograph: Heliograph, place: Path
) -> None:
    (place / "old.graphql").write_text("type Query { old: Int }\n")
    ended = heliograph("schema", "--check", "old.graphql")
    assert (ended.code, ended.out) == (1, "old.graphql is out of date: run make schema\n")


def test_its_json_is_an_introspection_from_which_a_client_has_the_same_schema(heliograph: Heliograph) -> None:
    printed = heliograph("schema", "--json")
    assert printed.code == 0
    read = build_client_schema(json.loads(printed.out)["data"])
    ours = build_schema(schema.as_str())
    assert print_schema(lexicographic_sort_schema(read)) == print_schema(lexicographic_sort_schema(ours))


def test_its_check_tells_programs_what_it_found(heliograph: Heliograph, place: Path) -> None:
    (place / "old.graphql").write_text("type Query { old: Int }\n")
    ended = heliograph("schema", "--check", "old.graphql", "--json")
    assert (ended.code, json.loads(ended.out)) == (1, {"upToDate": False, "file": "old.graphql"})
