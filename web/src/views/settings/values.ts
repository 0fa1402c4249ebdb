/** Settings as they are shown: pure. */
import type { SettingRow } from "../../api";

/** A value as it stands in the file. */
export const shown = (value: unknown): string => (typeof value === "string" ? value || '""' : (JSON.stringify(value) ?? "—"));

export const differs = (row: SettingRow): boolean => JSON.stringify(row.value) !== JSON.stringify(row.default);

export interface Group {
  name: string;
  rows: SettingRow[];
}

/** By what stands before the point; those without one first. */
export function groups(rows: readonly SettingRow[], search: string, changed: boolean): Group[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const found = new Map<string, SettingRow[]>();
  for (const row of rows) {
    const text = `${row.key} ${row.doc} ${row.variable} ${shown(row.value)}`.toLowerCase();
    if ((changed && !differs(row)) || !words.every((word) => text.includes(word))) continue;
    const name = row.key.includes(".") ? row.key.slice(0, row.key.indexOf(".")) : "";
    found.set(name, [...(found.get(name) ?? []), row]);
  }
  return [...found].map(([name, all]) => ({ name, rows: all })).sort((one, other) => Number(one.name !== "") - Number(other.name !== ""));
}

/** For a terminal; quoted as a shell wants it. */
export function command(row: SettingRow): string {
  const value = shown(row.value);
  const quoted = /^[\w./:-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
  return `echelon config set ${row.key} ${quoted}`;
}
