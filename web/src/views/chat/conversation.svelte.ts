/** What is said in one session: its newest page, older ones on request, and what events bring meanwhile. */
import { read, type Failure } from "../../api";
import { withMessage, withNewest, withOlder, withText, type MessageEvent, type Said, type TextEvent } from "../../talk";

const PAGE = 30;

export class Conversation {
  messages = $state.raw<readonly Said[]>([]);
  failure = $state.raw<Failure | undefined>(undefined);
  loaded = $state(false);
  fetching = $state(false);
  next = $state("");
  #arrived: Set<string> | undefined; // while the newest page is read
  #again = false;

  constructor(
    readonly workspace: string,
    readonly session: string,
  ) {}

  /** Read the newest page; asked meanwhile, once more after it. */
  async load(): Promise<void> {
    if (this.#arrived) {
      this.#again = true;
      return;
    }
    const arrived = (this.#arrived = new Set());
    const answer = await this.#page("");
    this.#arrived = undefined;
    if (answer.ok) {
      this.failure = undefined;
      this.messages = withNewest(this.messages, answer.value.messages, arrived);
      if (!this.loaded) this.next = answer.value.next;
      this.loaded = true;
    } else if (answer.code !== "DISCONNECTED") this.failure = answer;
    if (this.#again) {
      this.#again = false;
      void this.load();
    }
  }

  async older(): Promise<void> {
    if (!this.next || this.fetching) return;
    this.fetching = true;
    const answer = await this.#page(this.next);
    this.fetching = false;
    if (!answer.ok) {
      this.failure = answer;
      return;
    }
    this.failure = undefined;
    this.messages = withOlder(this.messages, answer.value.messages);
    this.next = answer.value.next;
  }

  hear(event: MessageEvent): void {
    if (!this.#mine(event)) return;
    this.#arrived?.add(event.message.id);
    this.messages = withMessage(this.messages, event);
  }

  grow(event: TextEvent): void {
    if (!this.#mine(event)) return;
    this.#arrived?.add(event.message);
    this.messages = withText(this.messages, event);
  }

  #mine({ workspace, session }: { workspace: string; session: string }): boolean {
    return workspace === this.workspace && session === this.session;
  }

  #page(before: string) {
    const { workspace, session } = this;
    return read("/api/sessions/{session}/messages", { workspace, session, limit: PAGE, before });
  }
}
