"""The clients that docs/streams.md shows: its blocks of JavaScript, by the file name in their first line."""

from collections.abc import Mapping
from pathlib import Path

from tests.docs.blocks import blocks

PAGE = "docs/streams.md"
PACKAGES = Path(__file__).parent / "node_modules"


def shown() -> dict[str, str]:
    """The blocks, by name."""
    return {
        block.text.partition("\n")[0].removeprefix("// "): block.text
        for block in blocks(PAGE)
        if block.language == "js"
    }


def unpack(folder: Path, replaced: Mapping[str, str] | None = None) -> None:
    """Write the blocks into a folder in which they find their packages.

    Args:
        folder: which.
        replaced: what is to stand in place of what stands in the blocks.
    """
    for name, text in shown().items():
        for old, new in (replaced or {}).items():
            text = text.replace(old, new)  # noqa: PLW2901  One after the other.
        (folder / name).write_text(text)
    (folder / "node_modules").symlink_to(PACKAGES)
