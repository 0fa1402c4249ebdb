/** Short messages that go by themselves: `toast(text)`. A refusal is never one: it is shown where it happened. */
export type ToastKind = "info" | "ok" | "bad";

export interface Message {
  id: number;
  text: string;
  kind: ToastKind;
}

const SHOWN = 4;
export const TOAST_MS = 8000;
let last = 0;
export const toasts = $state<Message[]>([]);

export function toast(text: string, kind: ToastKind = "info"): void {
  toasts.push({ id: ++last, text, kind });
  if (toasts.length > SHOWN) toasts.shift();
}

export function dismiss(id: number): void {
  const at = toasts.findIndex((message) => message.id === id);
  if (at >= 0) toasts.splice(at, 1);
}
