"""The project's files, as the guards read them."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

# What is installed, built or cached; everything else below the root is the project's own.
NOT_OURS = frozenset({"node_modules", "static", "build", "dist", "__pycache__"})

# What a run of the product leaves behind.
LEFT_BEHIND = re.compile(r"\.db(-shm|-wal)?$|\.key$|\.log$")


@cache
def files(*endings: str) -> tuple[Path, ...]:
    """The project's own files with one of these endings, or all; relative to the root."""
    return tuple(
        sorted(path.relative_to(ROOT) for path in _walk(ROOT) if not endings or path.suffix in endings)
    )


@cache
def project() -> dict[str, Any]:
    """pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def rooms() -> list[str]:
    """The top-level folders that hold the product's code, by what the import linter is told."""
    names: list[str] = project()["tool"]["importlinter"]["root_packages"]
    return names


def lines(path: Path) -> int:
    """How many lines a file has."""
    return len((ROOT / path).read_text().splitlines())


@cache
def imports(path: Path) -> frozenset[str]:
    """The modules that a file imports, at its top or inside a function."""
    return frozenset(_imports(ast.parse((ROOT / path).read_text())))


def module_name(path: Path) -> str:
    """The dotted name of a module."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            # `from graph import schema` names the module graph.schema, or something inside graph.
            yield node.module or ""
            yield from (f"{node.module}.{name.name}" for name in node.names)


def _walk(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.name in NOT_OURS or (entry.is_dir() and entry.name.startswith(".") and entry.name != ".ci"):
            continue
        if entry.is_dir():
            yield from _walk(entry)
        elif not LEFT_BEHIND.search(entry.name):
            yield entry
