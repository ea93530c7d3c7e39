"""The people, their tokens and their things, and the admin who changes what they may do."""

import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bench.authorization.model import FOREVER, ROLES, Pass, Person, Timeline
from bench.load_things import CAMPAIGN, KEYWORD_SET, POOL, PROFILE, PROXY, Kind
from tests.e2e.client import Client

Json = dict[str, Any]
PERSONA = Kind("Persona", "persona", "description", {"config": {"dns": {"resolvers": ["127.0.0.1:53"]}}})
BULK = Kind("BulkOperation", "operation", "", {})
KINDS = (CAMPAIGN, KEYWORD_SET, PROXY, POOL, PROFILE, PERSONA)
LASTING = (1.0, 4.0)


@dataclass
class Thing:
    """Something of somebody's; `deleted` is when its deletion was first asked for."""

    kind: Kind
    id: str
    owner: Person
    deleted: float = FOREVER


@dataclass
class World:
    """All there is, as it was made; `deeds` counts what the admin did."""

    admin: Client
    chance: random.Random
    people: list[Person] = field(default_factory=list)
    passes: list[Pass] = field(default_factory=list)
    things: list[Thing] = field(default_factory=list)
    deeds: int = 0
    _number: int = 0

    def somebody(self) -> Pass:
        """Mostly somebody who may ask."""
        good = [each for each in self.passes if each.seems_good(time.time())]
        return self.chance.choice(good if good and self.chance.random() < 0.9 else self.passes)

    def something(self) -> Thing:
        """A thing that can be changed."""
        return self.chance.choice([each for each in self.things if each.kind is not BULK])

    def of_kind(self, kind: Kind) -> list[Thing]:
        """All of a kind; if there is none, one that is of another."""
        return [each for each in self.things if each.kind is kind] or self.things[:1]

    def number(self) -> int:
        """One that was not used before."""
        self._number += 1
        return self._number

    async def fill(self, people: int) -> None:
        """Let people come, each with a token for each role that they may have."""
        for number in range(people):
            given = {"name": f"person {number}", "role": ROLES[number % len(ROLES)]}
            made = await self._change("createPrincipal", "principal { id }", given)
            person = Person(number, made["principal"]["id"], Timeline(given["role"]))
            self.people.append(person)
            await self.give(person)
            await self.give(person)

    async def give(self, person: Person, lasting: float | None = None) -> None:
        """Make a token of somebody's, with a role that they may have."""
        most = ROLES.index(person.role.last)
        role, ends = (
            ROLES[self.chance.randint(0, most)],
            FOREVER if lasting is None else time.time() + lasting,
        )
        given: Json = {"name": "token", "principalId": person.id, "role": role}
        if lasting is not None:
            given["expiresAt"] = _moment(ends)
        made = await self._change("createToken", "secret token { id }", given)
        self.passes.append(Pass(person, made["token"]["id"], made["secret"], role, Timeline(ends)))

    async def change_something(self) -> None:
        """One deed, whichever."""
        person = self.chance.choice(self.people)
        deeds: tuple[Callable[[Person], Awaitable[None]], ...] = (
            self._set_role,
            self._turn_on_or_off,
            self._revoke,
            self._lend,
            self._renew,
        )
        await self.chance.choice(deeds)(person)
        self.deeds += 1

    async def _set_role(self, person: Person) -> None:
        role = self.chance.choice(ROLES)
        asked = time.time()
        await self._change("setPrincipalRole", "cursor", {"id": person.id, "role": role})
        person.role.change(asked, time.time(), role)

    async def _turn_on_or_off(self, person: Person) -> None:
        active = not person.active.last
        if not active and self.chance.random() < 0.7:
            return
        asked = time.time()
        verb = "reactivatePrincipal" if active else "deactivatePrincipal"
        await self._change(verb, "cursor", {"id": person.id})
        person.active.change(asked, time.time(), active)

    async def _revoke(self, person: Person) -> None:
        kept = [each for each in self.passes if each.person is person and each.kept.last]
        if kept:
            lost = self.chance.choice(kept)
            asked = time.time()
            await self._change("revokeToken", "cursor", {"id": lost.id})
            lost.kept.change(asked, time.time(), value=False)
        await self._lend_for(person, None)

    async def _lend(self, person: Person) -> None:
        await self._lend_for(person, self.chance.uniform(*LASTING))

    async def _lend_for(self, person: Person, lasting: float | None) -> None:
        if person.active.last:
            await self.give(person, lasting)

    async def _renew(self, person: Person) -> None:
        for each in self.passes:
            if each.person is person and each.kept.last and time.time() + 0.5 < each.ends.last < FOREVER:
                ends = time.time() + self.chance.uniform(*LASTING)
                asked = time.time()
                # On a machine that is busy it may be over by the time that this arrives.
                with suppress(AssertionError):
                    await self._change("renewToken", "cursor", {"id": each.id, "expiresAt": _moment(ends)})
                    each.ends.change(asked, time.time(), ends)
                return

    async def _change(self, name: str, selected: str, given: Json) -> Json:
        capital = name[0].upper() + name[1:]
        document = (
            f"mutation Change($input: {capital}Input!) {{ {name}(input: $input) {{"
            f" __typename ... on {capital}Payload {{ {selected} }} ... on UserError {{ message path }} }} }}"
        )
        return await self.admin.change(name, document, input=given)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
