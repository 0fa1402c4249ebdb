/** By what a waiting thing is answered. Pure. */
import type { Question, Waiting } from "../../api";

export type Field = "" | "decision" | "reason" | "note";
/** One way to answer: an action with its arguments; `field` is the argument that takes the person's words, "" for none. */
export interface Way {
  word: "decide" | "attest" | "accept" | "reopen" | "resume" | "waive";
  action: string;
  args: Record<string, unknown>;
  field: Field;
  kind: "primary" | "plain" | "danger";
}

export function waysOf(row: Pick<Waiting, "kind" | "key" | "action" | "arguments">): Way[] {
  const args = row.arguments;
  if (!row.action) return [];
  const one = (word: Way["word"], field: Field): Way => ({ word, action: row.action, args, field, kind: "primary" });
  if (row.kind === "escalation") return [one("decide", "decision")];
  if (row.kind === "attestation") return [one("attest", "note")];
  if (row.kind === "weakening") return [one("accept", "note")];
  const waive: Way = {
    word: "waive",
    action: row.action.replace(/_(reopen|resume)_/, "_waive_"),
    args: "itemId" in args ? { item_id: args.itemId } : args, // resume_item alone spells it so
    field: "reason",
    kind: "danger",
  };
  return [row.kind === "failed" ? one("reopen", "reason") : one("resume", ""), waive];
}

export const fieldOf = (ways: readonly Way[]): Field => ways.find(({ field }) => field)?.field ?? "";

/** An answer to each question: the chosen labels and own words; undefined while one has none. */
export function answersOf(asked: Question, chosen: readonly string[][], own: readonly string[]): string[][] | undefined {
  const all = asked.questions.map((query, at) => {
    const words = own[at]?.trim() ?? "";
    const labels = chosen[at] ?? [];
    return words ? (query.multiple ? [...labels, words] : [words]) : labels;
  });
  return all.every((words) => words.length) ? all : undefined;
}

/** What waits longest for the quickest answer comes first: an agent stands still at a question, not at a failed item. */
export const ORDER = ["permission", "question", "escalation", "attestation", "weakening", "conflict", "failed", "suspended", "finding"] as const;
export type Kind = (typeof ORDER)[number];

export const byOrder = <T extends { kind: Kind; since: string }>(rows: readonly T[]): T[] =>
  [...rows].sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || a.since.localeCompare(b.since));
