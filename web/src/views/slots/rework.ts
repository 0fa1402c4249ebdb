/** Comments on a slot's diff before they are sent: pure. The limits are those of the action, core/levels/rework.py. */
import type { DiffFile } from "../../api";
import { isRemoved, type Side } from "../../ui/diffs";

export interface Comment {
  path: string;
  /** Of the file as it is in the slot; 0 for the whole file. */
  line: number;
  /** A removed line, by its number in the base. */
  side?: "old";
  text: string;
}

export type Spot = Omit<Comment, "text">;
export const spot = (path: string, line: number, side: Side): Spot => (side === "old" ? { path, line, side } : { path, line });
const same = (one: Spot, other: Spot) => one.path === other.path && one.line === other.line && one.side === other.side;

export interface Draft {
  comments: Comment[];
  note: string;
}

export const REMARKS_MAX = 50;
export const REMARK_MAX = 1000; // characters of one
export const NOTE_MAX = 2000;
export const SAID_MAX = 4000; // characters of all
const OPENING = 80; // what the service puts before them
const REMOVED = 32; // and around the number of a removed line
export const NOTHING: Draft = { comments: [], note: "" };

const isComment = (value: unknown): value is Comment =>
  typeof value === "object" &&
  value !== null &&
  typeof (value as Comment).path === "string" &&
  typeof (value as Comment).text === "string" &&
  Number.isInteger((value as Comment).line) &&
  [undefined, "old"].includes((value as Comment).side);

/** A draft out of what was kept, whatever that is. */
export function draftOf(value: unknown): Draft {
  if (typeof value !== "object" || value === null) return NOTHING;
  const { comments, note } = value as { comments?: unknown; note?: unknown };
  return {
    comments: (Array.isArray(comments) ? comments : []).filter(isComment).slice(0, REMARKS_MAX),
    note: typeof note === "string" ? note.slice(0, NOTE_MAX) : "",
  };
}

/** With this comment, in the order of the files; a comment without words goes. One for each place. */
export function put(draft: Draft, comment: Comment): Draft {
  const others = draft.comments.filter((other) => !same(other, comment));
  const text = comment.text.trim().slice(0, REMARK_MAX);
  const comments = text ? [...others, { ...comment, text }] : others;
  comments.sort((one, other) => one.path.localeCompare(other.path) || one.line - other.line || (one.side ?? "").localeCompare(other.side ?? ""));
  return { ...draft, comments };
}

export const find = (draft: Draft, at: Spot): Comment | undefined => draft.comments.find((comment) => same(comment, at));

export const isEmpty = (draft: Draft): boolean => !draft.comments.length && !draft.note.trim();

/** As many characters as the agent will be told; a little more rather than less. */
export function said(draft: Draft): number {
  const rows = draft.comments.map(({ path, line, side, text }) => path.length + String(line).length + (side ? REMOVED : 0) + text.length + 5);
  return isEmpty(draft) ? 0 : OPENING + rows.reduce((sum, row) => sum + row, 0) + draft.note.trim().length;
}

/** Whether the line is still shown by the changes. */
export function placed(files: readonly DiffFile[], comment: Comment): boolean {
  const file = files.find(({ path }) => path === comment.path);
  return Boolean(file && (comment.line === 0 || file.hunks.some(({ lines }) => lines.some((line) => (comment.side ? isRemoved(line) && line.old : line.new) === comment.line))));
}

/** What became of the words beside the next attempt's briefing: the service's `data.told`. */
export interface Told {
  how: "queued" | "begun" | "none";
  session: string;
  why: "" | "no_session" | "stopped" | "over" | "absent" | "lost";
}

/** The name of a draft among the preferences: letters, digits, points and dashes, 60 characters at most. */
export function keyOf(workspace: string, slot: string): string {
  let hash = 0;
  for (const letter of `${workspace}/${slot}`) hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) >>> 0;
  const plain = slot.replace(/[^a-zA-Z0-9.-]/g, "-").slice(0, 40);
  return `rework.${hash.toString(36)}.${plain}`;
}
