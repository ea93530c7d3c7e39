"""A kind of mutation that is done once for each key, and how its requests are made.

A request has things of its own, so that what it does depends on no other; a few of a kind are refused in the state in
which their things are, for a refusal is an answer too. All kinds are in `bench/retries/mutations.py`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
Send = Callable[[str, Json], Awaitable[Json]]
"""Sends a mutation of this name with this input; gives its payload."""
Prepare = Callable[[Send, str, int], Awaitable[Json]]
"""Makes what has to be there, by a name and a number that nothing else has; gives that part of the input that names it.
"""
Given = Callable[[str, int], Json]
"""The other part of the input, by a name and a number that nothing else has."""

# What the errors of all mutations tell.
WORDS = frozenset({"__typename", "code", "message", "path", "currentState"})


async def nothing(_send: Send, _name: str, _number: int) -> Json:
    """A request that needs nothing before it."""
    return {}


@dataclass(frozen=True)
class Kind:
    """A kind of request.

    `member` is what its payload tells of what was changed. `again` is the error that tells the same to whoever repeats
    a request whose payload is shown once. One that is `quiet` finds nothing to do here, and records nothing.
    """

    field: str
    member: str
    given: Given = lambda _name, _number: {}
    prepare: Prepare = nothing
    again: str | None = None
    quiet: bool = False

    @property
    def payload(self) -> str:
        """The type of its payload."""
        return f"{self._capital}Payload"

    @property
    def document(self) -> str:
        """The mutation, asking for all by which two answers can be compared."""
        told = "".join(
            f" ... on {name} {{ cursor {self.member} }}" for name in (self.payload, self.again) if name
        )
        return (
            f"mutation Send($input: {self._capital}Input!) {{ {self.field}(input: $input) {{ __typename{told}"
            " ... on UserError { code message path } ... on ConflictError { currentState } } }"
        )

    def answered(self, answer: Json) -> Json:
        """What an answer says, which is the same each time: what is shown once is told in other words the next time."""
        if self.again is None or answer["__typename"] not in (self.payload, self.again):
            return answer
        return {name: value for name, value in answer.items() if name not in WORDS}

    @property
    def _capital(self) -> str:
        return self.field[0].upper() + self.field[1:]
