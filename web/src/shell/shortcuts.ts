/** Keys of the whole page. Nothing is taken from somebody who types. */
import { router } from "../router.svelte";
import { GO_KEYS } from "./views";

const GO_MS = 1200; // between g and the key that follows

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

export function shortcuts(open: { palette: () => void; keys: () => void }): (event: KeyboardEvent) => void {
  let gone = 0; // when g was pressed
  return (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open.palette();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("[role=dialog]")) return;
    const view = GO_KEYS[event.key];
    if (event.timeStamp - gone < GO_MS && gone && view) {
      event.preventDefault();
      router.go(view);
    } else if (event.key === "/") {
      event.preventDefault();
      const field = document.querySelector<HTMLElement>("main input[type=search]");
      if (field) field.focus();
      else open.palette();
    } else if (event.key === "?") open.keys();
    gone = event.key === "g" ? event.timeStamp : 0;
  };
}
