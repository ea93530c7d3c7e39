// The query path of other servers: `node query_path.mjs KIND ROWS`, KIND being mercurius, mercurius-jit or yoga.
// Each answers the same list from memory, as its documents show, and prints the port that it was given.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [kind, rows] = process.argv.slice(2);
const campaigns = JSON.parse(readFileSync(rows, 'utf8'));
const typeDefs = `
  type Campaign {
    id: ID!
    name: String!
    status: String!
    mode: String!
    version: Int!
    controlPhase: String
    percent: Float!
    createdAt: String!
    updatedAt: String!
    startedAt: String
  }
  type Page { nodes: [Campaign!]! }
  type Query { campaigns(first: Int!): Page! }
`;
const resolvers = { Query: { campaigns: (_root, { first }) => ({ nodes: campaigns.slice(0, first) }) } };

async function mercurius(jit) {
  const { default: Fastify } = await import('fastify');
  const { default: plugin } = await import('mercurius');
  const app = Fastify();
  app.register(plugin, { schema: typeDefs, resolvers, jit });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return app.server.address().port;
}

async function yoga() {
  const { createSchema, createYoga } = await import('graphql-yoga');
  const server = createServer(createYoga({ schema: createSchema({ typeDefs, resolvers }), logging: false }));
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return server.address().port;
}

const start = { mercurius: () => mercurius(0), 'mercurius-jit': () => mercurius(1), yoga }[kind];
console.log(`port ${await start()}`);
