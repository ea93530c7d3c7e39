"""What the table of close codes says of the official client is asked of the official client."""

import asyncio
import json

from bench.fleet.fleet import NODE
from bench.fleet.recipe import PACKAGES
from live import close_codes

SECONDS = 30
# A server that closes each socket with the code in its path, and a client that comes back once, or gives up.
PROGRAM = """
import { createClient } from "graphql-ws";
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: ([first]) => first });
server.on("connection", (socket, { url }) => socket.close(Number(url.slice(1))));
await new Promise((listening) => server.on("listening", listening));

const comesBack = (code) => new Promise((known) => {
  let connections = 0;
  const client = createClient({
    url: `ws://127.0.0.1:${server.address().port}/${code}`,
    retryAttempts: Infinity,
    retryWait: async () => {},
    shouldRetry: () => true,
    on: { opened: () => ++connections === 2 && known(true) },
  });
  const query = "subscription { activity { __typename } }";
  client.subscribe({ query }, { next() {}, error: () => known(false), complete() {} });
});
const codes = process.argv.slice(1).map(Number);
const found = await Promise.all(codes.map(async (code) => [code, await comesBack(code)]));
console.log(JSON.stringify(Object.fromEntries(found)));
process.exit();
"""


async def test_the_official_client_comes_back_where_the_table_says_so() -> None:
    codes = [str(row.code) for row in close_codes.TABLE]
    process = await asyncio.create_subprocess_exec(
        NODE,
        "--input-type=module",
        "--eval",
        PROGRAM,
        *codes,
        cwd=PACKAGES.parent,
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(SECONDS):
        told, _ = await process.communicate()
    assert json.loads(told) == {str(row.code): row.retried for row in close_codes.TABLE}
