/** The two shapes a diff is shown in, and the pieces a long one is drawn by. Pure. */
import type { DiffLine } from "../api";

/** Where a line stands: in the text as it is, or in the one before. */
export type Side = "new" | "old";

export interface Pair {
  left?: DiffLine;
  right?: DiffLine;
}

/** Removed lines beside the added ones that follow them; what stays stands on both sides. */
export function sideBySide(lines: readonly DiffLine[]): Pair[] {
  const pairs: Pair[] = [];
  let removed: DiffLine[] = [];
  let added: DiffLine[] = [];
  const flush = () => {
    for (let at = 0; at < Math.max(removed.length, added.length); at++) pairs.push({ left: removed[at], right: added[at] });
    removed = [];
    added = [];
  };
  for (const line of lines) {
    if (isRemoved(line)) {
      if (added.length) flush();
      removed.push(line);
    } else if (isAdded(line)) added.push(line);
    else {
      flush();
      pairs.push({ left: line, right: line });
    }
  }
  flush();
  return pairs;
}

export const isAdded = (line: DiffLine): boolean => line.kind === "added" || line.kind === "+";
export const isRemoved = (line: DiffLine): boolean => line.kind === "removed" || line.kind === "-";

/** Unified: each line by itself, on both sides of a pair where it stands on both. */
export const unified = (lines: readonly DiffLine[]): Pair[] => lines.map((line) => ({ left: line, right: line }));

/** The rows in pieces that are drawn only while they are near the window. */
export function chunks<T>(rows: readonly T[], size: number): T[][] {
  const found: T[][] = [];
  for (let at = 0; at < rows.length; at += size) found.push(rows.slice(at, at + size));
  return found;
}

/** Which of the places, in their order, comes after (or before) the one at `current`; -1 before the first. Stays inside. */
export function step(count: number, current: number, by: 1 | -1): number {
  return Math.max(0, Math.min(count - 1, current + by));
}
