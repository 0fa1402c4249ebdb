/** The parts every view is made of. What is heavy (Markdown, Diff) is imported by its own name, where it is used. */
export { default as Badge } from "./Badge.svelte";
export { default as Button } from "./Button.svelte";
export { default as Card } from "./Card.svelte";
export { default as Dialog } from "./Dialog.svelte";
export { default as Empty } from "./Empty.svelte";
export { default as ErrorState } from "./ErrorState.svelte";
export { default as Field } from "./Field.svelte";
export { default as Loading } from "./Loading.svelte";
export { default as Menu } from "./Menu.svelte";
export { default as Page } from "./Page.svelte";
export { default as Progress } from "./Progress.svelte";
export { default as Refusal } from "./Refusal.svelte";
export { default as Shown } from "./Shown.svelte";
export { default as Split } from "./Split.svelte";
export { default as Table, type Column } from "./Table.svelte";
export { default as Tabs } from "./Tabs.svelte";
export { default as Time } from "./Time.svelte";
export { toast } from "./toasts.svelte";
