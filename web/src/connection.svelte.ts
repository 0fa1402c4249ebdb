/** This tab's end of the Link: the token, the state of the line, and the events. */
import { Link, type Down, type LinkState, type Up } from "./link";

const TICKET = "echelon.ticket";
type Listener = (data: never) => void;

class Connection {
  state = $state<LinkState>("connecting");
  since = $state(Date.now());
  /** The secret of the address was refused: too old, or used before. */
  refused = $state(false);
  #token = "";
  #waiting: ((token: string) => void)[] = [];
  #listeners = new Map<string, Set<Listener>>();
  #post: (message: Up) => void = () => undefined;

  /** Take the secret from the address, or the ticket of a reload, and open the line. */
  open(): void {
    const secret = new URLSearchParams(location.hash.slice(1)).get("k") ?? undefined;
    if (location.hash) history.replaceState(history.state, "", location.pathname + location.search);
    this.#post = this.#line();
    const hello = (with_secret?: string) =>
      this.#post({ type: "hello", secret: with_secret, ticket: storage((s) => s.getItem(TICKET)) ?? undefined });
    hello(secret);
    addEventListener("pagehide", () => this.#post({ type: "bye" }));
    addEventListener("pageshow", (event) => event.persisted && hello());
  }

  #line(): (message: Up) => void {
    if (typeof SharedWorker === "undefined") {
      const link = new Link((message) => this.#hear(message));
      return (message) => link.hear(message);
    }
    const worker = new SharedWorker(new URL("./worker.ts", import.meta.url), { type: "module", name: "echelon" });
    worker.port.onmessage = ({ data }: MessageEvent<Down>) => this.#hear(data);
    return (message) => worker.port.postMessage(message);
  }

  #hear(message: Down): void {
    if (message.type === "session") {
      this.#token = message.token;
      storage((s) => s.setItem(TICKET, message.ticket));
      for (const go of this.#waiting.splice(0)) go(message.token);
    } else if (message.type === "state") {
      this.state = message.state;
      this.since = message.since;
      this.refused = message.refused;
      if (message.state === "signed-out") {
        this.#token = "";
        storage((s) => s.removeItem(TICKET)); // worth nothing any more
      }
    } else this.#listeners.get(message.name)?.forEach((listener) => listener(message.data as never));
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
