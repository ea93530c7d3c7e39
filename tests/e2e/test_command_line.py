"""The command line is a client like any other: it follows a campaign through a `kill -9` of its server."""

import asyncio
import csv
import json
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sandbox.sandbox import Sandbox
from sandbox.world import WORLD, rejections
from tests.e2e.campaigns import Pace, make_draft
from tests.e2e.client import Client, Json
from tests.e2e.figures import assert_exact
from tests.e2e.product import HELIOGRAPH, Product
from tests.e2e.subscriber import assert_as_logged
from tests.servers.process import free_port
from vocabulary.checks import CheckStatus
from vocabulary.leads import LeadStatus, Rejection

NAMES = 90
# Some three seconds of lookups, and fetches beside them.
PACE = Pace(dns_rate=30, http_rate=20, dns_batch=15, http_batch=15)
LEASE_SECONDS = 1
SECONDS = 100


class Terminal:
    """Somebody who types commands, at whatever server the client has."""

    def __init__(self, client: Client) -> None:
        self._env = {"HELIOGRAPH_URL": f"{client.url}/graphql", "HELIOGRAPH_TOKEN": client.token}

    @asynccontextmanager
    async def running(self, *arguments: str) -> AsyncIterator[Process]:
        """A command; if it still runs when the block ends, it is killed."""
        process = await asyncio.create_subprocess_exec(
            HELIOGRAPH, *arguments, env=self._env, stdout=PIPE, stderr=PIPE, limit=1 << 20
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    async def run(self, *arguments: str) -> str:
        """What a command prints that must go well."""
        async with self.running(*arguments) as process:
            out, err = await process.communicate()
            assert (process.returncode, err) == (0, b""), (arguments, out, err)
            return out.decode()

    async def json(self, *arguments: str) -> Any:
        """The one document that it prints."""
        return json.loads(await self.run(*arguments, "--json"))


async def frames_until(watching: Process, found: Callable[[Json], bool]) -> list[Json]:
    """The frames that a watcher prints up to one, or all of them."""
    assert watching.stdout is not None
    frames: list[Json] = []
    async for line in watching.stdout:
        frames.append(json.loads(line))
        if found(frames[-1]):
            break
    return frames


def is_in_the_middle(frame: Json) -> bool:
    return frame.get("phase") == "DNS_VALIDATION" and int(frame["counts"]["processed"]) > 0


async def test_watch_through_a_kill_of_the_server_and_export(
    product: Product, box: Sandbox, tell: Callable[[object], None]
) -> None:
    port = str(free_port())
    api = await product.serve("--port", port, lease_seconds=LEASE_SECONDS)
    draft = await make_draft(api.client, box, NAMES, PACE)
    terminal = Terminal(api.client)
    async with asyncio.timeout(SECONDS), terminal.running("campaign", "watch", "End to end") as watching:
        frames = await frames_until(watching, lambda _: True)
        started = await terminal.json("campaign", "start", "End to end")
        assert (started["id"], started["status"]) == (draft.id, "RUNNING")
        frames += await frames_until(watching, is_in_the_middle)
        await api.process.kill()
        api = await product.serve("--port", port, lease_seconds=LEASE_SECONDS)
        frames += await frames_until(watching, lambda _: False)
        assert await watching.wait() == 0
    assert frames[0]["campaign"]["status"] == "DRAFT"
    url = f"sqlite+aiosqlite:///{product.folder}/heliograph.db"
    await assert_as_logged(frames[1:], url, draft.id, frames[0]["cursor"])
    await assert_exact(api.client, draft.id, frames, NAMES)
    tell(f"{len(frames)} frames; {await assert_exported(terminal, product)}")


async def assert_exported(terminal: Terminal, product: Product) -> Json:
    """Both formats have every domain, as the world made it; gives the counts."""
    sites = WORLD.sites[:NAMES]
    truth = WORLD.totals(site.name for site in sites)
    file = product.folder / "export.csv"
    await terminal.run("export", "End to end", "--format", "csv", "--output", str(file))
    with file.open(newline="") as text:
        rows = list(csv.DictReader(text))
    out = await terminal.run("export", "End to end", "--format", "ndjson")
    domains = [json.loads(line) for line in out.splitlines()]
    assert (
        [row["name"] for row in rows] == [each["name"] for each in domains] == [site.name for site in sites]
    )
    counts = {
        "generated": len(rows),
        "resolved": sum(row["dns_status"] == CheckStatus.OK for row in rows),
        "matched": sum(row["matched"] == "true" for row in rows),
        "leads": sum(row["lead_status"] == LeadStatus.MATCH for row in rows),
    }
    assert counts == {
        "generated": NAMES,
        "resolved": truth.resolved,
        "matched": truth.matched,
        "leads": truth.rejections[Rejection.QUALIFIED],
    }
    assert [in_csv(row) for row in rows] == [in_ndjson(domain) for domain in domains]
    assert [row["rejection"] for row in rows] == rejections(sites)
    out = await terminal.run("export", "End to end", "--rejection", "PARKED", "--json")
    parked = [json.loads(line)["name"] for line in out.splitlines()]
    assert parked == [row["name"] for row in rows if row["rejection"] == Rejection.PARKED]
    return counts


def in_csv(row: Json) -> tuple[str, ...]:
    columns = "dns_status", "dns_reason", "http_status", "http_reason", "matched", "score", "is_parked"
    return tuple(row[column] for column in columns)


def in_ndjson(domain: Json) -> tuple[str, ...]:
    """The same as the CSV's."""
    dns, http, score, parked = domain["dns"], domain["http"], domain["score"], domain["parked"]
    cells = dns["status"], dns["reason"], http["status"], http["reason"], str(domain["matched"]).lower()
    scored = ("", "") if score is None else (str(score["score"]), str(parked["isParked"]).lower())
    return (*(cell or "" for cell in cells), *scored)
