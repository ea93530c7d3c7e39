"""`heliograph proxy`: the proxies of a running server, over its public API."""

import argparse
from contextlib import aclosing

from cli.remote import documents, naming
from cli.remote.failures import DONE, REFUSED, Unreachable
from cli.remote.output import document, minute, printable, table
from cli.remote.paging import every
from cli.remote.running import Work, add_flags
from cli.remote.running import run as run_remote
from cli.remote.server import Json, Server

COLUMNS = ("ID", "NAME", "ADDRESS", "ENABLED", "HEALTH", "MS", "CHECKED")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of each verb."""
    verbs = parser.add_subparsers(required=True, dest="verb", metavar="VERB")
    add_flags(verbs.add_parser("list", help="list the proxies that you may see, by name"))
    test = verbs.add_parser(
        "test", help="test one and wait for the result. Exits with 0 if it works, else with 1"
    )
    test.add_argument("proxy", metavar="PROXY", help="its id, or its name if no other has the same")
    add_flags(test)


def run(args: argparse.Namespace) -> int:
    """Do what the verb says.

    Raises:
        HeliographError: the server is not there, or does not know who asks; or an argument is wrong.
    """
    verbs: dict[str, Work] = {"list": _list, "test": _test}
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
    return (*fields, minute(proxy["lastCheckedAt"]))


def _told(finished: Json) -> str:
    proxy, result = finished["proxy"], finished["result"]
    if result["success"]:
        found = f"works: {result['durationMs']} ms, seen from {result['returnedIp']}"
    else:
        found = f"does not work: {result['error']}, after {result['durationMs']} ms"
    return printable(f"{proxy['name']} ({proxy['address']}) {found}. It is {proxy['health']}.")
