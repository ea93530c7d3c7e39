// What the official clients have in common here: each asks one operation, and follows one subscription over whatever
// becomes of its connections. `follow` begins after a cursor, and hands on every frame's own.
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { createClient as createUrql, fetchExchange } from "@urql/core";
import { EventSource } from "eventsource";
import { createClient as createSse } from "graphql-sse";
import { createClient as createWs } from "graphql-ws";
import { tap } from "rxjs";

const SOON = 50;
const pause = () => new Promise((over) => setTimeout(over, SOON));

const single = (client, query, variables) =>
  new Promise((resolve, reject) => {
    let found;
    const next = (result) => (found = result);
    client.subscribe({ query, variables }, { next, error: reject, complete: () => resolve(found) });
  });

// The clients of both packages send the object of the variables again when they come back, so what is written into it
// is where they go on.
const resuming = (client, query, after, { next, error }) => {
  const variables = { after };
  return client.subscribe({ query, variables }, {
    next: (result) => next((variables.after = result.extensions.cursor)),
    error,
    complete: () => error(new Error("It is complete.")),
  });
};

function graphqlWs({ url, authorization, connected }) {
  const client = createWs({
    url: url.replace("http", "ws"),
    connectionParams: { Authorization: authorization },
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: pause,
    on: { connected },
  });
  return {
    ask: (query, variables) => single(client, query, variables),
    follow: (query, after, sink) => resuming(client, query, after, sink),
    close: () => client.dispose(),
  };
}

function graphqlSse({ url, authorization, connected }, singleConnection) {
  const client = createSse({
    url,
    singleConnection,
    headers: () => ({ Authorization: authorization }),
    retryAttempts: Infinity,
    retry: pause,
    on: { connected },
  });
  return {
    ask: (query, variables) => single(client, query, variables),
    follow: (query, after, sink) => resuming(client, query, after, sink),
    close: () => client.dispose(),
  };
}

function apollo({ url, authorization, connected }) {
  const socket = createWs({
    url: url.replace("http", "ws"),
    connectionParams: { Authorization: authorization },
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: pause,
    on: { connected },
  });
  const resume = new ApolloLink((operation, forward) =>
    forward(operation).pipe(tap(({ extensions }) => (operation.variables.after = extensions.cursor))),
  );
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.split(
      ({ operationType }) => operationType === "subscription",
      resume.concat(new GraphQLWsLink(socket)),
      new HttpLink({ uri: url, headers: { Authorization: authorization } }),
    ),
  });
  return {
    ask: (query, variables) => {
      const document = gql(query);
      return query.startsWith("mutation")
        ? client.mutate({ mutation: document, variables })
        : client.query({ query: document, variables, fetchPolicy: "no-cache" });
    },
    follow: (query, after, { next, error }) => {
      const following = client.subscribe({ query: gql(query), variables: { after }, fetchPolicy: "no-cache" });
      const listener = { next: ({ extensions }) => next(extensions.cursor), error };
      const subscription = following.subscribe(listener);
      return () => subscription.unsubscribe();
    },
    close: () => (client.stop(), socket.dispose()),
  };
}

// urql lists event streams in Accept for every operation, and does not come back by itself.
function urql({ url, authorization, connected }) {
  const client = createUrql({
    url,
    exchanges: [fetchExchange],
    preferGetMethod: false,
    fetchSubscriptions: true,
    fetchOptions: { headers: { Authorization: authorization } },
  });
  return {
    ask: (query, variables = {}) =>
      (query.startsWith("mutation") ? client.mutation : client.query)(query, variables).toPromise(),
    follow: (query, after, { next }) => {
      let left = false;
      let subscription;
      const subscribe = () => {
        connected();
        subscription = client.subscription(query, { after }).subscribe(({ extensions, hasNext, error }) => {
          // Its last result is told again with the end of its response.
          if (extensions?.cursor && extensions.cursor !== after) next((after = extensions.cursor));
          if ((error || !hasNext) && !left) pause().then(subscribe);
        });
      };
      subscribe();
      return () => ((left = true), subscription.unsubscribe());
    },
    close: () => {},
  };
}

// A bare EventSource knows no operation but its address, and resumes by what it heard last. It can change nothing.
function eventSource({ url, authorization, connected }) {
  const headers = { Authorization: authorization };
  const open = (query, variables) => {
    const address = new URL(url);
    address.searchParams.set("query", query);
    if (variables) address.searchParams.set("variables", JSON.stringify(variables));
    return new EventSource(address, {
      fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...headers } }),
    });
  };
  const asked = (query, variables) =>
    new Promise((resolve, reject) => {
      const source = open(query, variables);
      let found;
      source.addEventListener("next", ({ data }) => (found = JSON.parse(data)));
      source.addEventListener("complete", () => (source.close(), resolve(found)));
      source.addEventListener("error", (error) => source.readyState === source.CLOSED && reject(error));
    });
  const sent = async (query, variables) => {
    const body = JSON.stringify({ query, variables });
    const type = { "Content-Type": "application/json" };
    return (await fetch(url, { method: "POST", headers: { ...headers, ...type }, body })).json();
  };
  return {
    ask: (query, variables) => (query.startsWith("mutation") ? sent : asked)(query, variables),
    follow: (query, after, { next, error }) => {
      const source = open(query, { after });
      source.addEventListener("open", connected);
      source.addEventListener("next", ({ lastEventId }) => next(lastEventId));
      source.addEventListener("error", (why) => source.readyState === source.CLOSED && error(why));
      return () => source.close();
    },
    close: () => {},
  };
}

export const CLIENTS = {
  "graphql-ws": graphqlWs,
  "graphql-sse": (server) => graphqlSse(server, false),
  "graphql-sse, single connection": (server) => graphqlSse(server, true),
  "Apollo Client": apollo,
  urql,
  EventSource: eventSource,
};
