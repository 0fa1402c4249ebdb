/** One clock for all relative times: ticks twice a minute, while the page is in sight. */
const TICK_MS = 30_000;
export const clock = $state({ now: Date.now() });

if (typeof document !== "undefined") {
  const tick = () => {
    if (!document.hidden) clock.now = Date.now();
  };
  setInterval(tick, TICK_MS);
  document.addEventListener("visibilitychange", tick);
}
