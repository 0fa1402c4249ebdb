// Before the first paint, so that a dark page never flashes light. The switch itself is src/preferences.svelte.ts.
try {
  const theme = localStorage.getItem("echelon.theme");
  if (theme === '"light"' || theme === '"dark"') document.documentElement.dataset.theme = JSON.parse(theme);
} catch {
  // no storage: the system's theme it is
}
