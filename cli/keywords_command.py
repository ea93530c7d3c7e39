"""`heliograph keywords`: keyword rules tried on a text, a file or a page, by a running server over its public API."""

import argparse
import sys
from pathlib import Path
from typing import Any

from cli.remote import documents, naming
from cli.remote.failures import DONE, REFUSED
from cli.remote.naming import Noun
from cli.remote.output import document, printable, table
from cli.remote.running import add_flags
from cli.remote.running import run as run_remote
from cli.remote.server import Json, Server
from core.errors import Misconfigured

KEYWORD_SET = Noun("keyword set", documents.KEYWORD_SET, documents.KEYWORD_SETS, "keywordSets")
PERSONA = Noun("persona", documents.PERSONA, documents.PERSONAS, "personas")
COLUMNS = ("RULE", "ZONE", "HITS", "CATEGORY", "CONTEXT")
CONTEXT_CHARS = 40
HTML_ENDINGS = frozenset({".htm", ".html", ".xhtml"})
STANDARD_INPUT = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of each verb."""
    verbs = parser.add_subparsers(required=True, dest="verb", metavar="VERB")
    test = verbs.add_parser(
        "test",
        help="try a set or single patterns on a text, a file or a page. Exits with 0 if anything hits, else with 1",
    )
    test.add_argument("set", metavar="SET", nargs="?", help="its id, or its name if no other has the same")
    add = test.add_argument
    add("--pattern", action="append", default=[], metavar="TEXT", help="a text to look for; may be repeated")
    add("--regex", action="append", default=[], help="an expression of RE2 to look for; may be repeated")
    add("--whole-word", action="store_true", help="let patterns and expressions hit whole words only")
    add("--case-sensitive", action="store_true", help="let case matter to patterns and expressions")
    where = test.add_mutually_exclusive_group(required=True)
    where.add_argument("--text", help="a text")
    where.add_argument(
        "--file",
        metavar="PATH",
        help=f"a text, or a page if it ends in .html; {STANDARD_INPUT} is standard input",
    )
    # The server's own address is --url, as in every command.
    where.add_argument("--page", metavar="ADDRESS", help="a page that the server fetches")
    add("--persona", help="the HTTP persona that fetches the page, by id or name")
    add("--dns-persona", metavar="PERSONA", help="the DNS persona that looks it up, by id or name")
    add_flags(test)


def run(args: argparse.Namespace) -> int:
    """Do what the verb says.

    Raises:
        HeliographError: the server is not there, or does not know who asks; or an argument is wrong.
    """
    if args.set is None and not args.pattern and not args.regex:
        raise Misconfigured("name a keyword set, or give --pattern or --regex")
    return run_remote(args, _test)


async def _test(server: Server, args: argparse.Namespace) -> int:
    found = await server.change(documents.TEST_KEYWORDS, input=await _input(server, args))
    print(document(found) if args.json else "\n".join(_told(found)))
    return DONE if found["hits"] else REFUSED


async def _input(server: Server, args: argparse.Namespace) -> dict[str, Any]:
    given: dict[str, Any] = {"rules": _rules(args), **_what(args)}
    for field, noun, named in (
        ("keywordSetId", KEYWORD_SET, args.set),
        ("personaId", PERSONA, args.persona),
        ("dnsPersonaId", PERSONA, args.dns_persona),
    ):
        if named is not None:
            given[field] = (await naming.find(server, noun, named))["id"]
    return given


def _rules(args: argparse.Namespace) -> list[dict[str, Any]]:
    shared = {
        "isWholeWord": args.whole_word,
        "isCaseSensitive": args.case_sensitive,
        "contextChars": CONTEXT_CHARS,
    }
    kinds = [("STRING", each) for each in args.pattern] + [("REGEX", each) for each in args.regex]
    return [{"pattern": pattern, "ruleType": kind, **shared} for kind, pattern in kinds]


def _what(args: argparse.Namespace) -> dict[str, str]:
    """What the rules are tried on."""
    if args.page is not None:
        return {"url": args.page}
    if args.text is not None:
        return {"text": args.text}
    is_page = Path(args.file).suffix.lower() in HTML_ENDINGS
    return {"text": _read(args.file), "contentType": "HTML" if is_page else "TEXT"}


def _read(path: str) -> str:
    try:
        return sys.stdin.read() if path == STANDARD_INPUT else Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise Misconfigured(f"{path} is no text in UTF-8") from error


def _told(found: Json) -> list[str]:
    page = found["page"]
    lines = [] if page is None else [_page(page)]
    rows = [
        tuple(hit[name] for name in ("pattern", "zone", "count", "category", "context"))
        for hit in found["hits"]
    ]
    lines += table(COLUMNS, rows) if rows else ["Nothing was found."]
    missed = [printable(rule["pattern"]) for rule in found["missed"]]
    return [*lines, f"Not found: {', '.join(missed)}"] if rows and missed else lines


def _page(page: Json) -> str:
    if page["status"] == "OK":
        text = f"{page['finalUrl']}: {page['title'] or 'no title'}, {page['bytesRead']} bytes in {page['millis']} ms"
    else:
        text = f"The page was not read: {page['reason']} ({page['detail'] or page['statusCode']})"
    return printable(text)
