/**
 * How an operation travels: queries and mutations by fetch, subscriptions by graphql-transport-ws.
 *
 * Both carry the same authorization. One typed into GraphiQL's own header editor wins over the tab's token. A
 * socket proves who it is once, when it opens, so another authorization needs another socket.
 */
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { createClient } from "graphql-ws";

const url = new URL("/graphql", location.href);
const socketUrl = new URL(url);
socketUrl.protocol = url.protocol === "https:" ? "wss:" : "ws:";

function openTransport(authorization, onState) {
  const client = createClient({
    url: socketUrl.href,
    connectionParams: authorization ? { Authorization: authorization } : {},
    // A server that restarts is waited for; the codes that mean "never" still end it at once.
    retryAttempts: Infinity,
    on: {
      connecting: (isRetry) => onState(isRetry ? "reconnecting" : "connecting"),
      connected: () => onState("live"),
      closed: () => onState("idle"),
    },
    // Asked only after a closing that another try may mend, and while a subscription waits for it.
    shouldRetry: (problem) => {
      const closed = typeof problem === "object" && problem !== null && "code" in problem && "reason" in problem;
      if (closed) onState("reconnecting");
      return closed;
    },
  });
  const fetcher = createGraphiQLFetcher({
    url: url.href,
    fetch: fetchJson,
    enableIncrementalDelivery: false,
    headers: authorization ? { Authorization: authorization } : {},
    wsClient: client,
  });
  return { authorization, client, fetcher };
}

/** Returns GraphiQL's fetcher; `onState` hears idle, connecting, live and reconnecting of the socket. */
export function createFetcher(readToken, onState) {
  let transport;
  return (operation, options = {}) => {
    const { Authorization: typed, headers } = splitAuthorization(options.headers);
    const token = readToken();
    const authorization = typed ?? (token ? `Bearer ${token}` : "");
    if (transport?.authorization !== authorization) {
      transport?.client.dispose();
      transport = openTransport(authorization, onState);
    }
    return transport.fetcher(operation, { ...options, headers });
  };
}

/** What stands before a server, a proxy say, answers in plain text or HTML: shows that instead of a parser's error. */
async function fetchJson(input, init) {
  const answer = await fetch(input, init);
  if (/\bjson\b/.test(answer.headers.get("Content-Type") ?? "")) return answer;
  const text = (await answer.text()).slice(0, 500);
  throw new Error(`${answer.status} ${answer.statusText}: ${text}`);
}

/** Header names know no case: finds Authorization however it was typed. */
function splitAuthorization(headers = {}) {
  const rest = { ...headers };
  let typed;
  for (const name of Object.keys(rest)) {
    if (name.toLowerCase() !== "authorization") continue;
    typed = String(rest[name]);
    delete rest[name];
  }
  return { Authorization: typed, headers: rest };
}
