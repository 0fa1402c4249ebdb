/** Where the bars of the timeline lie. Pure. */
import type { Bar, GanttChart } from "../../api";
import type { Tone } from "../../ui/states";

export type Range = "all" | "week" | "day" | "hour";
export const RANGES: Range[] = ["all", "week", "day", "hour"];
const MS: Record<Exclude<Range, "all">, number> = { week: 7 * 86_400_000, day: 86_400_000, hour: 3_600_000 };
const STEPS = [1, 5, 15, 30, 60, 180, 360, 720, 1440, 2880, 10_080, 20_160, 43_200, 129_600, 525_600].map((minutes) => minutes * 60_000);
export const LEAST = 3; // pixels of a bar, so that a short attempt is seen

export interface Span {
  from: number;
  to: number;
}

/** From the first bar, or the start of the range before the last one, to the end of the last bar. */
export function span(bars: readonly Bar[], range: Range): Span {
  const to = Math.max(...bars.map((bar) => bar.end));
  const first = Math.min(...bars.map((bar) => bar.start));
  const from = range === "all" ? first : Math.max(first, to - MS[range]);
  return { from, to: Math.max(to, from + 1000) };
}

/** Ranges that would leave something out; "all" always. */
export function ranges(bars: readonly Bar[]): Range[] {
  const { from, to } = span(bars, "all");
  return RANGES.filter((range) => range === "all" || to - from > MS[range]);
}

export interface Drawn {
  bar: Bar;
  x: number;
  width: number;
}

/** The bars in sight, with their place in `width` pixels, by lanes and time. */
export function drawn(bars: readonly Bar[], { from, to }: Span, width: number): Drawn[] {
  const scale = width / (to - from);
  return bars
    .filter((bar) => bar.end >= from && bar.start <= to)
    .map((bar) => {
      const start = Math.max(from, bar.start);
      const long = Math.max(LEAST, (Math.min(to, bar.end) - start) * scale);
      return { bar, x: Math.min((start - from) * scale, Math.max(0, width - long)), width: long };
    })
    .sort((one, other) => one.bar.lane - other.bar.lane || one.bar.start - other.bar.start);
}

/** Times of the lines behind the bars: full steps of the person's clock, as many as have room. */
export function ticks({ from, to }: Span, width: number, room = 90): number[] {
  const most = Math.max(1, Math.floor(width / room));
  const step = STEPS.find((one) => (to - from) / one <= most) ?? STEPS[STEPS.length - 1] ?? 1;
  const offset = new Date(from).getTimezoneOffset() * 60_000;
  const found: number[] = [];
  for (let at = Math.ceil((from - offset) / step) * step + offset; at <= to; at += step) found.push(at);
  return found;
}

/** The place in `all` to go to from the place `at` by a key; undefined for any other key. */
export function moved(all: readonly Drawn[], at: number, key: string): number | undefined {
  if (key === "ArrowRight") return Math.min(all.length - 1, at + 1);
  if (key === "ArrowLeft") return Math.max(0, at - 1);
  if (key === "Home") return 0;
  if (key === "End") return all.length - 1;
  const here = all[at];
  if (!here || (key !== "ArrowDown" && key !== "ArrowUp")) return undefined;
  const lanes = [...new Set(all.map(({ bar }) => bar.lane))];
  const lane = lanes[lanes.indexOf(here.bar.lane) + (key === "ArrowDown" ? 1 : -1)];
  if (lane === undefined) return at;
  const near = all.map((one, place) => ({ place, far: Math.abs(one.x - here.x), lane: one.bar.lane })).filter((one) => one.lane === lane);
  return near.reduce((best, one) => (one.far < best.far ? one : best)).place;
}

const BAD = new Set(["checks_red", "failed", "gave_up", "crashed", "timed_out", "could_not_run", "escaped", "weakened"]);
/** How an attempt's end is shown. */
export function toneOf(reason: string): Tone {
  if (reason === "delivered") return "ok";
  if (reason === "in_flight") return "info";
  return BAD.has(reason) ? "bad" : "warn";
}

/** Lanes that have something in sight, in their order. */
export function lanesOf(chart: GanttChart, bars: readonly Drawn[]): number[] {
  const used = new Set(bars.map(({ bar }) => bar.lane));
  return chart.lanes.map((_, at) => at).filter((at) => used.has(at));
}
