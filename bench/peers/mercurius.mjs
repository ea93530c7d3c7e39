// Mercurius on Fastify, with its own channel in memory, as its documents show it.
import Fastify from 'fastify';
import mercurius from 'mercurius';
import { SDL, obey, progress } from './told.mjs';

const TOPIC = 'PROGRESS';
const app = Fastify();
app.register(mercurius, {
  schema: SDL,
  resolvers: { Subscription: { campaignEvents: { subscribe: (_root, _args, { pubsub }) => pubsub.subscribe(TOPIC) } } },
  subscription: true,
});
await app.listen({ port: 0, host: '127.0.0.1', backlog: 1024 });
obey(app.server.address().port, (number) =>
  app.graphql.pubsub.publish({ topic: TOPIC, payload: { campaignEvents: progress(number) } }),
);
