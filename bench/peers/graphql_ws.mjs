// The reference server of graphql-transport-ws on `ws`, with graphql-js; its channel is a list of those who wait.
import { createServer } from 'node:http';
import { buildSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { SDL, obey, progress } from './told.mjs';

const queues = new Set();

class Queue {
  #waiting = [];
  #taker = null;

  constructor() {
    queues.add(this);
  }

  push(value) {
    if (this.#taker === null) this.#waiting.push(value);
    else this.#take({ value, done: false });
  }

  next() {
    if (this.#waiting.length) return Promise.resolve({ value: this.#waiting.shift(), done: false });
    return new Promise((resolve) => (this.#taker = resolve));
  }

  return() {
    queues.delete(this);
    if (this.#taker !== null) this.#take({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  }

  #take(result) {
    const taker = this.#taker;
    this.#taker = null;
    taker(result);
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

const roots = { subscription: { campaignEvents: () => new Queue() } };

const http = createServer();
useServer({ schema: buildSchema(SDL), roots }, new WebSocketServer({ server: http, path: '/graphql' }));
http.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () =>
  obey(http.address().port, (number) => {
    const event = { campaignEvents: progress(number) };
    for (const queue of queues) queue.push(event);
  }),
);
