/**
 * What the person likes. Kept by the service, because the console's port, and with it the browser's storage, may change
 * from start to start; and beside it in localStorage, for the first paint after a reload.
 */
import { read, send } from "./api";
import { preferred, speak, type Language } from "./i18n/index.svelte";

const PREFIX = "echelon.";

function stored(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + key) ?? "null");
  } catch {
    return null;
  }
}

class Preference<T> {
  #value: T;
  #set = false;
  #first: T;

  constructor(
    readonly key: string,
    first: T,
    private readonly allowed: (value: unknown) => value is T,
    private readonly apply: (value: T) => void = () => undefined,
  ) {
    const local = stored(key);
    this.#first = first;
    this.#value = $state.raw(allowed(local) ? local : first);
    apply(this.#value);
  }

  get value(): T {
    return this.#value;
  }
  set value(next: T) {
    this.#set = true;
    this.#take(next);
    void send("PUT", "/api/preferences/{key}", { key: this.key }, { value: next });
  }
  /** Take what the service kept, unless the person chose meanwhile. */
  keep(value: unknown): void {
    if (!this.#set && this.allowed(value)) this.#take(value);
  }
  #take(value: T): void {
    this.#value = value;
    try {
      if (value === this.#first) localStorage.removeItem(PREFIX + this.key);
      else localStorage.setItem(PREFIX + this.key, JSON.stringify(value));
    } catch {
      // no storage: the service keeps it
    }
    this.apply(value);
  }
}

export type Theme = "system" | "light" | "dark";
const oneOf =
  <T extends string>(...values: T[]) =>
  (value: unknown): value is T =>
    (values as unknown[]).includes(value);

export const theme = new Preference<Theme>("theme", "system", oneOf("system", "light", "dark"), (value) => {
  if (value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = value;
});
export const tongue = new Preference<Language | "system">("language", "system", oneOf("system", "en", "fr"), (value) =>
  speak(value === "system" ? preferred(navigator.languages) : value),
);
/** Diffs side by side or unified, everywhere. */
export const diffShape = new Preference<"split" | "unified">("diff", "split", oneOf("split", "unified"));
/** Notifications of the browser; asked of it by a click only (notices.svelte.ts). */
export const notify = new Preference<boolean>("notify", false, (value): value is boolean => typeof value === "boolean");

export async function loadPreferences(): Promise<void> {
  const answer = await read("/api/preferences", {});
  if (!answer.ok) return;
  for (const preference of [theme, tongue, diffShape, notify]) preference.keep(answer.value.values[preference.key]);
}
