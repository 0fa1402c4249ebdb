/** What events of OpenCode change in what was read of it. Pure. */
import type { EchelonConsoleTalkSession as Session, Part, Said, Sessions } from "./client/types.gen";

export type { Part, Said, Session, Sessions };

export interface SessionEvent extends Partial<Session> {
  workspace: string;
  session: string;
  created?: boolean;
  error?: string;
}
/** `removed`: the id of the part, or of the message, that is gone. */
export interface MessageEvent {
  workspace: string;
  session: string;
  message: Said;
  removed?: string;
}
export interface TextEvent {
  workspace: string;
  session: string;
  message: string;
  part: string;
  delta: string;
}

const UNKNOWN: Session = { id: "", title: "", agent: "", parent: "", directory: "", slot: "", status: "idle", cost: 0, tokens: 0, updated: "" };
const NOT_OF_IT = new Set(["workspace", "session", "created", "error"]);

export function withSession(data: Sessions, event: SessionEvent): Sessions {
  const sessions = data.sessions ?? [];
  if (event.status === "deleted") return { ...data, sessions: sessions.filter(({ id }) => id !== event.session) };
  const facts = Object.fromEntries(Object.entries(event).filter(([name]) => !NOT_OF_IT.has(name)));
  if (!sessions.some(({ id }) => id === event.session))
    return event.created ? { ...data, sessions: [{ ...UNKNOWN, ...facts, id: event.session }, ...sessions] } : data;
  return { ...data, sessions: sessions.map((row) => (row.id === event.session ? { ...row, ...facts } : row)) };
}

/** A message, or what changed of one: `null` is "as before", and `parts` are those that changed. */
export function withMessage(messages: readonly Said[], { message, removed }: MessageEvent): Said[] {
  if (removed === message.id) return messages.filter(({ id }) => id !== removed);
  const old = messages.find(({ id }) => id === message.id);
  if (removed) return messages.map((row) => (row === old ? { ...row, parts: (row.parts ?? []).filter(({ id }) => id !== removed) } : row));
  const head = Object.fromEntries(Object.entries(message).filter(([name, value]) => name !== "parts" && value !== null && value !== undefined));
  const merged: Said = { role: "assistant", ...old, ...head, id: message.id, parts: withParts(old?.parts ?? [], message.parts ?? []) };
  return old ? messages.map((row) => (row === old ? merged : row)) : [...messages, merged];
}

function withParts(old: readonly Part[], changed: readonly Part[]): Part[] {
  const by = new Map(changed.map((part) => [part.id, part]));
  const kept = old.map((part) => by.get(part.id) ?? part);
  const known = new Set(old.map(({ id }) => id));
  return [...kept, ...changed.filter(({ id }) => !known.has(id))];
}

/** A text that grows. */
export function withText(messages: readonly Said[], { message, part, delta }: TextEvent): Said[] {
  const old = messages.find(({ id }) => id === message)?.parts?.find(({ id }) => id === part);
  const grown: Part = { ...(old ?? { id: part, type: "text" }), text: (old?.text ?? "") + delta };
  return withMessage(messages, { workspace: "", session: "", message: { id: message, parts: [grown] } });
}

/** Older messages before those there are; none twice. */
export function withOlder(messages: readonly Said[], older: readonly Said[]): Said[] {
  const known = new Set(messages.map(({ id }) => id));
  return [...older.filter(({ id }) => !known.has(id)), ...messages];
}

/**
 * The newest page, read anew. Older pages stay, and so does what `arrived` while it was read. A text that grew here is
 * longer than what OpenCode stored of it: it writes a text when it ends.
 */
export function withNewest(messages: readonly Said[], newest: readonly Said[], arrived: ReadonlySet<string> = new Set()): Said[] {
  const first = newest[0];
  const at = first ? messages.findIndex(({ id }) => id === first.id) : -1;
  const known = new Map(messages.map((row) => [row.id, row]));
  const listed = new Set(newest.map(({ id }) => id));
  return [
    ...(at < 0 ? [] : messages.slice(0, at)),
    ...newest.map((row) => grown(row, known.get(row.id))),
    ...messages.filter(({ id }) => arrived.has(id) && !listed.has(id)),
  ];
}

function grown(row: Said, old: Said | undefined): Said {
  if (!old) return row;
  const texts = new Map((old.parts ?? []).map((part) => [part.id, part]));
  const longer = (part: Part) => {
    const was = texts.get(part.id);
    return was && was.type === part.type && !part.state && (was.text ?? "").startsWith(part.text ?? "") ? was : part;
  };
  const ids = new Set((row.parts ?? []).map(({ id }) => id));
  return { ...row, parts: [...(row.parts ?? []).map(longer), ...(old.parts ?? []).filter(({ id }) => !ids.has(id))] };
}

export interface Branch {
  session: Session;
  depth: number;
}

/** Sessions as a tree: roots as they come (newest first), those that one called below it, oldest first. */
export function branches(sessions: readonly Session[]): Branch[] {
  const known = new Set(sessions.map(({ id }) => id));
  const below = new Map<string, Session[]>();
  for (const row of sessions) {
    const parent = known.has(row.parent) && row.parent !== row.id ? row.parent : "";
    below.set(parent, [...(below.get(parent) ?? []), row]);
  }
  const found: Branch[] = [];
  const seen = new Set<string>();
  const walk = (parent: string, depth: number) => {
    const rows = below.get(parent) ?? [];
    for (const session of depth ? [...rows].reverse() : rows) {
      if (seen.has(session.id)) continue;
      seen.add(session.id);
      found.push({ session, depth });
      walk(session.id, depth + 1);
    }
  };
  walk("", 0);
  return found;
}

/** A session and those below it. */
export function family(sessions: readonly Session[], root: string): Set<string> {
  const found = new Set([root]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const row of sessions) if (found.has(row.parent)) found.add(row.id);
  }
  return found;
}

/** `/task do it` as a command and its words; undefined for what is no command. */
export function commandOf(text: string): { command: string; arguments: string } | undefined {
  const found = /^\/([A-Za-z][\w-]*)(?:\s+([\s\S]*))?$/.exec(text.trim());
  return found ? { command: found[1] ?? "", arguments: (found[2] ?? "").trim() } : undefined;
}
