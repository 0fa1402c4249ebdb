/** How each state looks: a colour, and a shape for whoever does not see the colour. */
import { t, type Key } from "../i18n/index.svelte";

export type Tone = "neutral" | "accent" | "ok" | "warn" | "bad" | "info";

const STATES: Record<string, { tone: Tone; shape: string }> = {
  ready: { tone: "accent", shape: "▷" },
  waiting: { tone: "neutral", shape: "○" },
  pending: { tone: "neutral", shape: "○" },
  active: { tone: "info", shape: "◐" },
  running: { tone: "info", shape: "◐" },
  delivered: { tone: "ok", shape: "✓" },
  failed: { tone: "bad", shape: "✕" },
  suspended: { tone: "warn", shape: "‖" },
  waived: { tone: "warn", shape: "↷" },
  blocked: { tone: "warn", shape: "⊘" },
  working: { tone: "info", shape: "◐" },
  conflict: { tone: "bad", shape: "⤫" },
  merging: { tone: "ok", shape: "⇣" },
  parked: { tone: "warn", shape: "‖" },
  orphan: { tone: "warn", shape: "?" },
  proved: { tone: "ok", shape: "◆" },
  guarded: { tone: "ok", shape: "◇" },
  attested: { tone: "info", shape: "✎" },
  none: { tone: "neutral", shape: "·" },
};

export const TONES: Record<Tone, string> = {
  neutral: "bg-sunken text-muted",
  accent: "bg-accent-soft text-accent",
  ok: "bg-ok-soft text-ok",
  warn: "bg-warn-soft text-warn",
  bad: "bg-bad-soft text-bad",
  info: "bg-info-soft text-info",
};

export const look = (state: string): { tone: Tone; shape: string } => STATES[state] ?? { tone: "neutral", shape: "○" };
/** The word for a state, where the page has one; else the state as the service said it. */
export const word = (state: string): Key | undefined => (state in STATES ? (`state.${state}` as Key) : undefined);

export const spoken = (state: string): string => {
  const key = word(state);
  return key ? t(key) : state;
};

/** What a loop is at: its word, and how it looks. One that waits goes on by itself once a person has decided. */
const LOOPS: Record<string, Tone> = { running: "info", waiting: "accent", paused: "warn", done: "ok" };
export const loopLook = (state: string): { tone: Tone; word?: Key } =>
  state in LOOPS ? { tone: LOOPS[state]!, word: `loop.${state}` as Key } : { tone: "neutral" };
export const goesOn = (state: string | undefined): boolean => state === "running" || state === "waiting";

/** Who did something: a person has a word in the language of the page, an agent its name. */
export const actor = (name: string): string => (name === "person" ? t("actor.person") : name);

const LEVELS = ["enterprise", "program", "project", "mission"];
export const levelWord = (level: string): Key | undefined => (LEVELS.includes(level) ? (`level.${level}` as Key) : undefined);

/** What is said of an item in a list: of those that are pending, whether it could start; of a failed one, that it was waived. */
export function stateOf(row: { state: string; waived?: boolean; eligible?: boolean }): string {
  if (row.state === "pending") return row.eligible ? "ready" : "waiting";
  return row.state === "failed" && row.waived ? "waived" : row.state;
}
