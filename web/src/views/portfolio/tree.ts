/** Rows of the portfolio's tree from what the service says. Pure. */
import type { PortfolioAnswer, ProgramRow, ProjectRow } from "../../api";

export interface Parts {
  delivered: number;
  flying: number;
  failed: number;
  suspended: number;
  pending: number;
  total: number;
}

export interface TreeRow {
  id: string;
  level: 1 | 2;
  kind: "program" | "project";
  node: ProgramRow | ProjectRow;
  /** The program it is, or belongs to. */
  program: ProgramRow;
  parts: Parts;
  /** Of a program: its projects are shown below it. */
  open?: boolean;
  place: number;
  size: number;
}

const OPEN_ROWS = 40; // a portfolio of more rows starts folded, but for what runs

export function parts(counts: Record<string, number>): Parts {
  const { delivered = 0, inProgress = 0, failed = 0, suspended = 0, pending = 0 } = counts;
  return { delivered, flying: inProgress, failed, suspended, pending, total: delivered + inProgress + failed + suspended + pending };
}

export function sum(all: readonly Parts[]): Parts {
  const found = { delivered: 0, flying: 0, failed: 0, suspended: 0, pending: 0, total: 0 };
  for (const one of all) for (const name of Object.keys(found) as (keyof Parts)[]) found[name] += one[name];
  return found;
}

/** Programs that are open when nobody has said otherwise. */
export function opened({ programs }: PortfolioAnswer): Set<string> {
  const rows = programs.reduce((count, program) => count + 1 + program.projects.length, 0);
  return new Set(programs.filter((program) => rows <= OPEN_ROWS || program.state === "active").map((program) => program.key));
}

const folded = (text: string) => text.normalize("NFD").replace(/\p{Mn}/gu, "").toLowerCase();

/** Rows in sight. A search opens what holds a match; a program that matches shows all of its projects. */
export function flatten(programs: readonly ProgramRow[], open: ReadonlySet<string>, search = ""): TreeRow[] {
  const words = folded(search).split(/\s+/).filter(Boolean);
  const matches = (node: { key: string; title: string; state: string }) => {
    const text = folded(`${node.key} ${node.title} ${node.state}`);
    return words.every((word) => text.includes(word));
  };
  const shown = programs
    .map((program) => ({ program, projects: matches(program) ? program.projects : program.projects.filter(matches) }))
    .filter(({ program, projects }) => !words.length || projects.length > 0 || (program.key !== "" && matches(program)));
  return shown.flatMap(({ program, projects }, at): TreeRow[] => {
    const lone = program.key === "";
    const unfolded = lone || words.length > 0 || open.has(program.key);
    const below = projects.map((node, place): TreeRow => ({
      id: `project ${node.key}`,
      level: lone ? 1 : 2,
      kind: "project",
      node,
      program,
      parts: parts(node.counts),
      place: place + 1,
      size: projects.length,
    }));
    if (lone) return below;
    const top: TreeRow = {
      id: `program ${program.key}`, level: 1, kind: "program", node: program, program, parts: parts(program.counts), open: unfolded, place: at + 1, size: shown.length,
    }; // prettier-ignore
    return unfolded ? [top, ...below] : [top];
  });
}

const REASONED = new Set(["fail", "suspend", "reopen", "waive"]);
const PERSONS = new Set(["reopen", "waive"]);

export interface Step {
  verb: string;
  action: string;
  args: Record<string, unknown>;
  /** Has to say why. */
  reasoned: boolean;
  /** Only a person may take it. */
  persons: boolean;
}

/** The steps that the state of a row allows, as actions of the table. */
export function steps(row: TreeRow, parallel: boolean): Step[] {
  const project = row.kind === "project";
  return row.node.asks.map((verb) => {
    const beside = parallel && (verb === "close" || verb === "fail") ? "_parallel" : "";
    const named = parallel && verb === "start"; // beside those that run: the other start is of one at a time
    return {
      verb,
      action: named ? (project ? "program_start_projects_parallel" : "enterprise_start_programs_parallel") : project ? `program_${verb}_project${beside}` : `enterprise_${verb}_program${beside}`,
      args: project ? { project_id: row.node.key } : { program_id: row.node.key },
      reasoned: REASONED.has(verb),
      persons: PERSONS.has(verb),
    };
  });
}
