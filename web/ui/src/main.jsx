import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "./page.css";

import { GraphiQL } from "graphiql";
import { useMemo, useState } from "react";
import { createRoot } from "react-dom/client";
import { example } from "./example.js";
import { readToken, takeTokenFromAddress } from "./token.js";
import { TokenBar } from "./TokenBar.jsx";
import { createFetcher } from "./transport.js";

function Page() {
  const [socket, setSocket] = useState("idle");
  const fetcher = useMemo(() => createFetcher(readToken, setSocket), []);
  return (
    <>
      <TokenBar socket={socket} />
      <main>
        <GraphiQL fetcher={fetcher} defaultQuery={example}>
          <GraphiQL.Logo>GraphiQL</GraphiQL.Logo>
        </GraphiQL>
      </main>
    </>
  );
}

takeTokenFromAddress();
// A link with a token, opened while the page is already there, changes only the fragment and loads nothing.
addEventListener("hashchange", () => takeTokenFromAddress() && location.reload());
createRoot(document.getElementById("page")).render(<Page />);
