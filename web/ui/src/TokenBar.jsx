import { useState } from "react";
import { readToken, writeToken } from "./token.js";
import markUrl from "./mark.svg";

const STATES = {
  idle: "No subscription open",
  connecting: "Connecting…",
  live: "Subscriptions live",
  reconnecting: "Reconnecting…",
};

/** The strip above GraphiQL: the product's name, whether the socket is up, and whose token is sent. */
export function TokenBar({ socket }) {
  const stored = readToken();
  const [draft, setDraft] = useState(stored);
  const [shown, setShown] = useState(false);
  const changed = draft.trim() !== stored;

  // The schema, the socket and every answer on the page belong to one principal, so a new one starts afresh.
  const use = (event) => {
    event.preventDefault();
    writeToken(draft);
    location.reload();
  };

  return (
    <header className="bar">
      <span className="brand">
        <img src={markUrl} alt="" width="22" height="22" />
        Heliograph
      </span>
      <span className={`socket ${socket}`} role="status">
        {STATES[socket]}
      </span>
      <form onSubmit={use}>
        <label htmlFor="token">Token</label>
        <input
          id="token"
          type={shown ? "text" : "password"}
          value={draft}
          onChange={(event) => setDraft(event.target.value)}
          placeholder="Paste a bearer token"
          autoComplete="off"
          spellCheck={false}
        />
        <button type="button" onClick={() => setShown(!shown)} aria-pressed={shown}>
          {shown ? "Hide" : "Show"}
        </button>
        <button type="submit" className="use" disabled={!changed}>
          {draft.trim() || !stored ? "Use" : "Forget"}
        </button>
      </form>
    </header>
  );
}
