/**
 * Notifications of the browser for what waits anew, while nobody looks at the page. Only on request. One tab tells for
 * all of them: the one that holds the lock. Reads nothing while nothing changes.
 */
import { read, type Overview, type Pending } from "./api";
import { connection } from "./connection.svelte";
import { notify } from "./preferences.svelte";
import { router } from "./router.svelte";
import { t } from "./views/now/now.words";
import type { Kind } from "./views/now/answers";

const GAP_MS = 1_000; // between two looks at a workspace
const BODY_MAX = 200; // characters of somebody else's text
const AREAS = new Set(["items", "missions", "journal", "evidence", "portfolio", "settings"]);

interface Thing {
  id: string;
  kind: Kind;
  title: string;
}

const supported = typeof Notification !== "undefined";

class Notices {
  permission = $state<NotificationPermission | "unsupported">(supported ? Notification.permission : "unsupported");
  #leading = false;
  #known = new Map<string, Set<string>>(); // by workspace and source
  #looking = new Map<string, ReturnType<typeof setTimeout>>();

  get wanted(): boolean {
    return notify.value;
  }
  get on(): boolean {
    return notify.value && this.permission === "granted";
  }

  /** By a click only: the browser asks the person then. */
  async turn(on: boolean): Promise<void> {
    notify.value = on;
    if (on && supported && this.permission === "default") this.permission = await Notification.requestPermission();
    if (this.on) void this.#begin();
  }

  /** Hear what happens, for as long as the page lives. */
  follow(): void {
    connection.on<{ workspace: string; areas: string[] }>("state", ({ workspace, areas }) => {
      if (this.#active && areas.some((area) => AREAS.has(area))) this.#soon(workspace);
    });
    connection.on<Pending & { workspace: string }>("pending", ({ workspace, ...asked }) => {
      if (this.#active) this.#tell(workspace, "host", asking(asked));
    });
    if (navigator.locks)
      void navigator.locks.request("echelon.notices", () => {
        this.#leading = true;
        if (this.on) void this.#begin();
        return new Promise(() => undefined); // until the tab goes
      });
    else this.#leading = true;
  }

  get #active(): boolean {
    return this.#leading && this.on;
  }

  /** What waits already is no news. */
  async #begin(): Promise<void> {
    const all = await read("/api/workspaces", {});
    if (!all.ok) return;
    for (const { id } of all.value.workspaces) {
      const asked = await read("/api/pending", { workspace: id });
      if (asked.ok && !this.#known.has(`${id} host`)) this.#known.set(`${id} host`, new Set(asking(asked.value).map((row) => row.id)));
      await this.#look(id);
    }
  }

  #soon(workspace: string): void {
    if (this.#looking.has(workspace)) return;
    this.#looking.set(
      workspace,
      setTimeout(() => {
        this.#looking.delete(workspace);
        void this.#look(workspace);
      }, GAP_MS),
    );
  }

  async #look(workspace: string): Promise<void> {
    const answer = await read("/api/overview", { workspace });
    if (answer.ok) this.#tell(workspace, "files", (answer.value as Overview).inbox);
  }

  #tell(workspace: string, source: string, things: readonly Thing[]): void {
    const key = `${workspace} ${source}`;
    const known = this.#known.get(key);
    this.#known.set(key, new Set(things.map(({ id }) => id)));
    if (!known || document.hasFocus()) return;
    for (const thing of things) if (!known.has(thing.id)) this.#show(workspace, thing);
  }

  #show(workspace: string, { id, kind, title }: Thing): void {
    const notice = new Notification(`${t(`kind.${kind}`)} · Echelon`, { body: title.slice(0, BODY_MAX), tag: `echelon ${workspace} ${id}`, icon: "/icon.svg" });
    notice.onclick = () => {
      window.focus();
      router.go("now", "", { w: workspace, open: id });
      notice.close();
    };
  }
}

const asking = ({ questions = [], permissions = [] }: Pending): Thing[] => [
  ...permissions.map((one): Thing => ({ id: one.id, kind: "permission", title: `${one.permission}: ${one.patterns[0] ?? ""}` })),
  ...questions.map((one): Thing => ({ id: one.id, kind: "question", title: one.questions[0]?.question ?? one.title })),
];

export const notices = new Notices();
