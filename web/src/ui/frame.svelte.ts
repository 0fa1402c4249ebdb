/** The frame of every dialog, once it is there: loaded once for the page. */
import type DialogFrame from "./DialogFrame.svelte";

class Frame {
  shown = $state.raw<typeof DialogFrame>();

  async load(): Promise<void> {
    this.shown ??= (await import("./DialogFrame.svelte")).default;
  }
}

export const frame = new Frame();
