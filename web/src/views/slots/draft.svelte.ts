/** The draft of one slot: in memory at once, kept by the service a moment later, so that a reload loses nothing. */
import { onDestroy } from "svelte";
import { read, send } from "../../api";
import { draftOf, isEmpty, keyOf, NOTHING, type Draft } from "./rework";

const REST_MS = 400; // after the last change

export class Drafting {
  #value = $state.raw<Draft>(NOTHING);
  /** False when the service could not keep it. */
  kept = $state(true);
  #key: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #touched = false;

  constructor(workspace: string, slot: string) {
    this.#key = keyOf(workspace, slot);
    void read("/api/preferences/{key}", { key: this.#key }).then((answer) => {
      if (answer.ok && !this.#touched) this.#value = draftOf(answer.value.value);
    });
    const leave = () => this.#timer && this.#keep();
    addEventListener("pagehide", leave);
    onDestroy(() => {
      leave();
      removeEventListener("pagehide", leave);
    });
  }

  get value(): Draft {
    return this.#value;
  }
  set value(next: Draft) {
    this.#touched = true;
    this.#value = next;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#keep(), REST_MS);
  }

  /** Sent: nothing of it stays. */
  clear(): void {
    this.value = NOTHING;
  }

  #keep(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const value = isEmpty(this.#value) ? null : this.#value;
    void send("PUT", "/api/preferences/{key}", { key: this.#key }, { value }).then((answer) => (this.kept = answer.ok));
  }
}
