"""What a load changes: drafts of campaigns, keyword sets, proxies, pools and profiles, made by its own mutations.

Each kind is followed by another subscription. None of the changes makes work for workers, so that a load is commits
and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox import world
from tests.e2e.client import Client

# Of addresses that nobody asks, for the proxies are disabled.
FIRST_PORT = 1000
GENERATION = {
    "patternType": "PREFIX",
    "characterSet": world.CHARACTERS,
    "constant": world.CONSTANT,
    "tld": world.TLD,
    "prefixLength": world.VARIABLE_LENGTH,
    "count": 1,
}


@dataclass(frozen=True)
class Kind:
    """A kind of thing: how it is made, what payloads call it, and which of its texts the load writes anew."""

    noun: str
    member: str
    text: str
    extra: Mapping[str, Any] = field(hash=False)

    def named(self, number: int) -> dict[str, Any]:
        """The input that makes one that is unlike all others."""
        own = {"port": FIRST_PORT + number} if "host" in self.extra else {}
        return {"name": f"Load {number}", **self.extra, **own}

    @property
    def update(self) -> str:
        """The mutation's field."""
        return f"update{self.noun}"

    @property
    def input(self) -> str:
        """The type of its input."""
        return f"Update{self.noun}Input"


@dataclass(frozen=True)
class Thing:
    """One that was made."""

    kind: Kind
    id: str

    def changed_to(self, number: int) -> dict[str, Any]:
        """The input that makes it differ from all that it was before."""
        return {"id": self.id, self.kind.text: f"Load {number}"}


CAMPAIGN = Kind("Campaign", "campaign", "name", {"generation": GENERATION})
KEYWORD_SET = Kind("KeywordSet", "keywordSet", "description", {"rules": [{"pattern": "solar"}]})
PROXY = Kind("Proxy", "proxy", "description", {"protocol": "SOCKS5", "host": "127.0.0.1", "enabled": False})
POOL = Kind("ProxyPool", "pool", "description", {"healthCheckEnabled": False})
PROFILE = Kind("ScoringProfile", "scoringProfile", "description", {})


async def make(client: Client, kind: Kind, count: int) -> list[Thing]:
    """Make so many of a kind.

    Raises:
        AssertionError: a mutation was refused.
    """
    return [Thing(kind, await _make_one(client, kind, number)) for number in range(count)]


async def _make_one(client: Client, kind: Kind, number: int) -> str:
    field = f"create{kind.noun}"
    document = f"""
    mutation Make($input: Create{kind.noun}Input!) {{
      {field}(input: $input) {{
        __typename ... on Create{kind.noun}Payload {{ {kind.member} {{ id }} }} ... on UserError {{ message path }}
      }}
    }}
    """
    made = await client.change(field, document, input=kind.named(number))
    return str(made[kind.member]["id"])
