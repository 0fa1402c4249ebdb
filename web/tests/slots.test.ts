/** What the views of slots, journal and settings work out without a page. */
import { expect, test } from "vitest";
import { chunks, step } from "../src/ui/diffs";
import { kinds, levels, matching, plain } from "../src/views/journal/entries";
import { command, differs, groups } from "../src/views/settings/values";
import { draftOf, find, isEmpty, keyOf, NOTHING, placed, put, said, SAID_MAX } from "../src/views/slots/rework";

test("a draft holds one comment for each place, in the order of the files", () => {
  let draft = put(NOTHING, { path: "b", line: 2, text: " x " });
  draft = put(draft, { path: "a", line: 9, text: "y" });
  draft = put(draft, { path: "b", line: 1, text: "z" });
  draft = put(draft, { path: "b", line: 2, text: "changed" });
  expect(draft.comments).toEqual([{ path: "a", line: 9, text: "y" }, { path: "b", line: 1, text: "z" }, { path: "b", line: 2, text: "changed" }]);
  expect(find(draft, { path: "b", line: 1 })?.text).toBe("z");
  draft = put(draft, { path: "b", line: 1, side: "old", text: "why gone?" });
  expect([find(draft, { path: "b", line: 1 })?.text, find(draft, { path: "b", line: 1, side: "old" })?.text]).toEqual(["z", "why gone?"]);
  draft = put(draft, { path: "b", line: 1, side: "old", text: "" });
  expect(put(draft, { path: "b", line: 1, text: "  " }).comments).toHaveLength(2);
  expect(NOTHING.comments).toEqual([]);
});

test("whatever was kept, a draft comes of it", () => {
  for (const odd of [null, 7, "x", [], { comments: "x" }, { comments: [null, { path: 1 }, { path: "a", line: 1.5, text: "" }] }]) expect(isEmpty(draftOf(odd))).toBe(true);
  expect(draftOf({ comments: [{ path: "a", line: 1, text: "b" }], note: "c" })).toEqual({ comments: [{ path: "a", line: 1, text: "b" }], note: "c" });
});

test("a removed line is kept as one, and is in the changes only while it is removed there", () => {
  const comment = { path: "a", line: 3, side: "old" as const, text: "why?" };
  expect(draftOf({ comments: [comment, { ...comment, side: "left" }], note: "" }).comments).toEqual([comment]);
  const file = (kind: string) => ({ path: "a", oldPath: "a", status: "modified", added: 0, removed: 1, binary: false, tooLarge: false, hunks: [{ header: "", lines: [{ kind, old: 3, new: 0, text: "" }] }] });
  expect([placed([file("removed")], comment), placed([file("same")], comment), placed([file("removed")], { ...comment, side: undefined })]).toEqual([true, false, false]);
});

test("what is counted is never less than what is told", () => {
  const draft = { comments: [{ path: "src/a.py", line: 12, text: "name it" }], note: "smaller steps" };
  const told = ["A person looked at the work and asks for this:", "src/a.py:12 — name it", "smaller steps"].join("\n");
  expect(said(draft)).toBeGreaterThanOrEqual(told.length);
  expect(said(draft)).toBeLessThan(told.length + 100);
  const gone = { comments: [{ path: "src/a.py", line: 12, side: "old" as const, text: "why" }], note: "" };
  expect(said(gone)).toBeGreaterThanOrEqual(["Une personne a regardé le travail et demande ceci :", "src/a.py, removed line 12 of the base — why"].join("\n").length);
  expect(said(NOTHING)).toBe(0);
  expect(said({ comments: [], note: "x".repeat(SAID_MAX) })).toBeGreaterThan(SAID_MAX);
});

test("a comment's line is in the changes, or it is said that it is not", () => {
  const line = { kind: "added", old: 0, new: 3, text: "" };
  const file = { path: "a", oldPath: "a", status: "modified", added: 1, removed: 0, binary: false, tooLarge: false, hunks: [{ header: "", lines: [line] }] };
  expect([3, 0, 4].map((at) => placed([file], { path: "a", line: at, text: "" }))).toEqual([true, true, false]);
  expect(placed([file], { path: "b", line: 0, text: "" })).toBe(false);
});

test("the name of a draft is one that the service takes, and another for each slot", () => {
  const names = ["B001", "PGM-001/PRJ-001/B001", "ü/".repeat(50), "", "a/b", "a-b"].map((slot) => keyOf("w", slot));
  for (const name of names) expect(name).toMatch(/^[a-z][a-zA-Z0-9.-]{0,59}$/);
  expect(new Set(names).size).toBe(names.length);
});

test("pieces are all of it, and steps stay inside", () => {
  expect(chunks([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  expect(chunks([], 2)).toEqual([]);
  expect([step(3, -1, 1), step(3, 2, 1), step(3, 0, -1), step(3, -1, -1)]).toEqual([0, 2, 0, 0]);
});

test("the journal is searched by words, without accents and case", () => {
  const entries = [
    { at: "2026-01-01", type: "item_failed", text: "B001 échoué: réseau" },
    { at: "2026-01-02", type: "item_started", text: "B002" },
    { at: "2026-01-03", type: "item_started", text: "B001" },
  ];
  expect(plain("Éçà")).toBe("eca");
  expect(matching(entries, "", "RESEAU b001")).toEqual([entries[0]]);
  expect(matching(entries, "item_started", "b001")).toEqual([entries[2]]);
  expect(matching(entries, "", "gone wrong", (kind) => (kind === "item_failed" ? "gone wrong" : kind))).toEqual([entries[0]]);
  expect(kinds(entries)).toEqual([{ type: "item_started", count: 2 }, { type: "item_failed", count: 1 }]);
});

test("journals are those of the documents, from the top down", () => {
  const document = (kind: string, scope: string) => ({ kind, scope, path: `${kind}.md`, exists: true, characters: 1, copies: [] });
  expect(levels([document("enterprise", ""), document("program", "P"), document("spec", "P/J"), document("journal", "P/J")]).map(({ file, scope }) => [file, scope])).toEqual([["enterprise", ""], ["program", "P"], ["project", "P/J"]]); // prettier-ignore
});

test("settings are grouped, searched, and changed by a command that a shell reads as meant", () => {
  const row = (key: string, value: unknown, fallback: unknown = value) => ({ key, value, default: fallback, from: "default", doc: "words", kind: "", choices: [], variable: "" });
  const rows = [row("limits.slots", 4, 2), row("language", "en"), row("limits.attempts", 3)];
  expect(groups(rows, "", false).map(({ name, rows }) => [name, rows.length])).toEqual([["", 1], ["limits", 2]]);
  expect(groups(rows, "", true)).toEqual([{ name: "limits", rows: [rows[0]] }]);
  expect(groups(rows, "ATTEMPTS words", false)[0]?.rows).toEqual([rows[2]]);
  expect(rows.map(differs)).toEqual([true, false, false]);
  expect(command(row("setup", ["it's"]))).toBe(`echelon config set setup '["it'\\''s"]'`);
  expect(command(rows[0]!)).toBe("echelon config set limits.slots 4");
});
