/** The views: each is loaded when it is first looked at. */
import type { Component } from "svelte";
import type { View } from "../router.svelte";

type Load = () => Promise<{ default: Component }>;

export const LOAD: Record<View, Load> = {
  now: () => import("../views/Now.svelte"),
  portfolio: () => import("../views/Portfolio.svelte"),
  backlog: () => import("../views/Backlog.svelte"),
  item: () => import("../views/Item.svelte"),
  mission: () => import("../views/Mission.svelte"),
  slots: () => import("../views/Slots.svelte"),
  chat: () => import("../views/Chat.svelte"),
  evidence: () => import("../views/Evidence.svelte"),
  journal: () => import("../views/Journal.svelte"),
  report: () => import("../views/Report.svelte"),
  validation: () => import("../views/Validation.svelte"),
  settings: () => import("../views/Settings.svelte"),
};

/** `g` and then this key goes to the view. */
export const GO_KEYS: Record<string, Exclude<View, "item">> = {
  n: "now", p: "portfolio", b: "backlog", m: "mission", s: "slots", c: "chat", e: "evidence", j: "journal", r: "report", v: "validation", ",": "settings",
}; // prettier-ignore
