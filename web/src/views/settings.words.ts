import { words } from "../i18n/index.svelte";

export const t = words({
  en: { page: "This page", "language.hint": "Of this page. What agents write stays in their language." },
  fr: { page: "Cette page", "language.hint": "Celle de cette page. Ce que les agents écrivent reste dans leur langue." },
});
