/** The two shapes a diff is shown in. Pure. */
import type { DiffLine } from "../api";

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
