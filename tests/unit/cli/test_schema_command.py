from pathlib import Path

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
