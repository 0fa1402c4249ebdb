/** The draft of a plan: kept while it is typed, looked at by the service, written at the end. */
import { read, send, type Failure } from "../../api";
import { act, post } from "../../data.svelte";
import { language } from "../../i18n/index.svelte";
import { outcome } from "./outcome.svelte";
import { blank, isDraft, placed, touched, written, type Draft, type Written } from "./form";

const KEEP_MS = 500; // after the last key
const LOOK_MS = 350;

interface Look {
  path: string;
  items: number;
  gaps: { line: number; message: string }[];
  leftOut: number;
}

export class Planning {
  draft = $state<Draft>(blank());
  loaded = $state(false);
  kept = $state(true);
  /** Gaps by field, of the answers as they were looked at last. */
  gaps = $state.raw(new Map<string, string[]>());
  look = $state.raw<Look>();
  /** Why no plan may go here at all, or why the writing was refused. */
  refused = $state.raw<Failure>();
  readonly form: Written = $derived(written(this.draft, language()));
  #keeping: ReturnType<typeof setTimeout> | undefined;
  #looking: ReturnType<typeof setTimeout> | undefined;
  #asked = "";

  constructor(
    readonly workspace: string,
    target: string,
    /** What the project is called until somebody says otherwise. */
    readonly name: string,
  ) {
    this.draft = blank(target, name);
  }

  get touched(): boolean {
    return touched(this.draft, this.name);
  }

  get #key(): string {
    return `plan.${this.workspace || "first"}`;
  }

  async load(): Promise<void> {
    const answer = await read("/api/preferences/{key}", { key: this.#key });
    const value = answer.ok ? (answer.value as { value?: unknown }).value : undefined;
    if (isDraft(value)) this.draft = { ...value, target: this.draft.target || value.target };
    this.loaded = true;
  }

  /** Called when an answer has changed: keeps it, and has it looked at, each a moment after the last key. */
  changed(): void {
    const value = $state.snapshot(this.draft);
    clearTimeout(this.#keeping);
    this.#keeping = setTimeout(() => {
      this.#keeping = undefined;
      void this.#keep(value);
    }, KEEP_MS);
    clearTimeout(this.#looking);
    this.#looking = setTimeout(() => void this.check(), LOOK_MS);
  }
  async #keep(value: Draft): Promise<void> {
    const answer = await send("PUT", "/api/preferences/{key}", { key: this.#key }, { value: touched(value, this.name) ? value : null });
    this.kept = answer.ok || answer.code === "DISCONNECTED";
  }

  async check(): Promise<void> {
    const form = this.form;
    const asked = (this.#asked = `${this.draft.target}\n${form.text}`);
    const answer = await post<Look>("/api/plan/look", {}, { answers: form.text, targetDir: this.draft.target });
    if (asked !== this.#asked) return; // typed on meanwhile
    this.refused = answer.ok ? undefined : answer;
    this.look = answer.ok ? answer.value : undefined;
    this.gaps = answer.ok ? placed(answer.value.gaps, form) : new Map();
  }

  /** Whether it was written. */
  async write(): Promise<boolean> {
    const args = { brief: this.draft.objective.slice(0, 2000), answers: this.form.text, target_dir: this.draft.target };
    const answer = await act("plan_project", args);
    if (!answer.ok) {
      this.refused = answer;
      return false;
    }
    outcome.message = answer.value.message;
    this.draft = blank();
    clearTimeout(this.#keeping);
    this.#keeping = undefined;
    await this.#keep(blank());
    return true;
  }

  discard(): void {
    this.draft = blank(this.draft.target, this.name);
    this.changed();
  }
  /** The page is left: what was typed last is kept at once. */
  close(): void {
    clearTimeout(this.#looking);
    if (!this.#keeping) return;
    clearTimeout(this.#keeping);
    void this.#keep($state.snapshot(this.draft));
  }
}
