// The official graphql-ws client: follows one subscription and prints each event as a line of JSON.
//
// Arguments: the folder with the client in its node_modules, then a JSON object with `url`, `token`, `query`,
// `variables` and `last`: the event whose member `current` has this value is the last one that is wanted.
import { createRequire } from "node:module";
import { join } from "node:path";

const [folder, task] = process.argv.slice(2);
const { createClient } = createRequire(join(folder, "package.json"))("graphql-ws");
const { url, token, query, variables, last } = JSON.parse(task);

const client = createClient({ url, connectionParams: { Authorization: `Bearer ${token}` }, retryAttempts: 0 });
for await (const result of client.iterate({ query, variables })) {
  if (result.errors) throw new Error(JSON.stringify(result.errors));
  const [event] = Object.values(result.data);
  process.stdout.write(JSON.stringify(event) + "\n");
  if (event.current === last) break;
}
await client.dispose();
