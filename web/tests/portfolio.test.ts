import { describe, expect, it } from "vitest";
import type { Allocation, Bar, GanttChart, PortfolioAnswer, ProgramRow, ProjectRow, VerificationRun } from "../src/api";
import { leverOf, reasonOf } from "../src/views/portfolio/allocation";
import { curves, duration, interval } from "../src/views/portfolio/forecast";
import { drawn, lanesOf, moved, ranges, span, ticks } from "../src/views/portfolio/timeline";
import { flatten, opened, parts, steps, sum } from "../src/views/portfolio/tree";
import { withProof } from "../src/views/evidence/proofs";

const counts = { delivered: 1, inProgress: 1, failed: 1, suspended: 0, pending: 2, total: 5 };
const node = { state: "active", waived: false, priority: 2, dependsOn: [], pendingEscalations: 0, refused: "", asks: ["verify", "close"], counts };
const project = (key: string, title: string): ProjectRow => ({ ...node, id: key.split("/").pop() ?? "", key, title, running: true, evidence: {} });
const program = (key: string, title: string, more: Partial<ProgramRow> = {}): ProgramRow => ({
  ...node, key, title, file: "program.md", projects: [project(`${key}/PRJ-001`, "Été"), project(`${key}/PRJ-002`, "Board")], ...more,
}); // prettier-ignore
const portfolio = (programs: ProgramRow[]) => ({ programs, budget: 4 }) as unknown as PortfolioAnswer;

describe("tree", () => {
  it("folds, unfolds, and finds without accents", () => {
    const all = [program("PGM-001", "Quay"), program("PGM-002", "Office", { state: "pending" })];
    expect(flatten(all, new Set(["PGM-001"])).map((row) => row.node.key)).toEqual(["PGM-001", "PGM-001/PRJ-001", "PGM-001/PRJ-002", "PGM-002"]);
    expect(flatten(all, new Set(), "ete").map((row) => row.node.key)).toEqual(["PGM-001", "PGM-001/PRJ-001", "PGM-002", "PGM-002/PRJ-001"]);
    expect(flatten(all, new Set(), "quay")).toHaveLength(3);
    expect(flatten(all, new Set(), "nowhere")).toEqual([]);
  });
  it("opens all of a small portfolio, and what runs of a large one", () => {
    const many = Array.from({ length: 20 }, (_, at) => program(`PGM-${at}`, "x", { state: at ? "pending" : "active" }));
    expect([...opened(portfolio(many))]).toEqual(["PGM-0"]);
    expect(opened(portfolio(many.slice(0, 3))).size).toBe(3);
  });
  it("shows one project without a program above it", () => {
    const rows = flatten([program("", "", { projects: [project("", "Shop")] })], new Set());
    expect(rows.map(({ kind, level }) => [kind, level])).toEqual([["project", 1]]);
  });
  it("names the actions of the table", () => {
    const rows = flatten([program("PGM-001", "Quay")], new Set(["PGM-001"]));
    expect(steps(rows[0]!, false).map((step) => step.action)).toEqual(["enterprise_verify_program", "enterprise_close_program"]);
    expect(steps(rows[1]!, true)[1]).toMatchObject({ action: "program_close_project_parallel", args: { project_id: "PGM-001/PRJ-001" }, reasoned: false });
  });
  it("counts every item once", () => {
    expect(parts(counts)).toEqual({ delivered: 1, flying: 1, failed: 1, suspended: 0, pending: 2, total: 5 });
    expect(sum([parts(counts), parts(counts)]).total).toBe(10);
  });
});

const bar = (lane: number, start: number, end: number): Bar => ({ lane, attempt: 1, reason: "delivered", detail: "", start, end, critical: false });
const HOUR = 3_600_000;
const bars = [bar(0, 0, HOUR), bar(1, HOUR, 2 * HOUR), bar(0, 40 * HOUR, 48 * HOUR)];

describe("timeline", () => {
  it("offers ranges that leave something out", () => {
    expect(ranges(bars)).toEqual(["all", "day", "hour"]);
    expect(ranges([bar(0, 0, 1000)])).toEqual(["all"]);
  });
  it("keeps every bar inside, and visible", () => {
    const inside = drawn(bars, span(bars, "all"), 480);
    for (const { x, width } of inside) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(width).toBeGreaterThanOrEqual(3);
      expect(x + width).toBeLessThanOrEqual(480.001);
    }
    expect(drawn(bars, span(bars, "day"), 480)).toHaveLength(1);
  });
  it("has ticks in its span only, as many as have room", () => {
    const seen = span(bars, "all");
    const found = ticks(seen, 480);
    expect(found.length).toBeGreaterThan(1);
    expect(found.length).toBeLessThanOrEqual(6);
    expect(found.every((at) => at >= seen.from && at <= seen.to)).toBe(true);
  });
  it("is walked by keys", () => {
    const inside = drawn(bars, span(bars, "all"), 480);
    expect(moved(inside, 0, "ArrowRight")).toBe(1);
    expect(moved(inside, 0, "ArrowLeft")).toBe(0);
    expect(inside[moved(inside, 0, "ArrowDown")!]?.bar.lane).toBe(1);
    expect(moved(inside, 0, "ArrowUp")).toBe(0);
    expect(moved(inside, 0, "End")).toBe(2);
    expect(moved(inside, 0, "x")).toBeUndefined();
    expect(lanesOf({ lanes: [{}, {}, {}] } as unknown as GanttChart, inside)).toEqual([0, 1]);
  });
});

describe("forecast", () => {
  const burn = { steps: [{ at: 0, delivered: 0 }, { at: 10_000, delivered: 5 }], delivered: 5, total: 10, undated: 0 };
  it("leads from the last step to all items", () => {
    const found = curves(burn, { left: 5, known: 5, enough: true, early: 20_000, likely: 30_000, late: 40_000 });
    expect(found.at).toEqual([0, 10, 20, 30, 40]);
    expect(found.early).toEqual([null, 5, 10, 10, 10]);
    expect(found.late.at(-1)).toBe(10);
    expect(found.delivered).toEqual([0, 5, null, null, null]);
  });
  it("draws what was, where nothing is foretold", () => {
    const found = curves(burn, { left: 5, known: 1, enough: false, early: null, likely: null, late: null });
    expect(found.at).toEqual([0, 10]);
    expect(found.likely).toEqual([null, null]);
    expect(curves({ ...burn, steps: [] }, { left: 0, known: 0, enough: false, early: null, likely: null, late: null }).at).toEqual([]);
  });
  it("says times as people do", () => {
    expect(duration(7 * HOUR + 26 * 60_000, "en")).toBe("7h 26m");
    expect(duration(0, "en")).toBe("0s");
    expect(interval(0, 40 * 24 * HOUR, "en").late).not.toContain(":");
    expect(interval(0, HOUR, "en").late).toContain(":");
  });
});

describe("allocation", () => {
  const why = { slots: 1, cap: 3, weight: 4, rank: 1, why: "budget_spent", words: "x", others: [{ id: "PGM-002", slots: 2 }], unused: 0, levers: [], waited: 0 };
  const row: Allocation = { id: "PGM-001", title: "Quay", slots: 1, used: 1, why };
  const own = program("PGM-001", "Quay", { dependsOn: ["PGM-002"] });
  const other = program("PGM-002", "Office");
  it("says why in words of its own", () => {
    expect(reasonOf(row, own, [own, other])).toEqual(["why.budget_spent", { others: "PGM-002 (2)" }]);
    expect(reasonOf({ ...row, why: { ...why, why: "paused" } }, own, [own, other])).toEqual(["why.waits", { names: "PGM-002" }]);
    expect(reasonOf({ ...row, why: { ...why, why: "paused", words: "it waits for a person to decide ESC-1" } }, own, [own])).toEqual(["why.asked"]);
    expect(reasonOf({ ...row, why: { ...why, why: "paused" } }, { ...own, state: "suspended" }, [own])).toEqual(["why.suspended"]);
  });
  it("takes a lever apart", () => {
    const lever = { text: "", slots: 2, budget: 5, priority: 2 };
    expect(leverOf(lever, row, own, portfolio([own, other])).map(([word]) => word)).toEqual(["lever.budget"]);
    expect(leverOf({ ...lever, budget: 4, priority: 1 }, row, own, portfolio([own, other])).map(([word]) => word)).toEqual(["lever.priority"]);
    expect(leverOf(lever, { ...row, why: { ...why, cap: 1 } }, own, portfolio([own])).map(([word]) => word)).toEqual(["lever.more", "lever.budget"]);
  });
});

describe("a verification", () => {
  it("keeps each proof once", () => {
    const run = { state: "running", began: "1", proofs: [] } as unknown as VerificationRun;
    const proof = { key: "B001", commit: "a", coverage: "proved", holds: true, problems: [], runs: [] };
    const told = { state: "running", began: "1", workspace: "w", proof } as const;
    const once = withProof(run, told);
    expect(withProof(once, told).proofs).toEqual([proof]);
    expect(withProof(once, { ...told, state: "ended", proof: null })).toMatchObject({ state: "ended", proofs: [proof] });
  });
});
