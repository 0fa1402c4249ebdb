import { expect, test } from "vitest";
import { blank, isDraft, placed, planned, promise, promised, stepOf, touched, written, type Draft } from "../src/views/plan/form";

const draft: Draft = {
  ...blank(),
  name: "Tasks",
  objective: "3 of 3\n\nitems",
  in_scope: "- one\n  two  ",
  out_of_scope: "all else",
  done: [{ words: "clean", kind: "guard", command: "true" }],
  items: [
    { ...planned([]), title: "First", criteria: [{ words: "a", kind: "check", command: "echo `x`" }, { words: "b", kind: "attest", command: "left" }] },
    { ...planned([]), id: "B002", title: "Second", depends: "B001" },
  ],
};

test("each line of the form knows its field", () => {
  const { text, fields } = written(draft, "en");
  const lines = text.trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(fields.length);
  const field = (line: string) => fields[lines.indexOf(line)];
  expect(field("# Plan — Tasks")).toBe("name");
  expect(field("- two")).toBe("in_scope");
  expect(field("- clean — guard: `true`")).toBe("done.0");
  expect(field("  - [ ] b — attest")).toBe("items.0.criteria.1");
  expect(field("### B002 — Second")).toBe("items.1.title");
  expect(field("- Depends on: B001")).toBe("items.1.depends");
  expect(text).not.toContain("Constraints");
});

test("a command keeps its backquotes, a text stays on its line", () => {
  expect(promise({ words: "a\n# b", kind: "check", command: "echo `x`" }, "en")).toBe("a # b — check: `` echo `x` ``");
  expect(promise({ words: "a", kind: "guard", command: "true" }, "fr")).toBe("a — garde : `true`");
});

test("a gap finds its field, and the step it is on", () => {
  const form = written(draft, "fr");
  const line = form.text.split("\n").indexOf("- Dépend de : B001") + 1;
  const found = placed([{ line, message: "x" }, { line: 9999, message: "y" }], form);
  expect([...found]).toEqual([["items.1.depends", ["x"]], ["breakdown", ["y"]]]); // prettier-ignore
  expect([...found.keys()].map(stepOf)).toEqual(["breakdown", "breakdown"]);
  expect(["name", "in_scope", "done.0"].map(stepOf)).toEqual(["what", "scope", "limits"]);
});

test("what was kept is taken only when it is a draft", () => {
  expect(isDraft(JSON.parse(JSON.stringify(draft)))).toBe(true);
  for (const bad of [null, {}, { ...draft, items: [{}] }, { ...draft, done: [{ words: 1 }] }, { ...draft, name: 3 }]) expect(isDraft(bad)).toBe(false);
  expect(touched(blank("PRJ-1"))).toBe(false);
  expect(touched(draft)).toBe(true);
  expect(planned(draft.items).id).toBe("B003");
  expect(promised().kind).toBe("check");
});
