/** Which change of the workspace makes which read old. Pure. */

export type Area =
  | "items" | "missions" | "slots" | "journal" | "evidence" | "operations" | "settings" | "portfolio"; // prettier-ignore
/** `host`: sessions, questions and permissions of OpenCode; `workspaces`: the list of them. */
export type Cause = Area | "host" | "pending" | "workspaces";

export const READS: Record<string, readonly Cause[]> = {
  "/api/workspaces": ["workspaces", "items", "journal", "pending"],
  "/api/overview": ["items", "missions", "slots", "journal", "evidence", "operations", "settings", "portfolio"],
  "/api/portfolio": ["portfolio", "items", "slots", "settings"],
  "/api/backlog": ["items"],
  "/api/graph": ["items"],
  "/api/item": ["items", "missions", "journal", "evidence", "slots"],
  "/api/item/diff": ["items", "slots"],
  "/api/mission": ["missions", "items", "evidence"],
  "/api/slots": ["slots", "missions"],
  "/api/slots/{slot}/diff": ["slots"],
  "/api/evidence": ["evidence", "items"],
  "/api/evidence/item": ["evidence", "items"],
  "/api/evidence/verify": [], // told by `progress` events
  "/api/operations": ["operations"],
  "/api/operations/{sequence}": ["operations"],
  "/api/history": ["operations", "items", "journal", "portfolio", "settings", "missions"],
  "/api/journal": ["journal"],
  "/api/report": ["items", "evidence", "journal", "portfolio", "missions"],
  "/api/validation": ["items", "journal", "evidence", "portfolio", "settings"],
  "/api/settings": ["settings", "portfolio"],
  "/api/actions": [],
  "/api/files": ["items", "journal", "portfolio", "settings", "missions"],
  "/api/file": ["items", "journal", "portfolio", "settings", "missions"],
  "/api/sessions": ["host"],
  "/api/sessions/{session}/messages": [],
  "/api/pending": ["pending"],
  "/api/prompts": [],
  "/api/preferences": [],
};

/** Reads that belong to the machine or the person, not to one workspace. */
const EVERYWHERE = new Set(["/api/workspaces", "/api/actions", "/api/preferences", "/api/preferences/{key}"]);

export const isGlobal = (route: string): boolean => EVERYWHERE.has(route);
/** A route without a row here is touched by every change: reading too often is better than showing what is old. */
export function touches(route: string, causes: readonly Cause[]): boolean {
  const known = READS[route];
  return !known || known.some((cause) => causes.includes(cause));
}
