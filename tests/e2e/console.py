"""A live console without pixels: it knows nothing but docs/screens.graphql, and presses all of its buttons."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from graphql import OperationDefinitionNode, OperationType, parse, print_ast
from graphql.utilities import separate_operations

from tests.e2e.client import Client, Json, Wire

DOCUMENT = parse((Path(__file__).parents[2] / "docs/screens.graphql").read_text())
# Each operation with the fragments that it needs: what a client sends.
DOCUMENTS = {name: print_ast(each) for name, each in separate_operations(DOCUMENT).items()}


def screens() -> dict[str, dict[OperationType, list[str]]]:
    """The operations of each screen: the one that has its name, and those that begin with it and an underscore."""
    found: defaultdict[str, dict[OperationType, list[str]]] = defaultdict(lambda: defaultdict(list))
    for node in DOCUMENT.definitions:
        if isinstance(node, OperationDefinitionNode):
            assert node.name is not None
            found[node.name.value.partition("_")[0]][node.operation].append(node.name.value)
    return found


class Stream:
    """One subscription, and what it has told so far."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.frames: list[Json] = []

    async def until(self, wanted: Callable[[Json], bool]) -> Json:
        """The first frame of which that is true, of those that came and those to come."""
        found = [frame for frame in self.frames if wanted(frame)]
        while not found:
            data = await self._wire.next()
            assert data is not None
            self.frames += data.values()
            found = [frame for frame in self.frames[-1:] if wanted(frame)]
        return found[0]

    async def type(self, name: str, **fields: object) -> Json:
        """The first frame of a type, with these values."""
        wanted = {"__typename": name, **fields}
        return await self.until(lambda frame: wanted.items() <= frame.items())


class Console:
    """Somebody at the screens; `used` are the operations that were run."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.used: set[str] = set()

    async def open(self, screen: str, **variables: object) -> Json:
        """What the query of a screen gives."""
        self.used.add(screen)
        return await self.client.ask(DOCUMENTS[screen], **variables)

    async def press(self, button: str, **given: object) -> Json:
        """The payload of a mutation, which must not be refused."""
        self.used.add(button)
        ((payload,),) = ((await self.client.ask(DOCUMENTS[button], input=given)).values(),)
        assert payload["__typename"].endswith("Payload"), (button, payload)
        assert payload["cursor"], button
        found: Json = payload
        return found

    @asynccontextmanager
    async def follow(self, name: str, after: str | None, **variables: object) -> AsyncIterator[Stream]:
        """A subscription of a screen, on a socket of its own, after the cursor of what the screen shows."""
        self.used.add(name)
        async with self.client.over_socket(DOCUMENTS[name], {"after": after, **variables}) as wire:
            yield Stream(wire)
