"""`heliograph proxy`: the proxies of a running server, over its public API."""

import argparse
import sys
from contextlib import aclosing
from pathlib import Path

from cli.remote import documents, naming
from cli.remote.failures import DONE, REFUSED, Unreachable
from cli.remote.output import document, minute, printable, table
from cli.remote.paging import every
from cli.remote.running import Work, add_flags
from cli.remote.running import run as run_remote
from cli.remote.server import Json, Server
from core.errors import Misconfigured
from vocabulary.proxies import ProxyProtocol

COLUMNS = ("ID", "NAME", "ADDRESS", "ENABLED", "HEALTH", "MS", "COUNTRY", "POOLS", "CHECKED")
STANDARD_INPUT = "-"
# The server takes a quarter of this; what is larger is not even read to the end.
MOST_CHARACTERS = 1024 * 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of each verb."""
    verbs = parser.add_subparsers(required=True, dest="verb", metavar="VERB")
    add_flags(verbs.add_parser("list", help="list the proxies that you may see, by name"))
    test = verbs.add_parser(
        "test", help="test one and wait for the result. Exits with 0 if it works, else with 1"
    )
    test.add_argument("proxy", metavar="PROXY", help="its id, or its name if no other has the same")
    add_flags(test)
    load = verbs.add_parser(
        "import",
        help="add the proxies of a list, and tell what became of each line. Exits with 1 if a line is INVALID",
    )
    load.add_argument("file", metavar="FILE", help=f"one proxy on a line; {STANDARD_INPUT} is standard input")
    load.add_argument("--dry-run", action="store_true", help="add nothing, and tell what would be")
    load.add_argument(
        "--protocol",
        choices=[each.lower() for each in ProxyProtocol],
        default=ProxyProtocol.HTTP.lower(),
        help="that of lines without a scheme. Default: http.",
    )
    add_flags(load)


def run(args: argparse.Namespace) -> int:
    """Do what the verb says.

    Raises:
        HeliographError: the server is not there, or does not know who asks; or an argument is wrong.
    """
    verbs: dict[str, Work] = {"list": _list, "test": _test, "import": _import}
    return run_remote(args, verbs[args.verb])


async def _list(server: Server, args: argparse.Namespace) -> int:
    found = [each async for each in every(server, documents.PROXIES, "proxies")]
    if args.json:
        print(document(found))
        return DONE
    print("\n".join(table(COLUMNS, (_row(each) for each in found))))
    return DONE


async def _test(server: Server, args: argparse.Namespace) -> int:
    proxy = await naming.find(server, naming.PROXY, args.proxy)
    begun = await server.change(documents.TEST_PROXY, id=proxy["id"])
    finished = await _finished(server, proxy["id"], begun["cursor"])
    print(document(finished) if args.json else _told(finished))
    return DONE if finished["result"]["success"] else REFUSED


async def _import(server: Server, args: argparse.Namespace) -> int:
    given = {"text": _read(args.file), "protocol": args.protocol.upper(), "dryRun": args.dry_run}
    imported = await server.change(documents.IMPORT_PROXIES, input=given)
    print(document(imported) if args.json else "\n".join(map(_line, imported["lines"])))
    return REFUSED if imported["totals"]["invalid"] else DONE


def _read(name: str) -> str:
    """The list; it is not told what stands in it, for that may be a password.

    Raises:
        Misconfigured: there is no such file, or it is no text, or far too large.
    """
    try:
        if name == STANDARD_INPUT:
            text = sys.stdin.read(MOST_CHARACTERS + 1)
        else:
            with Path(name).open(encoding="utf-8") as file:
                text = file.read(MOST_CHARACTERS + 1)
    except OSError as error:
        raise Misconfigured(f"{name} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise Misconfigured(f"{name} is not UTF-8") from error
    if len(text) > MOST_CHARACTERS:
        raise Misconfigured(f"{name} has more than {MOST_CHARACTERS} characters")
    return text


def _line(line: Json) -> str:
    """What became of a line, without a user and a password."""
    told = [f"{line['line']}: {line['outcome']}", line["address"] or line["text"] or ""]
    if line["firstLine"] is not None:
        told.append(f"as line {line['firstLine']}")
    if line["proxy"] is not None:
        told.append(f"({line['proxy']['name']})")
    broken = "; ".join(f"{'.'.join(each['path'])} {each['message']}" for each in line["violations"])
    return printable(" ".join(part for part in [*told, broken] if part))


async def _finished(server: Server, proxy_id: str, after: str) -> Json:
    """The frame of the end of the test that began at this cursor; it cannot be missed."""
    async with aclosing(server.follow(documents.PROXY_EVENTS, id=proxy_id, after=after)) as frames:
        async for frame in frames:
            if frame["__typename"] == "ProxyTestFinished":
                return frame
    raise Unreachable("the stream ended before the test did; the proxy may have been deleted")


def _row(proxy: Json) -> tuple[object, ...]:
    enabled = "yes" if proxy["enabled"] else "no"
    fields = (proxy["id"], proxy["name"], proxy["address"], enabled, proxy["health"], proxy["latencyMs"])
    pools = ", ".join(pool["name"] for pool in proxy["pools"])
    return (*fields, proxy["countryCode"], pools, minute(proxy["lastCheckedAt"]))


def _told(finished: Json) -> str:
    proxy, result = finished["proxy"], finished["result"]
    if result["success"]:
        found = f"works: {result['durationMs']} ms, seen from {result['returnedIp']}"
    else:
        found = f"does not work: {result['error']}, after {result['durationMs']} ms"
    return printable(f"{proxy['name']} ({proxy['address']}) {found}. It is {proxy['health']}.")
