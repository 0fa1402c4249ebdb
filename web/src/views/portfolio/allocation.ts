/** Why a program has its share, and what would give it more, as words of the view. Pure. */
import type { Allocation, Lever, PortfolioAnswer, ProgramRow } from "../../api";
import type { Fill } from "../../i18n/index.svelte";
import type { Word } from "../portfolio.words";

export type Phrase = [Word, Fill?];

/** Programs that this one waits for: not settled yet. */
export function waited(program: ProgramRow, programs: readonly ProgramRow[]): string[] {
  const settled = new Set(programs.filter((row) => row.state === "delivered" || row.waived).map((row) => row.key));
  return program.dependsOn.filter((name) => !settled.has(name));
}

/** Undefined where only the service's own words say it. */
export function reasonOf({ why }: Allocation, program: ProgramRow | undefined, programs: readonly ProgramRow[]): Phrase | undefined {
  if (!why) return undefined;
  if (why.why === "paused") {
    if (!program) return undefined;
    if (["delivered", "failed", "suspended"].includes(program.state)) return [`why.${program.state}` as Word];
    if (why.words.includes("ESC-")) return ["why.asked"];
    const names = waited(program, programs);
    return names.length ? ["why.waits", { names: names.join(", ") }] : undefined;
  }
  const others = why.others.map((row) => `${row.id} (${row.slots})`).join(", ");
  if (why.why === "budget_spent") return others ? ["why.budget_spent", { others }] : ["why.budget_spent.none"];
  if (why.why === "cap_reached") return ["why.cap_reached", { count: why.cap }];
  if (why.why === "anti_starvation") return ["why.anti_starvation", { count: why.waited }];
  return [`why.${why.why}` as Word];
}

/** The parts of a lever, in the order in which they have to be done. */
export function leverOf(lever: Lever, row: Allocation, program: ProgramRow | undefined, data: PortfolioAnswer): Phrase[] {
  const { why } = row;
  if (!why || !program) return [];
  const found: Phrase[] = [];
  if (why.why === "paused") {
    if (program.state === "suspended") found.push(["lever.resume"]);
    else if (program.state === "failed") found.push(["lever.reopen"]);
    else if (why.words.includes("ESC-")) found.push(["lever.decide"]);
    else found.push(["lever.finish", { names: waited(program, data.programs).join(", ") || program.key }]);
  }
  if (why.cap <= why.slots) found.push(["lever.more"]);
  if (lever.budget > data.budget) found.push(["lever.budget", { by: lever.budget - data.budget, budget: lever.budget }]);
  if (lever.priority < program.priority) found.push(["lever.priority", { priority: lever.priority }]);
  return found;
}
