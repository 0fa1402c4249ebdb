/** How a kind of entry looks and is called. What the file calls otherwise is shown as it is. */
import type { Tone } from "../../ui/states";
import { t } from "../journal.words";

const TONES: [RegExp, Tone][] = [
  [/_failed$/, "bad"],
  [/^escalation$|_suspended$|_waived$/, "warn"],
  [/_delivered$|^decision$/, "ok"],
  [/_(started|resumed|reopened)$/, "info"],
];

export const toneOf = (type: string): Tone => TONES.find(([words]) => words.test(type))?.[1] ?? "neutral";

export function nameOf(type: string): string {
  const said = t(`type.${type}` as "type.decision");
  return said === `type.${type}` ? type : said;
}
