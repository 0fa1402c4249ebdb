/** The days of a sparkline. Pure. */
import type { DayCost } from "../../api";

const DAY_MS = 86_400_000;

/** The last `count` days to `today` (UTC, as the service counts), those without anything too. */
export function lastDays(known: readonly DayCost[], today: string, count: number): DayCost[] {
  const by = new Map(known.map((row) => [row.day, row]));
  const end = Date.parse(`${today}T00:00:00Z`);
  return Array.from({ length: count }, (_, at) => {
    const day = new Date(end - (count - 1 - at) * DAY_MS).toISOString().slice(0, 10);
    return by.get(day) ?? { day, tokens: 0, cost: 0, attempts: 0, delivered: 0 };
  });
}
