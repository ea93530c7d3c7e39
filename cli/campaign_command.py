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

MODES = {"step-by-step": "STEP_BY_STEP", "full-sequence": "FULL_SEQUENCE"}
PHASES = {
    "generation": "DOMAIN_GENERATION",
    "dns": "DNS_VALIDATION",
    "http": "HTTP_KEYWORD_VALIDATION",
    "extraction": "EXTRACTION",
    "analysis": "ANALYSIS",
    "enrichment": "ENRICHMENT",
}
BUILT_IN = "built-in"
CHANGES = {
    "start": "start a draft, or the next phase of one that waits",
    "pause": "pause what runs",
    "resume": "go on with what is paused",
    "cancel": "end it for good",
    "archive": "put away what has ended",
}
PHASE_CHANGES = {
    "retry": "try a phase again that has failed",
    "rerun": "run a phase anew; what it and those behind it have found is taken back",
    "skip": "leave a phase out that has not begun",
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
    create.add_argument("--mode", choices=list(MODES), help="in place of the file's")
    create.add_argument("--tld", action="append", help="in place of the file's; may be given again")
    create.add_argument(
        "--scoring-profile", metavar="PROFILE", help=f"its id or name, in place of the file's, or {BUILT_IN}"
    )
    add_flags(create)
    for verb, text in CHANGES.items():
        add_flags(_controlling(_about_one(verbs.add_parser(verb, help=text))))
    for verb, text in PHASE_CHANGES.items():
        changing = _about_one(verbs.add_parser(verb, help=text))
        changing.add_argument("phase", choices=list(PHASES), metavar="PHASE", help=", ".join(PHASES))
        add_flags(_controlling(changing))
    mode = _about_one(verbs.add_parser("mode", help="say how its phases shall follow one another"))
    mode.add_argument("mode", choices=list(MODES), metavar="MODE", help=", ".join(MODES))
    add_flags(_controlling(mode))
    rescore = _about_one(verbs.add_parser("rescore", help="score it anew, without fetching a page again"))
    rescore.add_argument(
        "--scoring-profile", metavar="PROFILE", help=f"its id or name, from now on; {BUILT_IN} is none"
    )
    add_flags(_controlling(rescore))
    text = "follow a campaign until it ends; NDJSON when piped. Exits with 0 if it was completed, else with 1"
    add_flags(_about_one(verbs.add_parser("watch", help=text)))


def run(args: argparse.Namespace) -> int:
    """Do what the verb says.

    Raises:
        HeliographError: the server is not there, or does not know who asks; or an argument is wrong.
    """
    verbs: dict[str, Work] = {"list": _list, "show": _show, "create": _create, "watch": _watch}
    return run_remote(args, verbs.get(args.verb, _change))


def _controlling(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument(
        "--expected-state", metavar="STATUS", help="do nothing if it is in another status than this"
    )
    parser.add_argument(
        "--idempotency-key",
        metavar="KEY",
        help="a word of yours: for a day the same request with it is done once",
    )
    return parser


def _about_one(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("campaign", metavar="CAMPAIGN", help="its id, or its name if no other has the same")
    return parser


async def _list(server: Server, args: argparse.Namespace) -> int:
    found = [each async for each in every(server, documents.CAMPAIGNS, "campaigns")]
    if args.json:
        print(document(found))
        return DONE
    rows = [
        (each["id"], each["name"], each["status"], each["mode"], _share(each), minute(each["createdAt"]))
        for each in found
    ]
    print("\n".join(table(("ID", "NAME", "STATUS", "MODE", "DONE", "CREATED"), rows)))
    return DONE


async def _show(server: Server, args: argparse.Namespace) -> int:
    _tell(await naming.find(server, naming.CAMPAIGN, args.campaign), args)
    return DONE


async def _create(server: Server, args: argparse.Namespace) -> int:
    given = _read(args.file)
    if args.mode is not None:
        given["mode"] = MODES[args.mode]
    if args.tld is not None:
        generation = {**given.get("generation", {}), "tlds": args.tld}
        generation.pop("tld", None)
        given["generation"] = generation
    if args.scoring_profile is not None:
        given["analysis"] = {"profileId": await _profile(server, args.scoring_profile)}
    made = await server.change(documents.CREATE_CAMPAIGN, input=given)
    _tell(made["campaign"], args)
    return DONE


async def _change(server: Server, args: argparse.Namespace) -> int:
    campaign = await naming.find(server, naming.CAMPAIGN, args.campaign)
    control = {"expectedState": args.expected_state, "idempotencyKey": args.idempotency_key}
    given: dict[str, Any] = {"id": campaign["id"], **control}
    if args.verb in PHASE_CHANGES:
        given["phase"] = PHASES[args.phase]
    elif args.verb == "mode":
        given["mode"] = MODES[args.mode]
    elif args.verb == "rescore" and args.scoring_profile is not None:
        given["profileId"] = await _profile(server, args.scoring_profile)
    changed = await server.change(documents.change(mutation(args.verb)), input=given)
    _tell(changed["campaign"], args)
    return DONE


def mutation(verb: str) -> str:
    """The mutation behind a verb."""
    if verb == "mode":
        return "setCampaignMode"
    return f"{verb}Phase" if verb in PHASE_CHANGES else f"{verb}Campaign"


async def _profile(server: Server, given: str) -> str | None:
    """The id of a scoring profile; None is the built-in one.

    Raises:
        Refused: there is none that the caller may see.
    """
    if given == BUILT_IN:
        return None
    return str((await naming.find(server, naming.SCORING_PROFILE, given))["id"])


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


def _share(campaign: Json) -> str:
    return f"{campaign['percent']:.1f} %"


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
