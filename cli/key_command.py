"""`heliograph key`: the keys that seal the passwords of proxies, changed while everything runs."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from auth.key_file import SETTING, Key, change, fresh
from auth.sealing import Sealer
from cli import setting_flags
from cli.remote.output import document, table
from core.clock import SystemClock
from core.errors import Misconfigured
from core.logging import configure
from core.settings import Settings, load
from services.key_rotation import KeyRotation
from web.foundation import standing

Verb = Callable[[KeyRotation, Path, argparse.Namespace], Awaitable[int]]
COLUMNS = ("ID", "SEALS", "SECRETS")
LEFT_SOME = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of each verb."""
    verbs = parser.add_subparsers(required=True, dest="verb", metavar="VERB")
    listing = verbs.add_parser("list", help="list the keys of the file, and how many secrets each has sealed")
    listing.add_argument("--json", action="store_true", help="print JSON, for programs")
    rotate = verbs.add_parser("rotate", help="make a new key, and seal everything anew with it")
    rotate.add_argument("--to", metavar="ID", help="make no key, but seal with this one of the file")
    add = verbs.add_parser(
        "add", help="make a key that opens and does not seal yet, for all machines to have"
    )
    drop = verbs.add_parser("drop", help="take a key out of the file that nothing needs any more")
    drop.add_argument("id", metavar="ID", help="as `heliograph key list` shows it")
    for verb in (listing, rotate, add, drop):
        setting_flags.add(verb, (*setting_flags.DATABASE, "secret_key_file"))


def run(args: argparse.Namespace) -> int:
    """Do what the verb says; 1 if secrets are left that no key opens.

    Raises:
        HeliographError: a setting, the key file, the database or an argument is not in order.
    """
    settings = load(**setting_flags.given(args))
    configure("error")
    verbs: dict[str, Verb] = {"list": _list, "rotate": _rotate, "add": _add, "drop": _drop}
    return asyncio.run(_run(settings, verbs[args.verb], args))


async def _run(settings: Settings, verb: Verb, args: argparse.Namespace) -> int:
    path = settings.secret_key_file
    # A new file here would only hide that it is the wrong place.
    if not path.exists():
        raise Misconfigured(f"{SETTING}: there is no {path}; `heliograph serve` makes it at its first start")
    async with standing(settings, SystemClock()) as ground:
        return await verb(KeyRotation(ground.database, Sealer.from_file(path)), path, args)


async def _list(rotation: KeyRotation, _path: Path, args: argparse.Namespace) -> int:
    use = await rotation.use()
    keys = list(use.by_key.items())
    if args.json:
        told = [
            {"id": key, "seals": not number, "secrets": count} for number, (key, count) in enumerate(keys)
        ]
        print(document({"keys": told, "unnamed": use.unnamed, "unknown": use.unknown}))
        return 0
    rows = [(key, "" if number else "yes", str(count)) for number, (key, count) in enumerate(keys)]
    for line in table(COLUMNS, rows):
        print(line)
    if use.unnamed:
        _say(f"{_secrets(use.unnamed)} from before keys had ids; `heliograph key rotate` gives them one.")
    return _tell_lost(use.unknown)


async def _rotate(rotation: KeyRotation, path: Path, args: argparse.Namespace) -> int:
    def first(keys: tuple[Key, ...]) -> Sequence[Key]:
        newest = _found(keys, args.to) if args.to else fresh()
        return [newest, *(key for key in keys if key != newest)]

    newest = change(path, first)[0]
    print(newest.id, flush=True)
    _say(f"The key {newest.id} seals from now on; every other of the file still opens.")
    done = await rotation.reseal()
    _say(f"{_secrets(done.count)} sealed anew.")
    return _tell_lost(len(done.broken))


async def _add(_rotation: KeyRotation, path: Path, _args: argparse.Namespace) -> int:
    added = change(path, lambda keys: (*keys, fresh()))[-1]
    print(added.id)
    _say(f"Let all machines have {path} now, then run `heliograph key rotate --to {added.id}`.")
    return 0


async def _drop(rotation: KeyRotation, path: Path, args: argparse.Namespace) -> int:
    use = await rotation.use()
    needed = use.by_key.get(args.id, 0) + use.unnamed

    def without(keys: tuple[Key, ...]) -> Sequence[Key]:
        gone = _found(keys, args.id)
        if gone == keys[0]:
            raise Misconfigured(f"{args.id} is the key that seals; `heliograph key rotate` makes another")
        if needed:
            raise Misconfigured(
                f"{args.id} may be needed by {_secrets(needed)}; `heliograph key rotate` first"
            )
        return [key for key in keys if key != gone]

    change(path, without)
    print(f"The key {args.id} is gone.")
    return 0


def _found(keys: Sequence[Key], key_id: str) -> Key:
    for key in keys:
        if key.id == key_id:
            return key
    raise Misconfigured(f"The file has no key {key_id}; see `heliograph key list`")


def _tell_lost(count: int) -> int:
    if count == 0:
        return 0
    _say(f"No key of the file opens {_secrets(count)}: bring the key back, or store the passwords anew.")
    return LEFT_SOME


def _secrets(count: int) -> str:
    return f"{count} secret{'' if count == 1 else 's'}"


def _say(text: str) -> None:
    print(text, file=sys.stderr)
