"""The server that is looked at, and the one small thing there that is ours: a keyword set, removed at the end.

Nothing else is changed, so a check can be run against a server in production. What is told of our keyword set is told
by `activity` with its id as the filter, so that whatever others do meanwhile is not judged.
"""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cli.remote.server import Json
from cli.remote.wire import Gone, Wire

PREFIX = "heliograph-check-"
REMOVE_ATTEMPTS = 3
CREATE = """
mutation Create($name: String!, $note: String) {
  createKeywordSet(input: { name: $name, description: $note, enabled: false, rules: [{ pattern: "heliograph" }] }) {
    __typename
    ... on UserError { code message }
    ... on CreateKeywordSetPayload { cursor keywordSet { id } }
  }
}
"""
UPDATE = """
mutation Change($id: ID!, $note: String!) {
  updateKeywordSet(input: { id: $id, description: $note }) {
    __typename ... on UserError { code message } ... on UpdateKeywordSetPayload { cursor }
  }
}
"""
FIND = "query Find($name: String!) { keywordSets(filter: { search: $name }) { nodes { id } } }"
CHANGE_LAST = """
mutation ChangeLast($id: ID!, $pattern: String!) {
  updateKeywordSet(input: { id: $id, rules: [{ pattern: $pattern }] }) {
    __typename ... on UserError { code message } ... on UpdateKeywordSetPayload { cursor }
  }
}
"""
DELETE = """
mutation Remove($id: ID!) {
  deleteKeywordSet(input: { id: $id }) { __typename ... on UserError { code message } }
}
"""


@dataclass(frozen=True)
class Sizes:
    """How much load is made: subscribers, changes, and at most so many changes a second."""

    subscribers: int
    mutations: int
    rate: float


class Refused(Exception):
    """The server refused a change of our own thing."""


class Thing:
    """Our keyword set; each change of it is an event."""

    def __init__(self, wire: Wire, ident: str) -> None:
        self._wire = wire
        self.id = ident
        self._changes = 0

    async def change(self, padding: str = "") -> str:
        """Change its note, with padding if the frames shall be large; gives the cursor of that.

        Raises:
            Refused: the server says why not.
        """
        self._changes += 1
        return await self._change(UPDATE, note=f"change {self._changes} {padding}")

    async def change_last(self) -> str:
        """Change its rules, which tells this change from the others; gives the cursor of that.

        Raises:
            Refused: the server says why not.
        """
        self._changes += 1
        return await self._change(CHANGE_LAST, pattern=f"heliograph {self._changes}")

    async def _change(self, document: str, **variables: object) -> str:
        cursor: str = (await _changed(self._wire, document, id=self.id, **variables))["cursor"]
        return cursor


@dataclass
class Site:
    """What a check is given; `thing` is None for whoever may only look."""

    wire: Wire
    sizes: Sizes
    thing: Thing | None = None

    @property
    def own(self) -> Thing:
        """Our thing; a check that changes something is not run without it."""
        if self.thing is None:
            raise AssertionError("A check that says that it changes nothing wants to change something.")
        return self.thing


@asynccontextmanager
async def thing_of_ours(wire: Wire) -> AsyncIterator[Thing]:
    """A keyword set for as long as the block lasts, also when it ends by a failure or by Ctrl-C.

    Raises:
        Refused: the server does not let us make one, or remove it.
        Gone: it does not answer.
    """
    name = f"{PREFIX}{secrets.token_hex(6)}"
    note = "Made by `heliograph check`, which removes it at its end."
    try:
        made = await _changed(wire, CREATE, name=name, note=note)
        yield Thing(wire, made["keywordSet"]["id"])
    finally:
        await _remove(wire, name)


async def _remove(wire: Wire, name: str) -> None:
    """Found by its name, for nobody may have heard that it was made."""
    for attempt in range(1, REMOVE_ATTEMPTS + 1):
        try:
            for node in (await wire.ask(FIND, name=name))["keywordSets"]["nodes"]:
                await _changed(wire, DELETE, id=node["id"])
        except Gone as gone:
            if attempt == REMOVE_ATTEMPTS:
                raise Refused(f"the keyword set {name} may still be there ({gone}); delete it") from gone
        else:
            return


async def _changed(wire: Wire, document: str, **variables: object) -> Json:
    (payload,) = (await wire.ask(document, **variables)).values()
    if not str(payload["__typename"]).endswith("Payload"):
        raise Refused(f"{payload['__typename']}: {payload.get('message')}")
    found: Json = payload
    return found
