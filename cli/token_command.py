"""`heliograph token`: tokens for people and programs.

The token itself is told once, alone on standard output; with `--json`, as `secret` beside what it is a token of.
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from cli import setting_flags
from cli.durations import duration
from cli.remote.output import document, table
from core.clock import SystemClock
from core.errors import Conflict
from core.logging import configure
from core.settings import Settings, load
from services.principals import Principals, TokenInfo
from vocabulary.access import Role
from web.foundation import standing
from web.side_bell import ring

Verb = Callable[[Principals, argparse.Namespace], Awaitable[None]]
COLUMNS = ("ID", "PRINCIPAL", "NAME", "ROLE", "CREATED", "USED", "ENDS")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of each verb."""
    verbs = parser.add_subparsers(required=True, dest="verb", metavar="VERB")
    create = verbs.add_parser("create", help="make a token, and its principal if there is none of this name")
    create.add_argument("--principal", required=True, metavar="NAME", help="whose token it is")
    create.add_argument(
        "--role",
        required=True,
        type=str.lower,
        choices=[role.lower() for role in Role],
        help="what it may do: look, work with its own things, or everything",
    )
    create.add_argument("--name", required=True, metavar="LABEL", help="what the token is for")
    create.add_argument(
        "--expires-in", type=duration, metavar="TIME", help="such as 90d or 12h; without it, it does not end"
    )
    listing = verbs.add_parser("list", help="list all tokens, without the tokens themselves")
    revoke = verbs.add_parser("revoke", help="end a token and whatever is connected with it")
    revoke.add_argument("id", type=_uuid, metavar="ID", help="as `heliograph token list` shows it")
    for verb in (create, listing, revoke):
        verb.add_argument("--json", action="store_true", help="print JSON, for programs")
        setting_flags.add(verb, setting_flags.DATABASE)


def run(args: argparse.Namespace) -> int:
    """Do what the verb says.

    Raises:
        HeliographError: a setting, the database or an argument is not in order.
    """
    settings = load(**setting_flags.given(args))
    configure("error")
    verbs: dict[str, Verb] = {"create": _create, "list": _list, "revoke": _revoke}
    return asyncio.run(_run(settings, verbs[args.verb], args))


async def _run(settings: Settings, verb: Verb, args: argparse.Namespace) -> int:
    async with standing(settings, SystemClock()) as ground:
        await verb(Principals(ground.database), args)
        ring(ground)
    return 0


async def _create(principals: Principals, args: argparse.Namespace) -> None:
    role = Role(args.role.upper())
    try:
        await principals.create(args.principal, role)
    except Conflict:
        pass
    else:
        print(f"The principal {args.principal} is new; its role is {role.lower()}.", file=sys.stderr)
    token, info = await principals.create_token(args.principal, args.name, role, args.expires_in)
    print(f"Token {info.id} is shown only now; it {_ends(info)}.", file=sys.stderr)
    print(document({**_told(info), "secret": token}) if args.json else token)


async def _list(principals: Principals, args: argparse.Namespace) -> None:
    found = await principals.list_tokens()
    if args.json:
        print(document([_told(info) for info in found]))
        return
    for line in table(COLUMNS, (_row(info) for info in found)):
        print(line)


async def _revoke(principals: Principals, args: argparse.Namespace) -> None:
    await principals.revoke_token(args.id)
    if args.json:
        (info,) = [info for info in await principals.list_tokens() if info.id == args.id]
        print(document(_told(info)))
    else:
        print(f"Token {args.id} is revoked.")


def _told(info: TokenInfo) -> dict[str, Any]:
    """A token as JSON, without the token itself."""
    return {
        "id": str(info.id),
        "principal": info.principal_name,
        "name": info.name,
        "role": info.role.value,
        "createdAt": _exactly(info.created_at),
        "expiresAt": _exactly(info.expires_at),
        "revokedAt": _exactly(info.revoked_at),
        "lastUsedAt": _exactly(info.last_used_at),
    }


def _exactly(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _row(info: TokenInfo) -> tuple[str, ...]:
    return (
        str(info.id),
        info.principal_name,
        info.name,
        info.role.lower(),
        _moment(info.created_at),
        "never" if info.last_used_at is None else _moment(info.last_used_at),
        _ends(info).removeprefix("ends "),
    )


def _ends(info: TokenInfo) -> str:
    if info.revoked_at is not None:
        return f"was revoked {_moment(info.revoked_at)}"
    return "does not end" if info.expires_at is None else f"ends {_moment(info.expires_at)}"


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%MZ")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no id of a token; see `heliograph token list`"
        ) from error
