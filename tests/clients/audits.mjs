// All audits of the npm package graphql-http on one server; prints an array of {id, name, status, reason}.
//
// Argument: a JSON object with the server's `url` and a `token`.
import { serverAudits } from "graphql-http";

const { url, token } = JSON.parse(process.argv[2]);
const fetchFn = (input, init = {}) =>
  fetch(input, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });
const results = await Promise.all(
  serverAudits({ url, fetchFn }).map(async ({ id, name, fn }) => {
    const { status, reason = "" } = await fn();
    return { id, name, status, reason };
  }),
);
console.log(JSON.stringify(results));
