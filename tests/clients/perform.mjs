// Each official client asks a query, follows a subscription after the cursor that it got, makes a change, is cut off
// and comes back by itself, and makes another. What each received is printed as one value.
//
// Argument: a JSON object with `url` and `token`. When all are where they can be cut off, a line is printed; a line that
// comes then has the cursor of what happened while nobody was connected.
import { once } from "node:events";
import { createInterface } from "node:readline";
import { CLIENTS } from "./clients.mjs";

const QUERY = "query { cursor }";
const CREATE = `mutation ($name: String!) {
  createKeywordSet(input: { name: $name, rules: [{ pattern: "wind" }] }) {
    __typename ... on CreateKeywordSetPayload { cursor }
  }
}`;
const FOLLOW = "subscription ($after: Cursor) { activity(after: $after) { __typename } }";
const { url, token } = JSON.parse(process.argv[2]);

// Frames come in the order of the log, so to wait for one is to have all before it.
class Heard {
  cursors = [];
  waiting = new Map();

  constructor() {
    this.failed = new Promise((_, reject) => (this.error = reject));
  }

  next = (cursor) => {
    this.cursors.push(cursor);
    this.waiting.get(cursor)?.();
  };

  until(cursor) {
    if (this.cursors.includes(cursor)) return;
    return Promise.race([this.failed, new Promise((resolve) => this.waiting.set(cursor, resolve))]);
  }
}

async function perform(name, connect) {
  let connections = 0;
  const client = connect({ url, authorization: `Bearer ${token}`, connected: () => connections++ });
  const create = async (number) =>
    (await client.ask(CREATE, { name: `${name} ${number}` })).data.createKeywordSet.cursor;
  const heard = new Heard();
  const begun = (await client.ask(QUERY)).data.cursor;
  const leave = client.follow(FOLLOW, begun, heard);
  await heard.until(await create(1));
  const before = connections;
  arrive();
  await heard.until(await missed);
  const last = await create(2);
  await heard.until(last);
  leave();
  client.close();
  return { begun, last, cursors: heard.cursors, cameBack: connections > before };
}

const names = Object.keys(CLIENTS);
let expected = names.length;
const arrive = () => --expected === 0 && process.stdout.write("cut\n");
const missed = once(createInterface({ input: process.stdin }), "line").then(([cursor]) => cursor);
const found = await Promise.all(
  names.map(async (name) => {
    try {
      return [name, await perform(name, CLIENTS[name])];
    } catch (error) {
      arrive();
      return [name, { error: String(error?.stack ?? error) }];
    }
  }),
);
process.stdout.write(JSON.stringify(Object.fromEntries(found)) + "\n");
process.exit(0);
