"""The documents are true where a program can tell: paths exist, rooms and words are there, no figure is typed."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from live.close_codes import TABLE
from tests.architecture import house

DOCS = house.ROOT / "docs"
PAGES = [house.ROOT / "README.md", house.ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
NAMED = re.compile(r"`([\w./-]+)`")
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)(?:#[^)]*)?\)")
# A share of something, or a count of tests: what somebody has typed is wrong a week later.
FIGURE = re.compile(r"\d\s?%|\b\d+ (?:tests|checks|lines|files)\b|\bpercent of\b", re.IGNORECASE)
# What a program has written is not typed; a test compares it with its source.
GENERATED = re.compile(r"<!-- generated: .*?<!-- end -->", re.DOTALL)
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def text(page: str) -> str:
    return (DOCS / page).read_text()


def paths(page: str) -> list[str]:
    """What a page names in code type and has a slash in it: a file or a folder of ours."""
    return [
        name for name in NAMED.findall(text(page)) if "/" in name.strip("/") or name.endswith((".py", "/"))
    ]


@pytest.mark.parametrize("page", ["map.md", "glossary.md"])
def test_every_path_that_is_named_exists(page: str) -> None:
    named = [name for name in paths(page) if name.split("/")[0] not in {"", "graphql"}]
    assert len(named) > 40
    assert [name for name in named if not (house.ROOT / name).exists()] == []


def test_every_room_and_folder_is_on_the_map() -> None:
    folders = {
        f"{path.parent}/"
        for path in house.files(".py")
        if path.parts[0] in house.rooms() and path.name != "__init__.py"
    }
    rooms = {f"{room}/" for room in house.rooms()}
    # `web/ui/` and `migrations/versions/` are no packages, and are to be found all the same.
    wanted = folders | rooms | {"web/ui/", "migrations/versions/", "tests/", "tools/", "docs/adr/"}
    assert sorted(wanted - set(NAMED.findall(text("map.md")))) == []


def test_every_kind_of_test_is_on_the_map() -> None:
    kinds = {f"tests/{path.parts[1]}/" for path in house.files(".py") if path.match("tests/*/test_*.py")}
    assert sorted(kinds - set(NAMED.findall(text("map.md")))) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(house.ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(house.ROOT)))
def test_no_figure_is_typed(page: Path) -> None:
    assert FIGURE.findall(GENERATED.sub("", page.read_text())) == []


@pytest.mark.parametrize("code", TABLE, ids=lambda code: str(code.code))
def test_every_close_code_is_told(code: object) -> None:
    row = next(row for row in TABLE if row is code)
    assert f"| {row.code} | {row.name} |" in text("streams.md")


class Entry(NamedTuple):
    """A row of the glossary."""

    word: str
    meaning: str
    where: str
    banned: tuple[str, ...]


def entries() -> Iterator[Entry]:
    for line in text("glossary.md").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and cells[0] not in {"Word", "---"}:
            word, meaning, where, banned = cells
            yield Entry(word, meaning, where.strip("`"), tuple(NAMED.findall(banned)))


def test_every_word_has_one_meaning_and_a_place() -> None:
    found = list(entries())
    words = [entry.word for entry in found]
    assert len(words) > 50
    assert len(words) == len(set(words))
    for entry in found:
        assert entry.meaning.endswith((".", ".)")), entry
        assert (house.ROOT / entry.where).is_file(), entry


def named_in(tree: ast.Module) -> Iterator[str]:
    """Every name that a module gives: to modules' parts, parameters, variables and attributes."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case _:
                pass


def snake(name: str) -> str:
    """`LogReplaced` and `LOG_REPLACED` as `log_replaced`."""
    return "_".join(word.lower() for word in WORD.findall(name))


def test_words_that_are_not_ours_are_in_no_name() -> None:
    banned = {word: entry.word for entry in entries() for word in entry.banned}
    assert {"notification", "dispatcher", "manager"} <= banned.keys()
    used = {
        f"{path}: {name} (say {banned[word]})"
        for path in house.files(".py")
        if path.parts[0] in house.rooms() and path.parts[0] != "migrations"
        for name in named_in(ast.parse((house.ROOT / path).read_text()))
        for word in banned
        if f"_{word}_" in f"_{snake(name)}_"
    }
    assert used == set()
