/** What the journal shows of its entries: pure. */
import type { DocumentRow, JournalLine } from "../../api";

export interface Kind {
  type: string;
  count: number;
}

/** The kinds that there are, the most frequent first. */
export function kinds(entries: readonly JournalLine[]): Kind[] {
  const counts = new Map<string, number>();
  for (const { type } of entries) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].map(([type, count]) => ({ type, count })).sort((one, other) => other.count - one.count || one.type.localeCompare(other.type));
}

/** Without marks and case, as people search. */
export const plain = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

export function matching(entries: readonly JournalLine[], type: string, search: string, name = (kind: string) => kind): JournalLine[] {
  const words = plain(search).split(/\s+/).filter(Boolean);
  return entries.filter((entry) => (!type || entry.type === type) && words.every((word) => plain(`${name(entry.type)} ${entry.text} ${entry.at}`).includes(word)));
}

export interface Level {
  file: "project" | "program" | "enterprise";
  scope: string;
  path: string;
}

const FILES: Record<string, Level["file"]> = { enterprise: "enterprise", program: "program", journal: "project" };

/** Every journal of the workspace, from the top down, out of its documents. */
export function levels(documents: readonly DocumentRow[]): Level[] {
  return documents.flatMap(({ kind, scope, path }) => {
    const file = FILES[kind];
    return file ? [{ file, scope, path }] : [];
  });
}

export const nameOf = (level: Pick<Level, "file" | "scope">): string => `${level.file}:${level.scope}`;
