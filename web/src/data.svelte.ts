/**
 * Reads of the service, kept while a view looks at them, and read anew when the stream says so. No polling: one request
 * at a time for each read; changes that come meanwhile make one more, after it.
 */
import { onDestroy, untrack } from "svelte";
import { read, send, type Answer, type Done, type Failure, type Route, type Values } from "./api";
import { isGlobal, touches, type Cause } from "./areas";
import { connection } from "./connection.svelte";
import { router } from "./router.svelte";
import { withSession, type SessionEvent } from "./talk";

const KEPT = 60; // reads nobody looks at, for going back without waiting
const GAP_MS = 120; // between two requests of one read

class Entry {
  data = $state.raw<unknown>(undefined);
  error = $state.raw<Failure | undefined>(undefined);
  loading = $state(false);
  stale = $state(true);
  watchers = 0;
  /** Which reading of which workspace the data is from. */
  from: Done["from"];
  #flying = false;
  #last = 0;
  #leaving = new AbortController();

  constructor(
    readonly route: Route,
    readonly values: Values,
    readonly workspace: string,
  ) {}

  /** Read when it is old, somebody looks, and the page is in sight. */
  refresh(): void {
    if (this.#flying || !this.stale || !this.watchers || document.hidden) return;
    this.#flying = this.loading = true;
    const wait = this.#last + GAP_MS - Date.now();
    setTimeout(() => void this.#fetch(), Math.max(0, wait));
  }

  /** What the stream brought itself. An answer that is on its way may be older: then it is read once more. */
  put(data: unknown): void {
    this.data = data;
    this.error = undefined;
    if (this.#flying) this.stale = true;
  }

  /** Nobody looks any more: a question that is still under way is taken back, as when somebody types on. */
  left(): void {
    this.watchers--;
    queueMicrotask(() => {
      if (!this.watchers && this.#flying) this.#leaving.abort(); // not for one who leaves and comes back at once
    });
  }

  async #fetch(): Promise<void> {
    if (this.#leaving.signal.aborted) this.#leaving = new AbortController();
    if (!this.watchers) {
      this.#flying = this.loading = false; // left before it was asked
      return;
    }
    this.stale = false;
    this.#last = Date.now();
    const answer = await read(this.route, this.values, this.#leaving.signal);
    if (answer.ok) {
      this.data = answer.value;
      this.error = undefined;
      this.from = answer.from;
      if (this.from && this.from.revision < (revisions.get(this.from.workspace) ?? 0)) this.stale = true;
    } else if (answer.code === "DISCONNECTED" || answer.code === "ABORTED")
      this.stale = true; // the line says so itself; read again when it is back
    else this.error = answer;
    if (!answer.ok && answer.code !== "ABORTED" && this.data === undefined) this.error = answer;
    this.#flying = this.loading = false;
    if (answer.ok || answer.code === "ABORTED") this.refresh();
  }
}

const entries = new Map<string, Entry>();
const revisions = new Map<string, number>(); // workspace -> what the stream said last

function entryOf(route: Route, values: Values, workspace: string): Entry {
  const key = JSON.stringify([route, Object.entries(values).sort()]);
  const found = entries.get(key);
  if (found) {
    entries.delete(key); // last used goes last
    entries.set(key, found);
    return found;
  }
  const entry = new Entry(route, values, workspace);
  entries.set(key, entry);
  const idle = [...entries].filter(([, { watchers }]) => !watchers);
  for (const [old] of idle.slice(0, Math.max(0, idle.length - KEPT))) entries.delete(old);
  return entry;
}

/** What changed; without a workspace, everywhere. */
export function invalidate(causes: readonly Cause[] | "all", workspace?: string): void {
  for (const entry of entries.values()) {
    if (workspace && entry.workspace && entry.workspace !== workspace) continue;
    if (causes !== "all" && !touches(entry.route, causes)) continue;
    entry.stale = true;
    entry.refresh();
  }
}

/** The workspace that an address without one means: the first of the list. */
function home(): string {
  for (const entry of entries.values())
    if (entry.route === "/api/workspaces" && entry.data) return (entry.data as Answer<"/api/workspaces">).workspaces[0]?.id ?? "";
  return "";
}

/** Change a read in place, when the stream brought the new value itself; one without an answer yet is read anew. */
export function patch<R extends Route>(route: R, workspace: string, change: (data: Answer<R>) => Answer<R>): void {
  for (const entry of entries.values()) {
    if (entry.route !== route || (entry.workspace || home()) !== workspace) continue;
    if (entry.data !== undefined) entry.put(change(entry.data as Answer<R>));
    else entry.stale = true;
    entry.refresh();
  }
}

export interface Read<T> {
  /** Undefined until the first answer; then always the last good one. */
  readonly data: T | undefined;
  readonly error: Failure | undefined;
  /** True only while there is nothing to show yet. */
  readonly loading: boolean;
  /** What is shown may be old: being read anew, or the line is gone. */
  readonly stale: boolean;
  reload(): void;
}

/**
 * Read a route for as long as the component lives. Values that change: pass a function; it answers null to read nothing.
 * The workspace of the address is added, unless the values name one.
 */
export function useRead<R extends Route>(route: R, values: Values | (() => Values | null) = {}): Read<Answer<R>> {
  const entry = $derived.by(() => {
    const given = typeof values === "function" ? values() : values;
    if (!given) return undefined;
    const workspace = isGlobal(route) ? "" : String(given.workspace ?? router.workspace);
    return untrack(() => entryOf(route, workspace ? { ...given, workspace } : given, workspace));
  });
  $effect(() => {
    const mine = entry;
    if (!mine) return;
    mine.watchers++;
    untrack(() => mine.refresh());
    return () => mine.left();
  });
  return {
    get data() {
      return entry?.data as Answer<R> | undefined;
    },
    get error() {
      return entry?.error;
    },
    get loading() {
      return Boolean(entry && entry.data === undefined && !entry.error);
    },
    get stale() {
      return Boolean(entry && (entry.stale || connection.state !== "live"));
    },
    reload() {
      if (!entry) return;
      entry.stale = true;
      entry.refresh();
    },
  };
}

export interface Paged<T> {
  readonly total: number;
  readonly loading: boolean;
  readonly error: Failure | undefined;
  readonly stale: boolean;
  /** The first page, for what it says besides its rows. */
  readonly first: Record<string, unknown> | undefined;
  at(index: number): T | undefined;
  /** Say which rows are in sight; their pages are read. Give it to Table as `onrange`. */
  want(from: number, to: number): void;
  reload(): void;
}

const PAGE = 200;

/** A long list, read by pages as it is scrolled: `field` names the rows in the answer, `count` their number. */
export function usePages<T>(
  route: Route,
  field: string,
  count: string,
  values: Values | (() => Values) = {},
): Paged<T> {
  let wanted = $state.raw<readonly number[]>([0]);
  const given = $derived(typeof values === "function" ? values() : values);
  const same = $derived(JSON.stringify(given));
  const pages = $derived.by(() => {
    const workspace = isGlobal(route) ? "" : String(given.workspace ?? router.workspace);
    return new Map(
      wanted.map((page) => {
        const query: Values = { ...given, offset: page * PAGE, limit: PAGE };
        if (workspace) query.workspace = workspace;
        return [page, untrack(() => entryOf(route, query, workspace))] as const;
      }),
    );
  });
  $effect(() => {
    void same; // another question starts at its first page
    untrack(() => (wanted = [0]));
  });
  $effect(() => {
    const mine = [...pages.values()];
    for (const entry of mine) {
      entry.watchers++;
      untrack(() => entry.refresh());
    }
    return () => mine.forEach((entry) => entry.left());
  });
  let last: typeof pages | undefined; // the answer to the question before stays until the next one is there
  const shown = $derived.by(() => {
    if ([...pages.values()].some((entry) => entry.data !== undefined || entry.error)) last = pages;
    return last ?? pages;
  });
  const answer = (page: number) => shown.get(page)?.data as Record<string, unknown> | undefined;
  const any = () => [...shown.values()].map((entry) => entry.data).find(Boolean) as Record<string, unknown> | undefined;
  return {
    get total() {
      return Number(any()?.[count] ?? 0);
    },
    get loading() {
      return !any() && !this.error;
    },
    get error() {
      return [...pages.values()].map((entry) => entry.error).find(Boolean);
    },
    get stale() {
      return connection.state !== "live" || [...pages.values()].some((entry) => entry.stale);
    },
    get first() {
      return answer(0) ?? any();
    },
    at(index) {
      return (answer(Math.floor(index / PAGE))?.[field] as T[] | undefined)?.[index % PAGE];
    },
    want(from, to) {
      const next: number[] = [];
      for (let page = Math.floor(from / PAGE); page <= Math.floor(Math.max(from, to - 1) / PAGE); page++) next.push(page);
      if (next.join() !== untrack(() => wanted).join()) wanted = next;
    },
    reload() {
      for (const entry of pages.values()) {
        entry.stale = true;
        entry.refresh();
      }
    },
  };
}

export interface Acted {
  ok: boolean;
  message: string;
  data?: unknown;
}

/** Do an action of the table in the workspace of the address. A refusal comes back as a value: show it with <Refusal>. */
export function act(action: string, args: Record<string, unknown> = {}): Promise<Done<Acted> | Failure> {
  return post<Acted>("/api/level/{action}", { action }, args);
}

/** Any other write, with the workspace added. */
export function post<T = unknown>(route: string, values: Values = {}, body: unknown = {}): Promise<Done<T> | Failure> {
  return send<T>("POST", route, { workspace: router.workspace, ...values }, body);
}

/** Hear an event of the stream for as long as the component lives. */
export function useEvent<T>(name: string, listener: (data: T) => void): void {
  onDestroy(connection.on(name, listener));
}

interface Row {
  key: string;
}

interface StateEvent {
  workspace: string;
  areas: Cause[];
  items?: Row[];
}

/** What the stream says of changed rows is shown at once; the rest of them, order and counts come with the read that follows. */
export function withRows<T extends { items?: readonly Row[] }>(data: T, changed: readonly Row[]): T {
  if (!data.items?.length || !changed.length) return data;
  const by = new Map(changed.map((row) => [row.key, row]));
  return { ...data, items: data.items.map((row) => ({ ...row, ...by.get(row.key) })) };
}

/** Bind the cache to the stream; once, when the page starts. */
export function follow(): void {
  connection.on<StateEvent & { revision: number }>("state", ({ workspace, revision, areas, items }) => {
    revisions.set(workspace, revision);
    if (items?.length)
      for (const entry of entries.values())
        if (entry.route === "/api/backlog" && entry.workspace === workspace && entry.data)
          entry.data = withRows(entry.data as { items?: Row[] }, items);
    invalidate(areas, workspace);
  });
  connection.on<{ revisions: Record<string, number> }>("hello", (hello) => {
    const back = revisions.size > 0; // what no revision speaks of may have changed while the line was gone
    for (const [workspace, revision] of Object.entries(hello.revisions)) revisions.set(workspace, revision);
    for (const entry of entries.values()) {
      const known = entry.from && revisions.get(entry.from.workspace);
      if (entry.from ? known !== entry.from.revision : back && entry.data !== undefined) entry.stale = true;
      entry.refresh(); // what failed while the line was gone, too
    }
  });
  connection.on<Answer<"/api/pending"> & { workspace: string }>("pending", ({ workspace, questions, permissions }) =>
    patch("/api/pending", workspace, () => ({ questions, permissions })),
  );
  connection.on<SessionEvent>("session", (event) => {
    patch("/api/sessions", event.workspace, (data) => withSession(data, event));
    if (event.status === "idle") invalidate(["host"], event.workspace); // what the turn did to its loop is not told
  });
  connection.on<{ workspace: string }>("host", ({ workspace }) => invalidate(["host", "pending", "workspaces"], workspace));
  connection.on("workspaces", () => invalidate(["workspaces"]));
  connection.on("reset", () => invalidate("all"));
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) for (const entry of entries.values()) entry.refresh();
  });
}
