import asyncio
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest

from auth.tokens import digest
from core.clock import SettableClock
from core.settings import Settings
from services.principals import Principals
from tests.unit.cli.conftest import Ended, Heliograph
from web.foundation import standing

CREATE = ("token", "create", "--principal", "ada", "--role", "operator", "--name", "laptop")


@pytest.fixture(autouse=True)
def migrated(heliograph: Heliograph) -> None:
    assert heliograph("migrate").code == 0


def rows(heliograph: Heliograph) -> Sequence[Sequence[str]]:
    """The tokens as they are listed."""
    header, *lines = heliograph("token", "list").out.splitlines()
    assert header.split() == ["ID", "PRINCIPAL", "NAME", "ROLE", "CREATED", "USED", "ENDS"]
    return [re.split(r" {2,}", line) for line in lines]


def created(heliograph: Heliograph, *more: str) -> Ended:
    ended = heliograph(*CREATE, *more)
    assert ended.code == 0, ended.err
    return ended


def test_a_token_stands_alone_on_standard_output(heliograph: Heliograph) -> None:
    ended = created(heliograph)
    assert re.fullmatch(r"hg_[\w-]{43}\n", ended.out)
    first, second = ended.err.splitlines()
    assert first == "The principal ada is new; its role is operator."
    assert re.fullmatch(r"Token [0-9a-f-]{36} is shown only now; it does not end\.", second)


def test_a_second_token_of_a_principal_makes_no_second_principal(heliograph: Heliograph) -> None:
    created(heliograph)
    assert len(created(heliograph).err.splitlines()) == 1
    assert [row[1] for row in rows(heliograph)] == ["ada", "ada"]


def test_the_list_tells_all_but_the_token(heliograph: Heliograph) -> None:
    token = created(heliograph, "--expires-in", "90d").out.strip()
    listed = heliograph("token", "list").out
    assert token not in listed
    assert digest(token) not in listed
    ((_, principal, name, role, made, used, ends),) = rows(heliograph)
    assert (principal, name, role, used) == ("ada", "laptop", "operator", "never")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", made)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", ends)
    assert ends > made


async def _use(ident: str) -> None:
    clock = SettableClock(datetime(2026, 1, 1, 12, 34, 56, tzinfo=UTC))
    async with standing(Settings(), clock) as ground:
        await Principals(ground.database).note_uses({UUID(ident): clock.now()})


def test_the_list_tells_when_a_token_was_used(heliograph: Heliograph) -> None:
    created(heliograph)
    ((ident, *_),) = rows(heliograph)
    asyncio.run(_use(ident))
    ((*_, used, _),) = rows(heliograph)
    assert used == "2026-01-01T12:34Z"
    (told,) = json.loads(heliograph("token", "list", "--json").out)
    assert told["lastUsedAt"] == "2026-01-01T12:34:56+00:00"


def test_a_token_is_revoked_by_its_id_and_twice_is_once(heliograph: Heliograph) -> None:
    created(heliograph)
    ((ident, *_),) = rows(heliograph)
    for _ in range(2):
        assert heliograph("token", "revoke", ident).out == f"Token {ident} is revoked.\n"
    ((*_, ends),) = rows(heliograph)
    assert ends.startswith("was revoked 20")


def test_json_has_the_secret_once_and_the_rest_always(heliograph: Heliograph) -> None:
    made = json.loads(created(heliograph, "--expires-in", "90d", "--json").out)
    assert re.fullmatch(r"hg_[\w-]{43}", made.pop("secret"))
    assert [made["principal"], made["name"], made["role"]] == ["ada", "laptop", "OPERATOR"]
    assert (made["revokedAt"], made["lastUsedAt"]) == (None, None)
    lasts = datetime.fromisoformat(made["expiresAt"]) - datetime.fromisoformat(made["createdAt"])
    assert lasts.days == 90
    assert json.loads(heliograph("token", "list", "--json").out) == [made]
    revoked = json.loads(heliograph("token", "revoke", made["id"], "--json").out)
    assert datetime.fromisoformat(revoked["revokedAt"]) >= datetime.fromisoformat(made["createdAt"])
    assert revoked == {**made, "revokedAt": revoked["revokedAt"]}
    assert json.loads(heliograph("token", "list", "--json").out) == [revoked]


def test_a_token_without_an_end_has_none_in_json(heliograph: Heliograph) -> None:
    assert json.loads(heliograph("token", "list", "--json").out) == []
    assert json.loads(created(heliograph, "--json").out)["expiresAt"] is None


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ("token", "revoke", "01a20c71-a67d-7fdb-9d64-fdaccde01134"),
            "heliograph token: No token with this id is visible to you.\n",
        ),
        (
            (*CREATE, "--role", "admin"),
            "heliograph token: role: must not be more than OPERATOR, the principal's\n",
        ),
        ((*CREATE, "--name", ""), "heliograph token: name: must have 1 to 255 characters\n"),
        (
            (*CREATE, "--expires-in", "9999d"),
            "heliograph token: expiresIn: must be more than 0 and at most 3650 days\n",
        ),
    ],
)
def test_what_a_verb_refuses_is_one_line_and_makes_nothing(
    heliograph: Heliograph, arguments: Sequence[str], line: str
) -> None:
    created(heliograph)
    ended = heliograph(*arguments)
    assert (ended.code, ended.out, ended.err) == (2, "", line)
    assert len(rows(heliograph)) == 1
