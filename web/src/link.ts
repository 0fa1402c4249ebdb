/**
 * The one line to the service: the session's token and one event stream, for all tabs. Runs in the shared worker
 * (worker.ts), or in the tab where the browser has no shared workers. The token is kept in memory only.
 */
import { EventReader } from "./sse";

export type LinkState = "connecting" | "live" | "stale" | "disconnected" | "signed-out";

export interface WorkspaceName {
  id: string;
  name: string;
}

export interface Entered {
  token: string;
  ticket: string;
}

export type Up =
  | { type: "hello"; secret?: string; ticket?: string; entered?: Entered } // `entered`: boot.js was quicker
  | { type: "unauthorised"; token: string } // a request of this tab was answered with 401
  | { type: "retry" }
  | { type: "leave" } // the person signs out, in all tabs
  | { type: "bye" };

export type Down =
  | { type: "session"; token: string; ticket: string }
  | { type: "state"; state: LinkState; since: number; refused: boolean }
  | { type: "event"; id: string; name: string; data: unknown };

const SILENCE_MS = 40_000; // the service beats every 15 s
const STALE_MS = 6_000; // a gap shorter than this is not called disconnected
const BACKOFF_MS = [250, 500, 1000, 2000, 4000, 8000, 15_000];
const EXCHANGE_MS = 10_000;

export class Link {
  #token = "";
  #ticket = "";
  #lastId = "";
  #state: Down & { type: "state" } = { type: "state", state: "connecting", since: Date.now(), refused: false };
  #lostAt = 0;
  #failures = 0;
  #following = false;
  #exchanging: Promise<void> = Promise.resolve();
  #stop: AbortController | undefined;
  #wake: (() => void) | undefined;

  constructor(private readonly tell: (message: Down) => void) {}

  /** What a tab that comes later has to know. */
  get snapshot(): Down[] {
    return this.#token ? [this.#session, this.#state] : [this.#state];
  }

  get #session(): Down {
    return { type: "session", token: this.#token, ticket: this.#ticket };
  }

  hear(message: Up): void {
    if (message.type === "hello") this.#queue(() => this.#hello(message));
    else if (message.type === "unauthorised") this.#queue(() => this.#renew(message.token));
    else if (message.type === "retry") this.#wake?.();
    else if (message.type === "leave") this.#queue(() => this.#leave());
  }

  /** The token is worth nothing from now on, wherever it is; without the service, it is forgotten here at least. */
  async #leave(): Promise<void> {
    const token = this.#token;
    this.#token = this.#ticket = this.#lastId = "";
    this.#stop?.abort();
    this.#signOut(false);
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    if (token) await fetch("/api/session", { method: "DELETE", headers, body: "{}" }).catch(() => undefined);
  }

  /** One exchange at a time: secrets and tickets serve once. */
  #queue(work: () => Promise<void>): void {
    this.#exchanging = this.#exchanging.then(work, work);
  }

  async #hello({ secret, ticket, entered }: Up & { type: "hello" }): Promise<void> {
    if (entered) {
      this.#token = entered.token;
      this.#ticket = entered.ticket;
      this.#begin();
      return;
    }
    if (secret && (await this.#exchange(secret))) return;
    if (this.#token) return;
    if (ticket && ticket !== this.#ticket && (await this.#exchange(ticket))) return;
    if (!this.#token) this.#signOut(Boolean(secret));
  }

  async #renew(token: string): Promise<void> {
    if (token !== this.#token) return; // an old one: a newer session is there already
    const ticket = this.#ticket;
    this.#token = this.#ticket = "";
    this.#stop?.abort();
    if (!ticket || !(await this.#exchange(ticket))) this.#signOut(false);
  }

  /** False when the service refused the secret; waits and asks again while the service cannot be reached. */
  async #exchange(secret: string): Promise<boolean> {
    for (let failures = 0; ; failures++) {
      try {
        const answer = await fetch("/api/session", {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ secret }),
          signal: AbortSignal.timeout(EXCHANGE_MS),
        });
        if (answer.ok) {
          const session = (await answer.json()) as { token: string; ticket: string };
          this.#token = session.token;
          this.#ticket = session.ticket;
          this.#begin();
          return true;
        }
        if (answer.status < 500 && answer.status !== 429) return false;
      } catch {
        // not reached: the secret is still good
      }
      this.#lost();
      await this.#pause(failures);
    }
  }

  #begin(): void {
    this.tell(this.#session);
    this.#stop?.abort();
    void this.#follow();
  }

  async #follow(): Promise<void> {
    if (this.#following) return;
    this.#following = true;
    while (this.#token) {
      const token = this.#token;
      try {
        await this.#stream(token);
      } catch {
        // the line broke; what follows is the same as for an end
      }
      if (!this.#token) break;
      if (token !== this.#token) continue; // a new session: at once
      this.#lost();
      await this.#pause(this.#failures++);
    }
    this.#following = false;
  }

  async #stream(token: string): Promise<void> {
    const stop = new AbortController();
    this.#stop = stop;
    let watch = setTimeout(() => stop.abort(), SILENCE_MS);
    try {
      const headers: Record<string, string> = { Authorization: `Bearer ${token}`, Accept: "text/event-stream" };
      if (this.#lastId) headers["Last-Event-ID"] = this.#lastId;
      const answer = await fetch("/api/events", { headers, signal: stop.signal, cache: "no-store" });
      if (answer.status === 401) return this.#queue(() => this.#renew(token));
      if (!answer.ok || !answer.body) throw new Error(`the stream answered ${answer.status}`);
      const reader = new EventReader((event) => this.#event(event.id, event.name, event.data));
      const chunks = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await chunks.read();
        if (done) return;
        clearTimeout(watch);
        watch = setTimeout(() => stop.abort(), SILENCE_MS);
        this.#live();
        reader.push(value);
      }
    } finally {
      clearTimeout(watch);
      stop.abort();
    }
  }

  #event(id: string, name: string, data: string): void {
    if (id) this.#lastId = id;
    if (name === "ping") return;
    let value: unknown;
    try {
      value = JSON.parse(data);
    } catch {
      return; // not ours
    }
    this.tell({ type: "event", id, name, data: value });
  }

  #live(): void {
    this.#failures = 0;
    this.#lostAt = 0;
    this.#set("live");
  }

  #lost(): void {
    this.#lostAt ||= Date.now();
    if (Date.now() - this.#lostAt > STALE_MS) this.#set("disconnected");
    else if (this.#state.state === "live") this.#set("stale");
  }

  #signOut(refused: boolean): void {
    this.#set("signed-out", refused);
  }

  #set(state: LinkState, refused = false): void {
    if (this.#state.state === state && this.#state.refused === refused) return;
    this.#state = { type: "state", state, since: Date.now(), refused };
    this.tell(this.#state);
  }

  /** Wait for the next try; `retry` cuts it short. */
  #pause(failures: number): Promise<void> {
    const most = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)] ?? 15_000;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, most * (0.75 + Math.random() / 2)); // spread, so that pages do not knock together
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
