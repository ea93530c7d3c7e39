"""The commands that ask a server, against a real one: what they print, and how they exit."""

import csv
import io
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema, parse, validate

from cli.campaign_command import CHANGES, PHASE_CHANGES, mutation
from cli.export_command import COLUMNS, safe_cell
from cli.remote import documents
from cli.remote.failures import Rejected, Unauthorized
from cli.remote.server import Server
from core.settings import load_client
from tests.unit.cli.conftest import PROGRAM, ROOT, Demo, Ended, Heliograph, answer


def created(asking: Heliograph, demo: Demo, name: str) -> dict[str, Any]:
    """A draft that the program made from a file."""
    Path("draft.json").write_text(demo.named(name))
    ended = asking("campaign", "create", "draft.json", "--json")
    assert (ended.code, ended.err) == (0, "")
    made: dict[str, Any] = json.loads(ended.out)
    return made


def refused(ended: Ended, *lines: str) -> None:
    assert (ended.code, ended.err.splitlines()) == (1, [f"heliograph campaign: {line}" for line in lines])


def test_a_draft_is_made_and_shown_by_id_and_by_name(asking: Heliograph, demo: Demo) -> None:
    made = created(asking, demo, "By two names")
    assert (made["name"], made["status"], made["startedAt"]) == ("By two names", "DRAFT", None)
    for given in (made["id"], "By two names"):
        ended = asking("campaign", "show", given, "--json")
        assert (ended.code, json.loads(ended.out)) == (0, made)
    assert asking("campaign", "show", made["id"]).out.splitlines() == [
        f"By two names is DRAFT. Its id is {made['id']}",
        "PHASE                    STATUS      DONE  OF  SUCCEEDED  ERROR",
        "Domain generation        CONFIGURED  0     0   0",
        "DNS validation           CONFIGURED  0     0   0",
        "HTTP keyword validation  CONFIGURED  0     0   0",
        "Extraction               CONFIGURED  0     0   0",
        "Analysis                 CONFIGURED  0     0   0",
        "Enrichment               CONFIGURED  0     0   0",
    ]
    listed = json.loads(asking("campaign", "list", "--json").out)
    assert made in listed
    row = next(line for line in asking("campaign", "list").out.splitlines() if made["id"] in line)
    assert row.split()[1:7] == ["By", "two", "names", "DRAFT", "FULL_SEQUENCE", "0.0"]


def test_a_draft_is_read_from_standard_input(
    asking: Heliograph, demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(demo.named("From a pipe")))
    ended = asking("campaign", "create", "-")
    assert (ended.code, ended.out.startswith("From a pipe is DRAFT. Its id is ")) == (0, True)


def test_a_refusal_is_a_line_for_each_broken_rule(asking: Heliograph, demo: Demo) -> None:
    wrong = {**demo.draft, "name": "", "http": {**demo.draft["http"], "batchSize": 501}}
    Path("wrong.json").write_text(json.dumps(wrong))
    ended = asking("campaign", "create", "wrong.json", "--json")
    refused(
        ended,
        "name: must have 1 to 255 characters (limit 1..255)",
        "http.batchSize: must be from 1 to 500 (limit 1..500)",
    )
    told = json.loads(ended.out)
    assert (told["__typename"], told["code"], len(told["violations"])) == (
        "ValidationError",
        "VALIDATION_FAILED",
        2,
    )


def test_a_life_of_verbs(asking: Heliograph, demo: Demo) -> None:
    ident = created(asking, demo, "A life")["id"]
    for verb, status in (
        ("start", "RUNNING"),
        ("pause", "PAUSED"),
        ("resume", "RUNNING"),
        ("cancel", "CANCELLED"),
    ):
        ended = asking("campaign", verb, "A life", "--json")
        assert (ended.code, json.loads(ended.out)["status"]) == (0, status), ended
    ended = asking("campaign", "resume", ident)
    refused(ended, "The campaign is CANCELLED and cannot be changed by RESUME.")
    assert ended.out == ""


def test_a_campaign_step_by_step(asking: Heliograph, demo: Demo) -> None:
    """Made with flags in place of what the file says, switched, stepped, and put away."""
    Path("steps.json").write_text(demo.named("Steps"))
    flags = "--mode step-by-step --tld .test --tld .example --scoring-profile built-in --json"
    made = json.loads(asking("campaign", "create", "steps.json", *flags.split()).out)
    assert (made["mode"], made["scoringProfile"]) == ("STEP_BY_STEP", None)
    ended = asking("campaign", "start", "Steps", "--expected-state", "PAUSED")
    assert (ended.code, ended.out) == (1, "")
    skipped = json.loads(asking("campaign", "skip", "Steps", "enrichment", "--json").out)
    assert [each["status"] for each in skipped["phases"]][-1] == "SKIPPED"
    for verb in ("retry", "rerun"):
        assert asking("campaign", verb, "Steps", "generation").code == 1
    assert asking("campaign", "rescore", "Steps").code == 1
    switched = json.loads(asking("campaign", "mode", "Steps", "full-sequence", "--json").out)
    assert switched["mode"] == "FULL_SEQUENCE"
    keyed = ("campaign", "cancel", "Steps", "--idempotency-key", "once", "--json")
    assert asking(*keyed).out == asking(*keyed).out
    archived = json.loads(asking("campaign", "archive", "Steps", "--json").out)
    assert archived["status"] == "ARCHIVED"
    refused(
        asking("campaign", "rescore", "Steps", "--scoring-profile", "None such"),
        "There is no scoring profile with the id or name 'None such' that you may see.",
    )


def test_to_watch_what_was_cancelled_ends_at_once_with_1(asking: Heliograph, demo: Demo) -> None:
    ident = created(asking, demo, "Cancelled")["id"]
    asking("campaign", "start", ident)
    asking("campaign", "cancel", ident)
    ended = asking("campaign", "watch", "Cancelled")
    (frame,) = [json.loads(line) for line in ended.out.splitlines()]
    assert (ended.code, ended.err) == (1, "")
    assert (frame["__typename"], frame["campaign"]["status"]) == ("CampaignSnapshot", "CANCELLED")


def test_a_name_must_be_of_one(asking: Heliograph, demo: Demo) -> None:
    refused(
        asking("campaign", "show", "Nobody"),
        "There is no campaign with the id or name 'Nobody' that you may see.",
    )
    ids = [created(asking, demo, "Twin")["id"] for _ in range(2)]
    ended = asking("campaign", "show", "Twin")
    text = "heliograph campaign: 2 are called 'Twin'; say which by its id: "
    assert (ended.code, ended.out, ended.err.startswith(text)) == (2, "", True)
    assert all(ident in ended.err for ident in ids)


def test_an_id_of_another_kind_is_no_campaign(asking: Heliograph) -> None:
    (proxy, *_) = json.loads(asking("proxy", "list", "--json").out)
    assert asking("campaign", "show", proxy["id"]).code == 1


def test_proxies_are_listed_by_name(asking: Heliograph) -> None:
    found = json.loads(asking("proxy", "list", "--json").out)
    names = [each["name"] for each in found]
    assert names == sorted(names)
    assert {"Demo dead", "Demo http"} <= set(names)
    lines = asking("proxy", "list").out.splitlines()
    columns = ["ID", "NAME", "ADDRESS", "ENABLED", "HEALTH", "MS", "COUNTRY", "POOLS", "CHECKED"]
    assert lines[0].split() == columns
    assert len(lines) == 1 + len(found)


def test_a_proxy_that_works_and_one_that_does_not(asking: Heliograph) -> None:
    works = asking("proxy", "test", "Demo http", "--json")
    told = json.loads(works.out)
    assert (works.code, works.err) == (0, "")
    assert (told["__typename"], told["proxy"]["name"]) == ("ProxyTestFinished", "Demo http")
    assert (told["proxy"]["health"], told["result"]["success"], told["result"]["statusCode"]) == (
        "HEALTHY",
        True,
        200,
    )
    dead = asking("proxy", "test", "Demo dead")
    assert (dead.code, dead.err) == (1, "")
    assert " does not work: PROXY_ERROR: " in dead.out
    assert dead.out.endswith("It is UNHEALTHY.\n")


LIST = "\n".join(
    [
        "# mine",
        "imported.example:8080",
        "ada:hushhush@imported.example:1080",
        "imported.example:8080",
        "imported.example:0:ada:hushhush",
    ]
)


def test_a_list_of_proxies_is_imported_line_by_line(
    asking: Heliograph, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("proxies.txt").write_text(LIST)
    dry = asking("proxy", "import", "proxies.txt", "--dry-run", "--protocol", "socks5")
    assert (dry.code, dry.err) == (1, "")
    assert dry.out.splitlines() == [
        "2: WOULD_ADD socks5://imported.example:8080",
        "3: WOULD_ADD socks5://imported.example:1080",
        "4: DUPLICATE_IN_TEXT socks5://imported.example:8080 as line 2",
        "5: INVALID port must be from 1 to 65535",
    ]
    monkeypatch.setattr("sys.stdin", io.StringIO(LIST.rsplit("\n", 1)[0]))
    added = asking("proxy", "import", "-", "--json")
    assert (added.code, added.err) == (0, "")
    told = json.loads(added.out)
    assert (told["totals"]["added"], told["totals"]["duplicateInText"]) == (2, 1)
    assert [line["outcome"] for line in told["lines"]] == ["ADDED", "ADDED", "DUPLICATE_IN_TEXT"]
    monkeypatch.setattr("sys.stdin", io.StringIO("imported.example:8080"))
    again = asking("proxy", "import", "-")
    assert (again.code, again.out) == (
        0,
        "1: ALREADY_EXISTS http://imported.example:8080 (imported.example:8080)\n",
    )
    assert "hushhush" not in dry.out + added.out + again.out
    names = {each["name"] for each in json.loads(asking("proxy", "list", "--json").out)}
    assert {"imported.example:8080", "imported.example:1080"} <= names
    # Their first tests are over when these are, so that nothing changes under the tests that follow.
    for name in ("imported.example:8080", "imported.example:1080"):
        assert asking("proxy", "test", name).code == 1


@pytest.mark.parametrize("case", ["none", "bytes", "long"])
def test_a_list_that_cannot_be_read_is_one_line(asking: Heliograph, case: str) -> None:
    if case == "bytes":
        Path("list").write_bytes(b"\xff\xfe")
    elif case == "long":
        Path("list").write_text("#" * 1_100_000)
    ended = asking("proxy", "import", "list")
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    why = {"none": "cannot be read (No such", "bytes": "is not UTF-8", "long": "has more than 1048576"}[case]
    assert f"list {why}" in ended.err


def test_a_draft_has_nothing_to_export(asking: Heliograph, demo: Demo) -> None:
    created(asking, demo, "Empty")
    ended = asking("export", "Empty")
    assert (ended.code, list(csv.reader(io.StringIO(ended.out)))) == (0, [list(COLUMNS)])
    assert asking("export", "Empty", "--json").out == ""
    ended = asking("export", "Empty", "--format", "ndjson", "--output", "empty.ndjson")
    assert (ended.out, Path("empty.ndjson").read_text()) == ("0 domains are in empty.ndjson.\n", "")


def test_an_export_goes_on_from_page_to_page(
    asking: Heliograph, demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seven domains in pages of three: each once, in the order of the enumeration, in both formats."""
    generation = {**demo.draft["generation"], "characterSet": "abcdefg", "prefixLength": 1, "count": "7"}
    Path("paged.json").write_text(json.dumps({**demo.draft, "name": "Paged", "generation": generation}))
    asking("campaign", "create", "paged.json")
    asking("campaign", "start", "Paged")
    watched = asking("campaign", "watch", "Paged")
    assert (watched.code, json.loads(watched.out.splitlines()[-1])["current"]) == (0, "COMPLETED")
    monkeypatch.setattr("cli.export_command.PAGE", 3)
    names = [f"{letter}beacon.test" for letter in "abcdefg"]
    rows = list(csv.DictReader(io.StringIO(asking("export", "Paged").out)))
    domains = [json.loads(line) for line in asking("export", "Paged", "--json").out.splitlines()]
    assert [row["name"] for row in rows] == [each["name"] for each in domains] == names
    assert [row["offset"] for row in rows] == [str(number) for number in range(7)]
    assert [row["dns_status"] for row in rows] == [each["dns"]["status"] for each in domains]
    assert [row["rejection"] for row in rows] == [each["lead"]["rejection"] for each in domains]
    assert [row["tld"] for row in rows] == [".test"] * 7
    why = rows[0]["rejection"]
    some = [
        json.loads(line) for line in asking("export", "Paged", "--json", "--rejection", why).out.splitlines()
    ]
    assert [each["name"] for each in some] == [row["name"] for row in rows if row["rejection"] == why]


def test_a_list_goes_on_from_page_to_page(asking: Heliograph, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = asking("proxy", "list", "--json").out
    monkeypatch.setattr("cli.remote.paging.PAGE", 2)
    assert len(json.loads(whole)) > 4
    assert asking("proxy", "list", "--json").out == whole


def test_on_a_terminal_a_watcher_draws(asking: Heliograph, demo: Demo) -> None:
    """The program really started, with a terminal for its standard output."""
    ident = created(asking, demo, "Drawn")["id"]
    asking("campaign", "start", ident)
    asking("campaign", "cancel", ident)
    ours, theirs = os.openpty()
    with open(ours, "rb", closefd=True) as screen:
        done = subprocess.run(
            [*PROGRAM, "campaign", "watch", "Drawn", "--url", demo.url, "--token", demo.token],
            cwd=ROOT,
            env={"TERM": "xterm", "COLUMNS": "80"},
            stdout=theirs,
            stderr=subprocess.PIPE,
            timeout=20,
            check=False,
        )
        drawn = os.read(screen.fileno(), 1 << 16).decode()
        os.close(theirs)
    assert (done.returncode, done.stderr) == (1, b"")
    assert "CANCELLED" in drawn
    assert [
        name in drawn for name in ("Drawn", "Domain generation", "DNS", "HTTP keyword", "Enrichment", "━")
    ] == [True] * 6


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("@x", "'@x"),
        ("-2", "'-2"),
        ("+", "'+"),
        ("a=b", "a=b"),
        ("", ""),
        (None, None),
        (7, 7),
    ],
)
def test_no_cell_is_a_formula(cell: object, safe: object) -> None:
    assert safe_cell(cell) == safe


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("campaign list --token nonsense", "wants a valid token: set HELIOGRAPH_TOKEN"),
        ("campaign list --url http://127.0.0.1:1/graphql", "does not answer (Connection refused)"),
        ("proxy list --url http://ada:hushhush@localhost/graphql", "HELIOGRAPH_URL: must be an http:// or"),
        ("campaign create none.json", "none.json cannot be read (No such file or directory)"),
        ("campaign create list.json", "list.json must be a JSON object, a CreateCampaignInput of the schema"),
        ("campaign create half.json", "half.json is no JSON (Expecting value: line 1 column 7 (char 6))"),
        ("campaign create empty.json", "to include required field 'name'"),
        ("export Exported --output no/such.csv", "--output: no/such.csv cannot be written (No such file or"),
    ],
)
def test_what_never_reached_a_campaign_is_one_line_and_2(
    asking: Heliograph, demo: Demo, arguments: str, reason: str
) -> None:
    if "Exported" in arguments and asking("campaign", "show", "Exported").code == 1:
        created(asking, demo, "Exported")
    for name, text in (("list.json", "[]"), ("half.json", '{"a": '), ("empty.json", "{}")):
        Path(name).write_text(text)
    ended = asking(*arguments.split())
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1), ended
    assert reason in ended.err
    assert "hushhush" not in ended.err
    assert "nonsense" not in ended.err


def test_what_is_no_graphql_api_is_said_to_be_none(asking: Heliograph, demo: Demo) -> None:
    ended = asking("campaign", "list", "--url", demo.url.replace("/graphql", "/healthz"))
    assert (ended.code, ended.err.endswith("is no GraphQL API (it answers 405)\n")) == (2, True)


def test_the_address_of_a_server_is_enough(
    asking: Heliograph, demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = asking("proxy", "list", "--json")
    address = demo.url.removesuffix("/graphql")
    assert asking("proxy", "list", "--json", "--url", address + "/").out == whole.out
    monkeypatch.setenv("HELIOGRAPH_URL", address)
    assert asking("proxy", "list", "--json").out == whole.out


def test_a_token_that_fits_no_header_is_not_repeated(
    asking: Heliograph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIOGRAPH_TOKEN", "two words")
    ended = asking("campaign", "list")
    assert ended.code == 2
    assert ended.err.startswith("heliograph campaign: HELIOGRAPH_TOKEN: must be a token as")
    assert "two words" not in ended.err


async def test_a_stream_ends_where_a_new_connection_would_not_help(demo: Demo) -> None:
    """A token that is not known, and a subscription that is not in order."""
    async with Server.open(load_client(url=demo.url, token="nonsense")) as server:
        with pytest.raises(Unauthorized):
            await anext(server.follow(documents.PROXY_EVENTS, id="x"))
    async with Server.open(load_client(url=demo.url, token=demo.token)) as server:
        with pytest.raises(Rejected):
            await anext(server.follow("subscription { moonEvents { cursor } }"))


@pytest.mark.parametrize(
    "document",
    [
        *(text for name, text in vars(documents).items() if name.isupper() and "(" in str(text)),
        *(documents.change(mutation(verb)) for verb in (*CHANGES, *PHASE_CHANGES, "mode", "rescore")),
    ],
)
def test_every_document_is_valid(document: str) -> None:
    schema = build_schema((ROOT / "schema.graphql").read_text())
    assert validate(schema, parse(document)) == []


def test_patterns_are_tried_on_a_text(asking: Heliograph) -> None:
    ended = asking("keywords", "test", "--pattern", "roof", "--regex", "s.l+ar", "--text", "A solar roof")
    assert (ended.code, ended.err) == (0, "")
    header, *rows = ended.out.splitlines()
    assert header.split() == ["RULE", "ZONE", "HITS", "CATEGORY", "CONTEXT"]
    assert [row.split()[:3] for row in rows] == [["roof", "BODY", "1"], ["s.l+ar", "BODY", "1"]]


def test_what_hits_nothing_exits_with_1(asking: Heliograph) -> None:
    ended = asking("keywords", "test", "--pattern", "Roof", "--case-sensitive", "--text", "roof", "--json")
    assert ended.code == 1
    assert [rule["pattern"] for rule in json.loads(ended.out)["missed"]] == ["Roof"]
    assert asking("keywords", "test", "--pattern", "oof", "--whole-word", "--text", "roof").code == 1


def test_a_set_is_tried_on_a_file_by_name_and_by_id(asking: Heliograph, demo: Demo, place: Path) -> None:
    (name, ident, pattern) = one_set(demo)
    page = place / "page.html"
    page.write_text(f"<title>{pattern}</title><script>hidden</script>")
    by_name = asking("keywords", "test", name, "--pattern", "hidden", "--file", "page.html", "--json")
    by_id = asking("keywords", "test", ident, "--pattern", "hidden", "--file", "page.html", "--json")
    assert (by_name.code, by_name.err) == (0, "")
    found = json.loads(by_name.out)
    assert found == json.loads(by_id.out)
    assert pattern in [hit["pattern"] for hit in found["hits"] if hit["zone"] == "TITLE"]
    assert "hidden" in [rule["pattern"] for rule in found["missed"]]


def one_set(demo: Demo) -> tuple[str, str, str]:
    """The name and id of a set, and a text that it looks for."""
    asked = "{ keywordSets(first: 9) { nodes { id name rules { pattern ruleType } } } }"
    answered: Any = answer(demo.url, demo.token, asked)
    sets = answered["data"]["keywordSets"]["nodes"]
    texts = ((one, rule) for one in sets for rule in one["rules"] if rule["ruleType"] == "STRING")
    one, rule = next(texts)
    return one["name"], one["id"], rule["pattern"]


def test_a_page_is_fetched_by_the_server(asking: Heliograph, demo: Demo) -> None:
    address = demo.url.removesuffix("/graphql")
    ended = asking("keywords", "test", "--pattern", "heliograph", "--page", address)
    assert (ended.code, ended.err) == (0, ""), ended.out
    assert "bytes in" in ended.out.splitlines()[0]
    gone = asking("keywords", "test", "--pattern", "x", "--page", "http://127.0.0.1:1/")
    assert gone.code == 1
    assert "port" in gone.err


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--text", "x"], "heliograph keywords: name a keyword set, or give --pattern or --regex\n"),
        (
            ["--pattern", "x", "--file", "absent"],
            "heliograph keywords: absent cannot be read (No such file or directory)\n",
        ),
    ],
    ids=["no rules", "no file"],
)
def test_what_is_no_test_is_one_line_and_2(asking: Heliograph, arguments: list[str], line: str) -> None:
    ended = asking("keywords", "test", *arguments)
    assert (ended.code, ended.out, ended.err) == (2, "", line)
