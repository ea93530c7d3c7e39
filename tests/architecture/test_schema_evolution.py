"""The schema only grows: what the released one promised still holds."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture import house
from tools import schema_evolution

RELEASED = """
interface Named { name: String! }
enum Colour { RED GREEN }
input Wish { colour: Colour = RED, count: Int! }
type Cat implements Named { name: String!, lives(most: Int = 9): Int! }
type Dog implements Named { name: String! }
union Pet = Cat | Dog
type Query { pet(name: String, wish: Wish): Pet, cats(first: Int = 50): [Cat!]! }
"""


def changed(old: str, new: str) -> str:
    assert old in RELEASED
    return RELEASED.replace(old, new)


BAD = {
    "type removed": changed("union Pet = Cat | Dog", "union Pet = Cat").replace(
        "type Dog implements Named { name: String! }", ""
    ),
    "field removed": changed(", cats(first: Int = 50): [Cat!]!", ""),
    "field renamed": changed("lives(", "livesLeft("),
    "field's type": changed("): Int! }", "): String! }"),
    "field may be null": changed("): Int! }", "): Int }"),
    "item may be null": changed("[Cat!]!", "[Cat]!"),
    "field is one and no list": changed("[Cat!]!", "Cat!"),
    "argument removed": changed("(most: Int = 9)", ""),
    "argument's type": changed("most: Int = 9", "most: String"),
    "argument required": changed("pet(name: String,", "pet(name: String!,"),
    "new required argument": changed("pet(name: String,", "pet(name: String, age: Int!,"),
    "enum value removed": changed("RED GREEN", "RED"),
    "enum value renamed": changed("GREEN", "LIME"),
    "union member removed": changed("Cat | Dog", "Cat"),
    "interface removed": changed("Dog implements Named", "Dog"),
    "new required input": changed("count: Int! }", "count: Int!, size: Int! }"),
    "input removed": changed(", count: Int! }", "}"),
    "input's type": changed("count: Int!", "count: String!"),
    "input required": changed("colour: Colour = RED", "colour: Colour!"),
    "input of one kind": changed("input Wish {", "input Wish @oneOf {").replace(
        "colour: Colour = RED, count: Int!", "colour: Colour, count: Int"
    ),
    "field deprecated in silence": changed("): Int! }", "): Int! @deprecated }"),
    "value deprecated in silence": changed("GREEN", 'GREEN @deprecated(reason: "")'),
    "argument deprecated in silence": changed("most: Int = 9", "most: Int = 9 @deprecated"),
    "input deprecated in silence": changed("colour: Colour = RED", "colour: Colour = RED @deprecated"),
}
GOOD = {
    "nothing": (RELEASED, 0),
    "new field": (changed("): Int! }", "): Int!, age: Int }"), 0),
    "new optional input": (changed("count: Int! }", "count: Int!, size: Int }"), 1),
    "new optional argument": (changed("pet(name: String,", "pet(name: String, age: Int,"), 1),
    "new enum value": (changed("RED GREEN", "RED GREEN BLUE"), 1),
    "new union member": (changed("Cat | Dog", "Cat | Dog | Eel") + "type Eel { length: Int! }", 1),
    "another default": (changed("first: Int = 50", "first: Int = 20"), 1),
    "field is never null": (changed("wish: Wish): Pet", "wish: Wish): Pet!"), 0),
    "input is optional": (changed("count: Int!", "count: Int"), 0),
    "told deprecation": (changed("): Int! }", '): Int! @deprecated(reason: "Use `age`."), age: Int }'), 0),
}


@pytest.mark.parametrize("name", BAD)
def test_what_breaks_a_client_is_refused(name: str) -> None:
    assert schema_evolution.compared(RELEASED, BAD[name]).breaking


@pytest.mark.parametrize("name", GOOD)
def test_what_only_adds_is_allowed_and_listed_where_a_client_has_to_care(name: str) -> None:
    present, listed = GOOD[name]
    found = schema_evolution.compared(RELEASED, present)
    assert (found.breaking, len(found.dangerous)) == ((), listed)


def test_the_schema_breaks_nothing_that_was_released() -> None:
    present = (house.ROOT / "schema.graphql").read_text()
    assert schema_evolution.compared(schema_evolution.RELEASED.read_text(), present).breaking == ()


def test_the_command_tells_each_change_and_fails_for_a_breaking_one(tmp_path: Path) -> None:
    (tmp_path / "old.graphql").write_text(RELEASED)
    (tmp_path / "new.graphql").write_text(changed("GREEN", "BLUE"))
    ended = subprocess.run(
        [sys.executable, "-m", "tools.schema_evolution", tmp_path / "old.graphql", tmp_path / "new.graphql"],
        cwd=house.ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    assert ended.stderr == "BREAKING: Enum value Colour.GREEN was removed.\n"
    assert ended.stdout == "dangerous: Enum value Colour.BLUE was added.\n"
