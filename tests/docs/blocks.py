"""The code blocks of the documents, and what stands in angle brackets in their variables."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PLACE = re.compile(r"<([^<>]+)>")


class Block(NamedTuple):
    """A code block: where it stands, its language, and its text."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


class Operation(NamedTuple):
    """A block of GraphQL, and the block of variables that follows it."""

    block: Block
    variables: Mapping[str, Any]


def pages() -> list[str]:
    """README.md and everything in docs/."""
    return ["README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))]


def blocks(page: str) -> list[Block]:
    """The blocks of a page, in order."""
    text = (ROOT / page).read_text()
    return [
        Block(page, text.count("\n", 0, found.start()) + 1, found[1], found[2])
        for found in FENCE.finditer(text)
    ]


def operations(page: str) -> list[Operation]:
    """The GraphQL of a page, in order."""
    made: list[Operation] = []
    for block in blocks(page):
        if block.language == "graphql":
            made.append(Operation(block, {}))
        elif block.language == "json" and made:
            made[-1] = made[-1]._replace(variables=json.loads(block.text))
    return made


def lines(language: str) -> list[tuple[Block, str]]:
    """Every line of the blocks of a language, in all pages."""
    return [
        (block, line)
        for page in pages()
        for block in blocks(page)
        if block.language == language
        for line in block.text.splitlines()
        if line.strip()
    ]


def filled(value: Any, known: Mapping[str, Any]) -> Any:
    """A value with what was known put where it stands in angle brackets: a path into an answer above."""
    if isinstance(value, dict):
        return {key: filled(each, known) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, known) for each in value]
    found = PLACE.fullmatch(value) if isinstance(value, str) else None
    return value if found is None else _at(known, found[1])


def _at(known: Mapping[str, Any], path: str) -> Any:
    here: Any = known
    for step in path.split("."):
        here = here[int(step)] if isinstance(here, list) else here[step]
    return here
