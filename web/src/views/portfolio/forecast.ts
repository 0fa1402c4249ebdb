/** The forecast as points of the burn-up, and as dates. Pure. */
import type { BurnUpChart, ForecastChart } from "../../api";

export interface Curves {
  /** Seconds since 1970, rising. */
  at: number[];
  delivered: (number | null)[];
  total: number[];
  /** From the last step on; null before. */
  early: (number | null)[];
  late: (number | null)[];
  likely: (number | null)[];
}

export function curves(burn: BurnUpChart, ahead: ForecastChart): Curves {
  const done = burn.steps.map((step) => [step.at / 1000, step.delivered] as const);
  const last = done[done.length - 1];
  const ends = last && ahead.likely !== null ? [ahead.early ?? 0, ahead.likely ?? 0, ahead.late ?? 0].map((at) => at / 1000) : [];
  const later = [...new Set(ends)].filter((at) => last && at > last[0]).sort((one, other) => one - other);
  const at = [...done.map(([time]) => time), ...later];
  const line = (end: number | undefined) =>
    at.map((time) => {
      if (!last || end === undefined || time < last[0]) return null;
      if (time >= end) return burn.total;
      return last[1] + ((burn.total - last[1]) * (time - last[0])) / (end - last[0]);
    });
  return {
    at,
    delivered: at.map((_, place) => done[place]?.[1] ?? null),
    total: at.map(() => burn.total),
    early: line(ends[0]),
    likely: line(ends[1]).map((count, place) => ((at[place] ?? 0) > (ends[1] ?? 0) ? null : count)),
    late: line(ends[2]),
  };
}

const DAY = 86_400_000;
/** Two ends of an interval in the words of the language; with the hour where they are near. */
export function interval(early: number, late: number, tongue: string): { early: string; late: string; short: string } {
  const near = late - early < 2 * DAY;
  const format = new Intl.DateTimeFormat(tongue, near ? { dateStyle: "medium", timeStyle: "short" } : { dateStyle: "medium" });
  return { early: format.format(early), late: format.format(late), short: format.formatRange(early, late) };
}

/** "2 d 3 h", "45 min", "12 s": of milliseconds, in the language's short units. */
export function duration(ms: number, tongue: string): string {
  const seconds = Math.round(ms / 1000);
  const units: [number, string][] = [[86_400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]]; // prettier-ignore
  const first = units.findIndex(([size]) => seconds >= size);
  const shown = first < 0 ? units.slice(-1) : units.slice(first, first + (first < 2 ? 2 : 1));
  let rest = seconds;
  const said = shown.map(([size, unit], place) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return place && !count ? "" : new Intl.NumberFormat(tongue, { style: "unit", unit, unitDisplay: "narrow" }).format(count);
  });
  return said.filter(Boolean).join(" ");
}
