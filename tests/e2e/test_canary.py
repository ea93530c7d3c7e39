"""A password goes in by every way that there is, and is found nowhere again: no answer, no log, no column, no metric.

Each password has a mark that nothing else has. It is looked for as it is, in hexadecimal, and as any base64 would have
it, of the password alone or with whatever stands before it.
"""

import asyncio
import base64
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import ClientSession

from sandbox.sandbox import Sandbox
from tests.e2e.product import HELIOGRAPH, Api, Product

MARK = "kanarie7f3a9c51"
USER = "ada"
PASSWORD = f"ä:/?@ {MARK} %2F'\""
STATE = "{ proxies(first: 100) { nodes { id name address username health lastError } } }"
BULK = """query($id: ID!) { bulkOperation(id: $id) {
    status error items(first: 50) { nodes { label status code message } } } }"""
LOOKS = (
    "{ auditLog(first: 100) { nodes { kind entityId } } }",
    "{ activity(first: 100) { nodes { __typename cursor } } }",
    "{ settings { name value } }",
    STATE,
)


def needles() -> Iterator[bytes]:
    mark = MARK.encode()
    yield from (mark, mark[::-1], mark.hex().encode(), "".join(f"\\x{byte:02x}" for byte in mark).encode())
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + mark)
        # What its neighbours have a part in is cut off.
        whole = coded[4 if shift else 0 : -4]
        assert len(whole) >= 12
        yield whole


def found_in(text: bytes) -> list[bytes]:
    return [needle for needle in needles() if needle.lower() in text.lower()]


class Mouth:
    """Says things to the API and keeps all that it answers."""

    def __init__(self, api: Api, http: ClientSession) -> None:
        self._api, self._http = api, http
        self.heard: list[bytes] = []

    async def say(self, document: str, **variables: Any) -> dict[str, Any]:
        body = {"query": document, "variables": variables}
        answer = await self.post(json.dumps(body).encode())
        return json.loads(answer).get("data") or {}

    async def change(self, verb: str, fields: str = "", /, **given: Any) -> dict[str, Any]:
        capital = verb[0].upper() + verb[1:]
        document = f"""mutation($input: {capital}Input!) {{ {verb}(input: $input) {{ __typename
            ... on ValidationError {{ message violations {{ path message limit }} }}
            ... on ConflictError {{ message }} ... on {capital}Payload {{ __typename {fields} }} }} }}"""
        return (await self.say(document, input=given)).get(verb) or {}

    async def post(self, body: bytes, path: str = "/graphql") -> bytes:
        headers = {**self._api.client.headers, "Content-Type": "application/json"}
        async with self._http.post(self._api.client.url + path, data=body, headers=headers) as answer:
            self.heard += [await answer.read(), repr(answer.raw_headers).encode()]
        return self.heard[-2]

    async def get(self, path: str) -> bytes:
        async with self._http.get(self._api.client.url + path, headers=self._api.client.headers) as answer:
            self.heard += [await answer.read(), repr(answer.raw_headers).encode()]
        return self.heard[-2]


async def good_and_bad_proxies(mouth: Mouth, box: Sandbox) -> None:
    """Created, changed, refused; with a password that the proxy does not take, and where nobody answers."""
    for proxy in box.proxies:
        where = {"protocol": proxy.endpoint.protocol.value, "host": "127.0.0.1", "port": proxy.endpoint.port}
        given: dict[str, Any] = {"name": proxy.name, **where, "username": USER}
        if proxy.name != "socks4":
            given["password"] = PASSWORD
        added = await mouth.change("createProxy", "proxy { id lastError }", **given)
        ident = added["proxy"]["id"]
        # Twice, with another password, too long, for SOCKS 4.
        await mouth.change("createProxy", **given)
        await mouth.change("updateProxy", id=ident, password=PASSWORD + "2")
        await mouth.change("updateProxy", id=ident, password=PASSWORD * 20)
        await mouth.change("updateProxy", id=ident, protocol="SOCKS4", password=PASSWORD)
        await mouth.change("testProxy", id=ident)


async def lists(mouth: Mouth) -> str:
    """Every form of a line, and lines that are in none; the id of the bulk operation."""
    coded = f"{USER}:{quote(PASSWORD, safe='')}"
    text = "\n".join(
        [
            *(
                f"h1.example:81:{USER}:{MARK}",
                f"{USER}:{MARK}@h2.example:81",
                f"socks5://{coded}@h3.example:81",
            ),
            *(f"https://{coded}@127.0.0.1:9", f"http://{coded}@h4.example", f"h.example:x:a:{MARK}"),
            *(
                f"ftp://{coded}@h5.example:81",
                f"socks4://{coded}@h6.example:81",
                f"h7.example:99999:{USER}:{MARK}",
            ),
            *(
                f"a:{MARK}@",
                f"a:@{MARK}@h8.example:81",
                f"http://a:{MARK}@[::1:81",
                f"h9.example:81:a:{MARK}@x:1",
            ),
            *(
                f"http://a:%zz{MARK}@h.example:1",
                f"h1.example:81:{USER}:{MARK}2",
                f"a:{MARK * 30}@h.example:81",
            ),
        ]
    )
    fields = "lines { text address violations { path message } }"
    for dry_run in (True, False):
        assert (await mouth.change("importProxies", fields, text=text, dryRun=dry_run))["lines"]
    begun = await mouth.change("bulkImportProxies", "operation { id }", text=text.replace("example", "test"))
    ident: str = begun["operation"]["id"]
    return ident


async def what_is_no_request(mouth: Mouth) -> None:
    """Inputs that GraphQL itself, or HTTP, refuses."""
    right: dict[str, Any] = {"name": "x", "protocol": "HTTP", "host": "h", "port": 1, "password": MARK}
    for wrong in (
        {"port": "x"},
        {"password": {"a": MARK}},
        {"password": [MARK]},
        {"pass": MARK},
    ):
        await mouth.change("createProxy", **{**right, **wrong})
    del right["host"]
    await mouth.change("createProxy", **right)
    for inline in (
        f'password: "{MARK}", port: "x"',
        f"password: {MARK}",
        f'passwort: "{MARK}"',
        f'password: "{MARK}',
    ):
        await mouth.say(f"mutation {{ createProxy(input: {{ {inline} }}) {{ __typename }} }}")
    await mouth.post(f'{{"query": "{{ me {{ id }} }}", "variables": {{"password": "{MARK}"'.encode())
    document = f'mutation {{ createProxy(input: {{ password: "{MARK}" }}) {{ __typename }} }}'
    await mouth.get(f"/graphql?query={quote(document)}&variables={quote(json.dumps({'p': MARK}))}")
    await mouth.get(f"/nowhere?password={MARK}")


async def until_all_is_tested(mouth: Mouth, bulk: str) -> None:
    """Every proxy of the sandbox was refused or is dead, and the list is imported."""
    async with asyncio.timeout(60):
        while not (await is_over(mouth, bulk) and await is_tested(mouth)):  # noqa: ASYNC110  It is all in another process.
            await asyncio.sleep(0.05)


async def is_over(mouth: Mouth, bulk: str) -> bool:
    found = (await mouth.say(BULK, id=bulk))["bulkOperation"]
    return found["status"] == "COMPLETED" and len(found["items"]["nodes"]) > 10


async def is_tested(mouth: Mouth) -> bool:
    nodes = (await mouth.say(STATE))["proxies"]["nodes"]
    tested = [node for node in nodes if "127.0.0.1" in node["address"] and node["name"] != "socks4"]
    return len(tested) > 3 and all(node["health"] == "UNHEALTHY" for node in tested)


def cells(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every value of every column of every table."""
    with sqlite3.connect(path) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            cursor = database.execute(f'SELECT * FROM "{table}"')
            columns = [each[0] for each in cursor.description]
            for row in cursor:
                for column, value in zip(columns, row, strict=True):
                    yield f"{table}.{column}", value if isinstance(value, bytes) else str(value).encode()
    database.close()


async def command(api: Api, *arguments: str) -> bytes:
    env = {"HELIOGRAPH_URL": f"{api.client.url}/graphql", "HELIOGRAPH_TOKEN": api.client.token}
    process = await asyncio.create_subprocess_exec(
        HELIOGRAPH, *arguments, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    return out


async def test_a_password_is_found_nowhere_but_sealed(product: Product, box: Sandbox, tmp_path: Path) -> None:
    database, key = tmp_path / "canary.db", tmp_path / "canary.key"
    api = await product.serve(
        database_url=f"sqlite+aiosqlite:///{database}", secret_key_file=key, log_level="debug"
    )
    async with ClientSession() as http:
        mouth = Mouth(api, http)
        await good_and_bad_proxies(mouth, box)
        bulk = await lists(mouth)
        await what_is_no_request(mouth)
        await until_all_is_tested(mouth, bulk)
        for document in LOOKS:
            await mouth.say(document)
        metrics = await mouth.get("/metrics")
        mouth.heard.append(await command(api, "proxy", "list", "--json"))
    assert b"heliograph_http_requests_total" in metrics
    leaks = [answer.decode(errors="replace")[:600] for answer in mouth.heard if found_in(answer)]
    assert not leaks, "\n".join(leaks)
    stored = [*cells(database)]
    assert {where for where, value in stored if found_in(value)} == set()
    assert (
        len([where for where, value in stored if where == "proxies.password_sealed" and b"key:" in value]) > 4
    )
    assert found_in(database.read_bytes() + key.read_bytes()) == []
    await api.process.end()
    assert found_in(api.process.log.encode()) == [], [
        line[:600] for line in api.process.log.splitlines() if found_in(line.encode())
    ]


def test_a_mark_is_found_however_it_is_written() -> None:
    mark = PASSWORD.encode()
    coded = [base64.b64encode(f"{'u' * n}:{PASSWORD}".encode()) for n in range(3)]
    for text in (mark, mark.hex().encode(), quote(PASSWORD).encode(), json.dumps(PASSWORD).encode(), *coded):
        assert found_in(b"before " + text + b" after"), text
    assert found_in(b"nothing") == []
