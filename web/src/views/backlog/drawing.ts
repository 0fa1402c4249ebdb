/** The dependency graph as it is drawn. Pure. */

export const BOX = { width: 176, height: 46 };

export interface Wanted {
  keys: string[];
  edges: { from: string; to: string }[];
}
export interface Line {
  from: string;
  to: string;
  points: { x: number; y: number }[];
}
/** `boxes`: the upper left corners, by key. */
export interface Drawing {
  width: number;
  height: number;
  boxes: Record<string, { x: number; y: number }>;
  lines: Line[];
}

/** A line as a path that bends softly at its points. */
export function path(points: Line["points"]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let text = `M${round(first.x)} ${round(first.y)}`;
  let before = first;
  for (const point of rest) {
    const middle = (before.x + point.x) / 2;
    text += `C${round(middle)} ${round(before.y)} ${round(middle)} ${round(point.y)} ${round(point.x)} ${round(point.y)}`;
    before = point;
  }
  return text;
}
const round = (value: number) => Math.round(value * 10) / 10;

/** The keys in the order in which they can be done, step by step; those of a circle, and what waits for them, are `rest`. */
export function steps({ keys, edges }: Wanted): { steps: string[][]; rest: string[] } {
  const waits = new Map(keys.map((key) => [key, 0]));
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) {
    if (!waits.has(from) || !waits.has(to)) continue;
    waits.set(to, (waits.get(to) ?? 0) + 1);
    next.set(from, [...(next.get(from) ?? []), to]);
  }
  const found: string[][] = [];
  let free = keys.filter((key) => waits.get(key) === 0);
  while (free.length) {
    found.push(free);
    const freed: string[] = [];
    for (const key of free)
      for (const after of next.get(key) ?? []) {
        const left = (waits.get(after) ?? 0) - 1;
        waits.set(after, left);
        if (left === 0) freed.push(after);
      }
    free = freed;
  }
  const done = new Set(found.flat());
  return { steps: found, rest: keys.filter((key) => !done.has(key)) };
}
