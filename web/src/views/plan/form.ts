/**
 * The answers to a plan, and the form of `plan_project` they make, line by line: so a gap, which comes with its line,
 * finds the field it is about. Headings and labels are those of docs/PLANNING.md. Pure.
 */
import type { Language } from "../../i18n/index.svelte";

export type Kind = "check" | "guard" | "attest";
export interface Promised {
  words: string;
  kind: Kind;
  command: string;
}
export interface Planned {
  id: string;
  title: string;
  priority: string;
  size: string;
  depends: string;
  description: string;
  criteria: Promised[];
}
export type Listed = "in_scope" | "out_of_scope" | "constraints" | "risks";
export interface Draft extends Record<Listed, string> {
  name: string;
  objective: string;
  done: Promised[];
  items: Planned[];
  target: string;
}

export const promised = (kind: Kind = "check"): Promised => ({ words: "", kind, command: "" });
export const planned = (items: readonly Planned[]): Planned => ({
  id: `B${String(Math.max(0, ...items.map(({ id }) => Number(/^B(\d+)$/.exec(id)?.[1] ?? 0))) + 1).padStart(3, "0")}`,
  title: "",
  priority: "P2",
  size: "M",
  depends: "",
  description: "",
  criteria: [promised()],
});
export const blank = (target = "", name = ""): Draft => ({
  name, objective: "", in_scope: "", out_of_scope: "", constraints: "", risks: "", done: [], items: [planned([])], target,
}); // prettier-ignore

const TEXTS: (keyof Draft)[] = ["name", "objective", "in_scope", "out_of_scope", "constraints", "risks", "target"];
const isPromised = (value: unknown): value is Promised => {
  const one = value as Partial<Promised> | null;
  return typeof one?.words === "string" && typeof one.command === "string" && ["check", "guard", "attest"].includes(one.kind ?? "");
};
const isPlanned = (value: unknown): value is Planned => {
  const one = value as Partial<Record<keyof Planned, unknown>> | null;
  const texts = ["id", "title", "priority", "size", "depends", "description"] as const;
  return Boolean(one) && texts.every((key) => typeof one?.[key] === "string") && Array.isArray(one?.criteria) && one.criteria.every(isPromised);
};
/** Whether what was kept is a draft, and not what another version of the page left. */
export function isDraft(value: unknown): value is Draft {
  const one = value as Partial<Record<keyof Draft, unknown>> | null;
  if (typeof one !== "object" || one === null || !TEXTS.every((key) => typeof one[key] === "string")) return false;
  return Array.isArray(one.done) && one.done.every(isPromised) && Array.isArray(one.items) && one.items.every(isPlanned);
}

const LABELS = {
  en: {
    title: "Plan", objective: "Objective", scope: "Scope", in_scope: "In", out_of_scope: "Out", constraints: "Constraints", risks: "Risks",
    done: "Definition of done", breakdown: "Breakdown", priority: "Priority:", size: "Size:", depends: "Depends on:", description: "Description:",
    criteria: "Acceptance criteria:", check: "check:", guard: "guard:", attest: "attest",
  },
  fr: {
    title: "Plan", objective: "Objectif", scope: "Périmètre", in_scope: "Inclus", out_of_scope: "Exclus", constraints: "Contraintes", risks: "Risques",
    done: "Définition de fait", breakdown: "Découpage", priority: "Priorité :", size: "Taille :", depends: "Dépend de :", description: "Description :",
    criteria: "Critères d'acceptation :", check: "preuve :", guard: "garde :", attest: "attestation",
  },
} as const; // prettier-ignore

/** `fields[line - 1]`: the field a line is of, as "objective" or "items.0.criteria.2". */
export interface Written {
  text: string;
  fields: string[];
}

const one = (text: string) => text.replace(/\s+/g, " ").trim();
const rows = (text: string) => text.split("\n").map((row) => one(row.replace(/^\s*[-*•]\s+/, ""))).filter(Boolean); // prettier-ignore

export function promise({ words, kind, command }: Promised, language: Language): string {
  const said = LABELS[language];
  if (kind === "attest") return `${one(words)} — ${said.attest}`;
  const longest = Math.max(0, ...[...command.matchAll(/`+/g)].map(([run]) => run.length));
  const ticks = "`".repeat(longest + 1);
  const pad = command.startsWith("`") || command.endsWith("`") ? " " : "";
  return `${one(words)} — ${said[kind]} ${ticks}${pad}${command.trim()}${pad}${ticks}`;
}

export function written(draft: Draft, language: Language): Written {
  const said = LABELS[language];
  const lines: string[] = [];
  const fields: string[] = [];
  const put = (field: string, ...more: string[]) => {
    for (const line of more) {
      lines.push(line);
      fields.push(field);
    }
  };
  const list = (field: Listed, level: string) => {
    put(field, `${level} ${said[field]}`, ...rows(draft[field]).map((row) => `- ${row}`), "");
  };
  put("name", `# ${said.title} — ${one(draft.name)}`, "");
  put("objective", `## ${said.objective}`, ...draft.objective.split("\n").map((row) => row.trim()).filter(Boolean), ""); // prettier-ignore
  put("in_scope", `## ${said.scope}`);
  list("in_scope", "###");
  list("out_of_scope", "###");
  if (rows(draft.constraints).length) list("constraints", "##");
  if (rows(draft.risks).length) list("risks", "##");
  if (draft.done.length) {
    put("done", `## ${said.done}`);
    draft.done.forEach((row, at) => put(`done.${at}`, `- ${promise(row, language)}`));
    put("done", "");
  }
  put("breakdown", `## ${said.breakdown}`);
  draft.items.forEach((item, at) => {
    const field = (name: string) => `items.${at}.${name}`;
    put(field("title"), `### ${one(item.id)} — ${one(item.title)}`);
    put(field("priority"), `- ${said.priority} ${item.priority}`);
    put(field("size"), `- ${said.size} ${item.size}`);
    put(field("depends"), `- ${said.depends} ${one(item.depends) || "—"}`);
    if (one(item.description)) put(field("description"), `- ${said.description} ${one(item.description)}`);
    put(field("criteria"), `- ${said.criteria}`);
    item.criteria.forEach((row, number) => put(field(`criteria.${number}`), `  - [ ] ${promise(row, language)}`));
    put(field("criteria"), "");
  });
  return { text: `${lines.join("\n").trimEnd()}\n`, fields };
}

/** Gaps by the field they are about; a line that is none of ours belongs to the breakdown, which ends the form. */
export function placed(gaps: readonly { line: number; message: string }[], { fields }: Written): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { line, message } of gaps) {
    const field = fields[line - 1] ?? "breakdown";
    found.set(field, [...(found.get(field) ?? []), message]);
  }
  return found;
}

/** The page of the form a field is on. */
export const STEPS = ["what", "scope", "limits", "breakdown", "review"] as const;
export type Step = (typeof STEPS)[number];
export function stepOf(field: string): Step {
  if (field === "name" || field === "objective") return "what";
  if (field === "in_scope" || field === "out_of_scope") return "scope";
  return field === "constraints" || field === "risks" || field.startsWith("done") ? "limits" : "breakdown";
}

/** Whether anything was answered yet: a form nobody wrote in is not kept. */
export const touched = (draft: Draft, name = ""): boolean => JSON.stringify({ ...draft, target: "" }) !== JSON.stringify(blank("", name));
