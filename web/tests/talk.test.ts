import { expect, test } from "vitest";
import { branches, commandOf, family, withMessage, withNewest, withOlder, withSession, withText, type Said, type Session, type Sessions } from "../src/talk";
import { answersOf, byOrder, fieldOf, waysOf } from "../src/views/now/answers";
import { lastDays } from "../src/views/now/days";

const at = { workspace: "w", session: "s" };
const session = (id: string, more: Partial<Session> = {}): Session => ({ id, title: "", agent: "", parent: "", directory: "", slot: "", status: "idle", cost: 0, tokens: 0, updated: "", ...more });
const talk = (...messages: [string, string][]): Said[] => messages.map(([id, text]) => ({ id, role: "assistant", parts: [{ id: `${id}p`, type: "text", text }] }));
const texts = (messages: readonly Said[]) => messages.map(({ parts }) => (parts ?? []).map(({ text }) => text).join("|"));

test("a text grows, and its end replaces what grew", () => {
  let all = withText([], { ...at, message: "m", part: "p", delta: "Hel" });
  all = withText(all, { ...at, message: "m", part: "p", delta: "lo" });
  expect(texts(all)).toEqual(["Hello"]);
  all = withMessage(all, { ...at, message: { id: "m", tokens: 7, role: null, parts: [{ id: "p", type: "text", text: "Hello." }] } });
  expect(texts(all)).toEqual(["Hello."]);
  expect(all[0]).toMatchObject({ role: "assistant", tokens: 7 });
});

test("what is removed goes, a part or a whole message", () => {
  const all = withMessage(talk(["a", "1"], ["b", "2"]), { ...at, message: { id: "a" }, removed: "ap" });
  expect(texts(all)).toEqual(["", "2"]);
  expect(withMessage(all, { ...at, message: { id: "b" }, removed: "b" }).map(({ id }) => id)).toEqual(["a"]);
});

test("the newest page read anew keeps older pages, what grew, and what came meanwhile", () => {
  const known = talk(["1", "old"], ["2", "x"], ["3", "growing te"], ["4", "came"]);
  const read = withNewest(known, talk(["2", "y"], ["3", ""]), new Set(["4"]));
  expect(texts(read)).toEqual(["old", "y", "growing te", "came"]);
  expect(texts(withNewest(known, talk(["2", "y"])))).toEqual(["old", "y"]);
  expect(texts(withNewest(known, talk(["9", "z"])))).toEqual(["z"]);
  expect(withOlder(known, talk(["0", "first"], ["1", "old"])).map(({ id }) => id)).toEqual(["0", "1", "2", "3", "4"]);
});

test("sessions are a tree, whoever calls whom", () => {
  const rows = [session("b"), session("a2", { parent: "a" }), session("a1", { parent: "a" }), session("a"), session("deep", { parent: "a1" }), session("lost", { parent: "gone" }), session("self", { parent: "self" })];
  expect(branches(rows).map(({ session: { id }, depth }) => `${depth}${id}`)).toEqual(["0b", "0a", "1a1", "2deep", "1a2", "0lost", "0self"]);
  expect([...family(rows, "a")].sort()).toEqual(["a", "a1", "a2", "deep"]);
});

test("events change the list of sessions without reading it", () => {
  const all: Sessions = { sessions: [session("a")], agents: [], commands: [] };
  expect(withSession(all, { ...at, session: "a", status: "busy" }).sessions[0]?.status).toBe("busy");
  expect(withSession(all, { ...at, session: "n", created: true, title: "New" }).sessions.map(({ id, title }) => id + title)).toEqual(["nNew", "a"]);
  expect(withSession(all, { ...at, session: "n", status: "busy" })).toBe(all);
  expect(withSession(all, { ...at, session: "a", status: "deleted" }).sessions).toEqual([]);
});

test("a command is a slash and its words", () => {
  expect(commandOf("/task  paint\nit ")).toEqual({ command: "task", arguments: "paint\nit" });
  expect(commandOf("/stop")).toEqual({ command: "stop", arguments: "" });
  for (const text of ["task", "/ task", "//x", "/usr/bin is full", "a /task"]) expect(commandOf(text)).toBeUndefined();
});

test("what waits is answered by its action, with the word it takes", () => {
  const row = (kind: "failed" | "suspended" | "weakening" | "conflict", action: string, args: Record<string, unknown>) => ({ kind, key: "B1", action, arguments: args });
  expect(waysOf(row("failed", "program_reopen_project", { project_id: "P" })).map(({ action, args, field }) => [action, args, field])).toEqual([
    ["program_reopen_project", { project_id: "P" }, "reason"],
    ["program_waive_project", { project_id: "P" }, "reason"],
  ]);
  const aside = waysOf(row("suspended", "backlog_resume_item", { itemId: "B1" }));
  expect(aside.map(({ action, args, field }) => [action, args, field])).toEqual([
    ["backlog_resume_item", { itemId: "B1" }, ""],
    ["backlog_waive_item", { item_id: "B1" }, "reason"],
  ]);
  expect(fieldOf(aside)).toBe("reason");
  expect(waysOf(row("conflict", "", {}))).toEqual([]);
});

test("an answer needs something for each question; own words win over one choice, and join several", () => {
  const query = (multiple: boolean) => ({ question: "?", header: "", options: [], multiple, custom: true });
  const asked = { id: "q", session: "s", agent: "", title: "", questions: [query(false), query(true)] };
  expect(answersOf(asked, [["red"]], [])).toBeUndefined();
  expect(answersOf(asked, [["red"], ["s", "m"]], ["  ", "tiny"])).toEqual([["red"], ["s", "m", "tiny"]]);
  expect(answersOf(asked, [["red"], ["s"]], ["mauve", ""])).toEqual([["mauve"], ["s"]]);
});

test("an agent that stands still comes first, then what waits longest", () => {
  const rows = [{ kind: "failed" as const, since: "2" }, { kind: "failed" as const, since: "1" }, { kind: "question" as const, since: "" }];
  expect(byOrder(rows).map(({ kind, since }) => kind + since)).toEqual(["question", "failed1", "failed2"]);
});

test("days without anything are there too, over the end of a month", () => {
  const days = lastDays([{ day: "2026-02-28", tokens: 5, cost: 1, attempts: 1, delivered: 1 }], "2026-03-01", 3);
  expect(days.map(({ day, tokens }) => [day, tokens])).toEqual([["2026-02-27", 0], ["2026-02-28", 5], ["2026-03-01", 0]]);
});
