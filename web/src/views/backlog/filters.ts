/** The filters of the backlog as the address keeps them: words with commas between them. Pure. */

/** What the chips of states are called here, and the word the service knows. */
export const STATES = { ready: "ready", waiting: "blocked", active: "active", suspended: "suspended", failed: "failed", delivered: "delivered" } as const; // prettier-ignore
export const COVERAGES = ["proved", "guarded", "attested", "none"] as const;
export type Shown = keyof typeof STATES;

export function chosen(param: string): string[] {
  return [...new Set(param.split(",").map((word) => word.trim()))].filter(Boolean);
}

/** The word put in, or taken out. */
export function toggled(param: string, word: string): string {
  const words = chosen(param);
  return (words.includes(word) ? words.filter((one) => one !== word) : [...words, word]).join(",");
}
