/**
 * The bearer token of this tab.
 *
 * It comes in the address's fragment (`#token=…`), which a browser never sends to a server, or is typed. It
 * lives in sessionStorage: other tabs do not see it and it is gone with the tab.
 */
const KEY = "heliograph:token";

/** Moves a token from the address into the tab's storage and strips it from the address. */
export function takeTokenFromAddress() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get("token");
  if (token === null) return false;
  writeToken(token);
  fragment.delete("token");
  const rest = fragment.toString();
  history.replaceState(history.state, "", location.pathname + location.search + (rest ? `#${rest}` : ""));
  return true;
}

export function readToken() {
  return sessionStorage.getItem(KEY) ?? "";
}

export function writeToken(token) {
  const trimmed = token.trim();
  if (trimmed) sessionStorage.setItem(KEY, trimmed);
  else sessionStorage.removeItem(KEY);
}
