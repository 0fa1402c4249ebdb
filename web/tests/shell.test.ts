import { expect, test } from "vitest";
import { readFileSync } from "node:fs";
import { isGlobal, READS, touches } from "../src/areas";
import { argumentsOf, filled } from "../src/shell/arguments";
import { sideBySide } from "../src/ui/diffs";

test("a change touches the reads that show it, and every read that is not known", () => {
  expect(touches("/api/backlog", ["items"])).toBe(true);
  expect(touches("/api/backlog", ["journal"])).toBe(false);
  expect(touches("/api/new", ["journal"])).toBe(true);
});

test("every read of the service is known here, and nothing else", () => {
  const { paths } = JSON.parse(readFileSync(new URL("../openapi.json", import.meta.url), "utf-8")) as { paths: Record<string, object> };
  const published = Object.keys(paths).filter((path) => "get" in paths[path]! && path !== "/api/events" && path !== "/api/preferences/{key}");
  expect(Object.keys(READS).sort()).toEqual(published.sort());
  // what belongs to no workspace takes none
  for (const path of published) {
    const { parameters = [] } = (paths[path] as { get: { parameters?: { name: string }[] } }).get;
    expect([path, isGlobal(path)]).toEqual([path, !parameters.some(({ name }) => name === "workspace")]);
  }
});

test("a form is made of the schema, and answers what it asks for", () => {
  const fields = argumentsOf({
    properties: {
      key: { type: "string" },
      count: { anyOf: [{ type: "integer" }, { type: "null" }], default: null },
      how: { $ref: "#/$defs/How" },
      dry: { type: "boolean", default: false },
      rows: { type: "array" },
    },
    required: ["key"],
    $defs: { How: { enum: ["a", "b"] } },
  });
  expect(fields.map(({ kind, required }) => [kind, required])).toEqual([
    ["text", true], ["number", false], ["choice", false], ["flag", false], ["json", false],
  ]); // prettier-ignore
  expect(filled(fields, { key: "X", count: "2", how: "", dry: "true", rows: "[1]" })).toEqual({ key: "X", count: 2, dry: true, rows: [1] });
  expect(() => filled(fields, { rows: "[" })).toThrow(SyntaxError);
});

test("side by side, nothing is lost and nothing stands twice", () => {
  const line = (kind: string, text: string) => ({ kind, text, old: 0, new: 0 });
  const lines = [line("context", "1"), line("removed", "2"), line("removed", "3"), line("added", "4"), line("removed", "5"), line("context", "6")];
  const pairs = sideBySide(lines);
  expect(pairs.map(({ left, right }) => [left?.text, right?.text])).toEqual([["1", "1"], ["2", "4"], ["3", undefined], ["5", undefined], ["6", "6"]]); // prettier-ignore
});
