/** This tab's end of the Link: the token, the state of the line, and the events. */
import { Link, type Down, type Entered, type LinkState, type Up } from "./link";

const TICKET = "echelon.ticket";
type Listener = (data: never) => void;

/** What public/boot.js has begun before this was loaded. The worker, where there is one, hears hello from there. */
interface Early {
  worker?: SharedWorker;
  secret?: string;
  entered?: Promise<Entered | null>;
}

class Connection {
  state = $state<LinkState>("connecting");
  since = $state(Date.now());
  /** The secret of the address was refused: too old, or used before. */
  refused = $state(false);
  #token = "";
  #waiting: ((token: string) => void)[] = [];
  #listeners = new Map<string, Set<Listener>>();
  #post: (message: Up) => void = () => undefined;

  /** Take over the line that boot.js has opened, or open one of this tab's own. */
  open(): void {
    const hi = (secret?: string): Up => ({ type: "hello", secret, ticket: storage((s) => s.getItem(TICKET)) ?? undefined });
    const early = (globalThis as { echelon?: Early }).echelon ?? {};
    this.#post = this.#line(early.worker);
    if (!early.worker) void Promise.resolve(early.entered).then((entered) => this.#post(entered ? { type: "hello", entered } : hi(early.secret)));
    else void early.entered?.then((entered) => entered && this.#enter(entered)); // the worker says the same, later
    addEventListener("pagehide", () => this.#post({ type: "bye" }));
    addEventListener("pageshow", (event) => event.persisted && this.#post(hi()));
  }

  #line(worker?: SharedWorker): (message: Up) => void {
    if (!worker) {
      const link = new Link((message) => this.#hear(message));
      return (message) => link.hear(message);
    }
    worker.port.onmessage = ({ data }: MessageEvent<Down>) => this.#hear(data);
    return (message) => worker.port.postMessage(message);
  }

  #hear(message: Down): void {
    if (message.type === "session") this.#enter(message);
    else if (message.type === "state") {
      this.state = message.state;
      this.since = message.since;
      this.refused = message.refused;
      if (message.state === "signed-out") {
        this.#token = "";
        storage((s) => s.removeItem(TICKET)); // worth nothing any more
      }
    } else this.#listeners.get(message.name)?.forEach((listener) => listener(message.data as never));
  }

  #enter({ token, ticket }: Entered): void {
    this.#token = token;
    storage((s) => s.setItem(TICKET, ticket));
    for (const go of this.#waiting.splice(0)) go(token);
  }

  /** The token, as soon as there is one. */
  token(signal?: AbortSignal): Promise<string> {
    if (this.#token) return Promise.resolve(this.#token);
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve);
      signal?.addEventListener("abort", () => reject(signal.reason as Error));
    });
  }

  /** A request was answered with 401: the token is done. */
  expired(token: string): void {
    if (token === this.#token) this.#token = "";
    this.#post({ type: "unauthorised", token });
  }

  /** Sign out: this browser, with all its tabs. */
  leave(): void {
    this.#post({ type: "leave" });
  }

  retry(): void {
    this.#post({ type: "retry" });
  }

  /** Hear an event of the stream by its name; answers the function that ends it. */
  on<T>(name: string, listener: (data: T) => void): () => void {
    const all = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, all.add(listener as Listener));
    return () => all.delete(listener as Listener);
  }
}

function storage<T>(use: (store: Storage) => T): T | undefined {
  try {
    return use(sessionStorage);
  } catch {
    return undefined; // storage is off: a reload asks for a new address, that is all
  }
}

export const connection = new Connection();
