// Many clients in one process, each written as docs/streams.md shows it: `follow` for WebSockets, `listen` for
// server-sent events. They are imported from the folder of the run, into which the blocks of the page were copied.
//
// Argument: that folder. Its tasks.json says who follows what, records/N.ndjson gets a line for each frame of the
// N-th task, and each line of stdin is a command that is answered by a line of stdout. Nothing here helps a client
// that lost its way: what its subscription throws is told as given up.
import { openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import WebSocket from "ws";

const FLUSH_MILLISECONDS = 250;
const LAST = new Set(["CampaignDeleted", "BulkOperationFinished"]);

const [folder] = process.argv.slice(2);
const { follow } = await import(join(folder, "follow.mjs"));
const { listen } = await import(join(folder, "listen.mjs"));

const now = () => (performance.timeOrigin + performance.now()) / 1000;

class Subscriber {
  constructor(task, number) {
    this.name = task.name;
    this.quoted = JSON.stringify(task.name);
    this.file = openSync(join(folder, "records", `${number}.ndjson`), "a");
    this.lines = [];
    this.connections = 0;
    this.cursor = null;
    this.type = null;
    this.gaveUp = null;
    this.woken = null;
    this.sockets = new Set();
    this.number = number;
  }

  // What any of the two clients hands over.
  sink = {
    next: (result) => this.take(result),
    error: (reason) => (this.gaveUp ??= told(reason)),
    complete: () => {
      if (!LAST.has(this.type)) this.gaveUp ??= "The subscription is complete, and its stream has no end.";
    },
  };

  take({ data, errors, extensions }) {
    if (errors) this.gaveUp ??= `A frame has errors: ${JSON.stringify(errors)}`;
    const cursor = extensions?.cursor;
    if (cursor === undefined) return void (this.gaveUp ??= "A frame has no cursor.");
    let event = null;
    for (const field in data) event = data[field];
    const reset = event?.__typename === "StreamReset" ? `"${event.reason ?? "UNTOLD"}"` : "null";
    this.type = event?.activity?.kind ?? event?.__typename ?? "Untold";
    this.cursor = cursor;
    this.lines.push(
      `[${this.quoted},${this.connections},"${cursor}","${this.type}",${reset},${event?.skipped ?? 0},${now().toFixed(4)}]\n`,
    );
  }

  ws({ url, token, query, variables }) {
    const subscriber = this;
    // Unlike a browser's, `ws` hands on messages after `close`, and wants its errors heard: what the client
    // terminates is cut at once.
    class Socket extends WebSocket {
      constructor(...given) {
        super(...given);
        subscriber.connections++;
        subscriber.sockets.add(this);
        this.on("error", () => {});
        this.on("open", () => subscriber.woken && this.pause());
        this.on("close", () => subscriber.sockets.delete(this));
      }

      close(code, reason) {
        if (code === 4499) this.terminate();
        else super.close(code, reason);
      }
    }
    return follow({ url, token, query, variables, webSocketImpl: Socket }, this.sink);
  }

  sse({ url, token, query, variables }) {
    // The part behind # stays here, and tells `fetch` for whom it is.
    return listen({ url: `${url}#${this.number}`, token, query, variables }, this.sink);
  }

  // A stream that is read only while the subscriber is not frozen.
  gated(body) {
    const reader = body.getReader();
    return new ReadableStream(
      {
        pull: async (controller) => {
          const { done, value } = await reader.read();
          if (this.woken) await this.woken.promise;
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    );
  }

  freeze(seconds) {
    if (this.woken) clearTimeout(this.woken.timer);
    else this.woken = Promise.withResolvers();
    this.woken.timer = setTimeout(() => this.wake(), seconds * 1000);
    for (const socket of this.sockets) socket.pause();
  }

  wake() {
    this.woken.resolve();
    this.woken = null;
    for (const socket of this.sockets) socket.resume();
  }

  flush() {
    if (this.lines.length === 0) return;
    const bytes = Buffer.from(this.lines.join(""));
    this.lines = [];
    for (let written = 0; written < bytes.length; ) written += writeSync(this.file, bytes, written);
  }
}

function told(reason) {
  if (Array.isArray(reason)) return JSON.stringify(reason);
  if (reason?.code !== undefined) return `${reason.code} ${reason.reason ?? reason.message ?? ""}`;
  return String(reason?.message ?? reason);
}

const fetchAny = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const subscriber = subscribers[Number(new URL(input).hash.slice(1))];
  subscriber.connections++;
  const { body, headers, redirected, status, url } = await fetchAny(input, init);
  return { body: body && subscriber.gated(body), headers, redirected, status, url };
};

const tasks = JSON.parse(readFileSync(join(folder, "tasks.json"), "utf8"));
const subscribers = tasks.map((task, number) => new Subscriber(task, number));
tasks.forEach((task, number) => subscribers[number][task.kind](task));
const byName = new Map(subscribers.map((each) => [each.name, each]));

const flush = () => subscribers.forEach((each) => each.flush());
setInterval(flush, FLUSH_MILLISECONDS);

const commands = {
  positions() {
    flush();
    const known = (key) => subscribers.map((each) => each[key]);
    return { cursors: known("cursor"), connections: known("connections"), gaveUp: known("gaveUp") };
  },
  freeze({ names, seconds }) {
    for (const name of names) byName.get(name).freeze(seconds);
    return {};
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...given } = JSON.parse(line);
  process.stdout.write(JSON.stringify(commands[command](given)) + "\n");
}
// Whoever started this has closed stdin, or is gone.
flush();
process.exit(0);
