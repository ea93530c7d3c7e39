"""`heliograph campaign`: the campaigns of a running server, over its public API."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from cli.campaign_watch import watch
from cli.remote import documents, naming
from cli.remote.failures import DONE
from cli.remote.output import count, document, minute, phase_name, printable, table
from cli.remote.paging import every
from cli.remote.running import Work, add_flags
from cli.remote.running import run as run_remote
from cli.remote.server import Json, Server
from core.errors import Misconfigured

CHANGES = {
    "start": "start a draft",
    "pause": "pause what runs",
    "resume": "go on with what is paused",
    "cancel": "end it for good",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of each verb."""
    verbs = parser.add_subparsers(required=True, dest="verb", metavar="VERB")
    add_flags(verbs.add_parser("list", help="list the campaigns that you may see, newest first"))
    add_flags(_about_one(verbs.add_parser("show", help="show one campaign and its phases")))
    create = verbs.add_parser("create", help="make a draft from a file")
    create.add_argument(
        "file", metavar="FILE", help="a CreateCampaignInput of the schema as JSON; - reads standard input"
    )
    add_flags(create)
    for verb, text in CHANGES.items():
        add_flags(_about_one(verbs.add_parser(verb, help=text)))
    text = "follow a campaign until it ends; NDJSON when piped. Exits with 0 if it was completed, else with 1"
    add_flags(_about_one(verbs.add_parser("watch", help=text)))


def run(args: argparse.Namespace) -> int:
    """Do what the verb says.

    Raises:
        HeliographError: the server is not there, or does not know who asks; or an argument is wrong.
    """
    verbs: dict[str, Work] = {"list": _list, "show": _show, "create": _create, "watch": _watch}
    return run_remote(args, verbs.get(args.verb, _change))


def _about_one(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("campaign", metavar="CAMPAIGN", help="its id, or its name if no other has the same")
    return parser


async def _list(server: Server, args: argparse.Namespace) -> int:
    found = [each async for each in every(server, documents.CAMPAIGNS, "campaigns")]
    if args.json:
        print(document(found))
        return DONE
    rows = [
        (each["id"], each["name"], each["status"], f"{each['percent']:.1f} %", minute(each["createdAt"]))
        for each in found
    ]
    print("\n".join(table(("ID", "NAME", "STATUS", "DONE", "CREATED"), rows)))
    return DONE


async def _show(server: Server, args: argparse.Namespace) -> int:
    _tell(await naming.find(server, naming.CAMPAIGN, args.campaign), args)
    return DONE


async def _create(server: Server, args: argparse.Namespace) -> int:
    made = await server.change(documents.CREATE_CAMPAIGN, input=_read(args.file))
    _tell(made["campaign"], args)
    return DONE


async def _change(server: Server, args: argparse.Namespace) -> int:
    campaign = await naming.find(server, naming.CAMPAIGN, args.campaign)
    changed = await server.change(documents.change(args.verb), id=campaign["id"])
    _tell(changed["campaign"], args)
    return DONE


async def _watch(server: Server, args: argparse.Namespace) -> int:
    campaign = await naming.find(server, naming.CAMPAIGN, args.campaign)
    return await watch(server, campaign["id"], as_json=args.json or not sys.stdout.isatty())


def _tell(campaign: Json, args: argparse.Namespace) -> None:
    if args.json:
        print(document(campaign))
        return
    print(f"{printable(campaign['name'])} is {campaign['status']}. Its id is {campaign['id']}")
    rows = [(phase_name(phase["kind"]), phase["status"], *_figures(phase)) for phase in campaign["phases"]]
    print("\n".join(table(("PHASE", "STATUS", "DONE", "OF", "SUCCEEDED", "ERROR"), rows)))


def _figures(phase: Json) -> tuple[str, ...]:
    counts, error = phase["counts"], phase["error"]
    numbers = tuple(count(counts[name]) for name in ("processed", "total", "succeeded"))
    return (*numbers, "" if error is None else f"{error['code']}: {error['message']}")


def _read(name: str) -> dict[str, Any]:
    """The object in a file of JSON.

    Raises:
        Misconfigured: it cannot be read, or is none.
    """
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        found = json.loads(text)
    except OSError as error:
        raise Misconfigured(f"{name} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise Misconfigured(f"{name} is no JSON ({error})") from error
    if not isinstance(found, dict):
        raise Misconfigured(f"{name} must be a JSON object, a CreateCampaignInput of the schema")
    return found
