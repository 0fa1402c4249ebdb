// Before anything else is loaded: the theme, so that a dark page never flashes light, and the way to the service, so that
// the session is there when the page is. The rest is in src/preferences.svelte.ts, src/connection.svelte.ts and src/link.ts.
try {
  const theme = localStorage.getItem("echelon.theme");
  if (theme === '"light"' || theme === '"dark"') document.documentElement.dataset.theme = JSON.parse(theme);
} catch {
  // no storage: the system's theme it is
}
{
  const secret = new URLSearchParams(location.hash.slice(1)).get("k") ?? undefined;
  if (location.hash) history.replaceState(history.state, "", location.pathname + location.search);
  const body = JSON.stringify({ secret });
  const headers = { "Content-Type": "application/json" };
  const entered = secret
    ? fetch("/api/session", { method: "POST", headers, body }).then((answer) => (answer.ok ? answer.json() : null), () => null)
    : Promise.resolve(null);
  const worker = typeof SharedWorker === "undefined" ? undefined : new SharedWorker("/worker.js", { type: "module", name: "echelon" });
  globalThis.echelon = { worker, secret, entered };
  void entered.then((found) => {
    let ticket;
    try {
      ticket = sessionStorage.getItem("echelon.ticket") ?? undefined;
    } catch {
      // no storage: a reload asks for a new address, that is all
    }
    worker?.port.postMessage(found ? { type: "hello", entered: found } : { type: "hello", secret, ticket });
  });
}
