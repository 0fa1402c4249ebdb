/** Server-sent events from a stream of text, as the HTML standard reads them. */

export interface StreamEvent {
  id: string;
  name: string;
  data: string;
}

const EVENT_MAX = 4_000_000; // characters of one event; more is no event of ours

export class EventReader {
  #rest = "";
  #id = "";
  #name = "";
  #data: string[] = [];
  #size = 0;

  constructor(private readonly emit: (event: StreamEvent) => void) {}

  push(chunk: string): void {
    const text = this.#rest + chunk;
    // a chunk may end between CR and LF: that CR waits for the next chunk
    const whole = text.endsWith("\r") ? text.slice(0, -1) : text;
    const lines = whole.split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? "") + text.slice(whole.length);
    for (const line of lines) this.#line(line);
    if (this.#rest.length + this.#size > EVENT_MAX) throw new Error("an event of the stream is too large");
  }

  #line(line: string): void {
    if (line === "") {
      if (this.#data.length) this.emit({ id: this.#id, name: this.#name || "message", data: this.#data.join("\n") });
      this.#name = "";
      this.#data = [];
      this.#size = 0;
      return;
    }
    if (line.startsWith(":")) return;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#name = value;
    else if (field === "data") {
      this.#data.push(value);
      this.#size += value.length;
    } else if (field === "id" && !value.includes("\0")) this.#id = value;
  }
}
