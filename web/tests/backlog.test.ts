import { expect, test } from "vitest";
import { path, steps } from "../src/views/backlog/drawing";
import { chosen, toggled } from "../src/views/backlog/filters";
import { drawn } from "../src/views/backlog/layout";
import { fitted, held, shown, zoomed } from "../src/views/backlog/viewport";
import { lasted, seconds } from "../src/views/item/times";

test("a filter is put in and taken out, each word once", () => {
  expect(toggled("", "active")).toBe("active");
  expect(toggled("active", "failed")).toBe("active,failed");
  expect(toggled("active,failed", "active")).toBe("failed");
  expect(chosen(" a, a ,,b")).toEqual(["a", "b"]);
});

test("no two boxes of a drawing overlap, and each has its place", () => {
  const keys = Array.from({ length: 40 }, (_, at) => `B${at}`);
  const edges = keys.slice(1, 25).map((key, at) => ({ from: keys[Math.floor(at / 2)] ?? "", to: key }));
  const drawing = drawn({ keys, edges });
  const boxes = keys.map((key) => drawing.boxes[key]!);
  expect(boxes.every(Boolean)).toBe(true);
  const overlap = boxes.some((a, at) => boxes.some((b, other) => other > at && Math.abs(a.x - b.x) < 176 && Math.abs(a.y - b.y) < 46));
  expect(overlap).toBe(false);
  expect(boxes.every(({ x, y }) => x > -1 && y > -1 && x + 176 <= drawing.width + 1 && y + 46 <= drawing.height + 1)).toBe(true);
  expect(drawing.lines.every(({ points }) => path(points).startsWith("M"))).toBe(true);
});

test("a circle and what waits for it is no step; the rest comes in order", () => {
  const edges = [["A", "B"], ["B", "C"], ["X", "Y"], ["Y", "X"], ["X", "Z"]].map(([from = "", to = ""]) => ({ from, to })); // prettier-ignore
  expect(steps({ keys: ["C", "B", "A", "X", "Y", "Z"], edges })).toEqual({ steps: [["A"], ["B"], ["C"]], rest: ["X", "Y", "Z"] });
  expect(drawn({ keys: ["X", "Y"], edges: edges.slice(2, 4) }).lines).toHaveLength(2);
});

test("zooming keeps the point below the pointer, and stays within its limits", () => {
  const port = { x: 10, y: 20, scale: 1 };
  const at = { x: 110, y: 70 };
  const near = zoomed(port, 2, at);
  expect([(at.x - near.x) / near.scale, (at.y - near.y) / near.scale]).toEqual([100, 50]);
  expect(zoomed(port, 1000, at).scale).toBe(2.5);
  expect(zoomed(port, 0, at).scale).toBe(0.08);
});

test("all of a drawing fits, and nobody loses it", () => {
  const frame = { width: 400, height: 300 };
  const port = fitted({ width: 1000, height: 100 }, frame);
  expect(1000 * port.scale).toBeLessThanOrEqual(400);
  expect(fitted({ width: 10, height: 10 }, frame).scale).toBe(1);
  expect(held({ x: 9999, y: -9999, scale: 1 }, { width: 100, height: 100 }, frame)).toEqual({ x: 360, y: -60, scale: 1 });
  const seen = shown({ x: 0, y: 0, scale: 1 }, { x: 900, y: 10, width: 100, height: 40 }, frame);
  expect(seen.x + 1000).toBe(380);
  expect(shown(seen, { x: 900, y: 20, width: 100, height: 40 }, frame)).toEqual(shown(seen, { x: 900, y: 20, width: 100, height: 40 }, frame));
});

test("a time is said in its two largest units", () => {
  expect(lasted(5, "en")).toBe("5s");
  expect(lasted(65, "en")).toBe("1m 5s");
  expect(lasted(3 * 3600 + 120, "en")).toBe("3h 2m");
  expect(lasted(0, "en")).toBe("0s");
  expect(seconds("2026-01-01T00:00:10Z", "2026-01-01T00:00:00Z")).toBeUndefined();
});
