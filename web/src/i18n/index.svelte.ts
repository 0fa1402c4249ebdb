/** Every text of the page, in the person's language. Views bring their own words: `const t = words({ en, fr })`. */
import { en } from "./en";
import { fr } from "./fr";

export type Language = "en" | "fr";
/** `one` for the numbers the language says so of; `{count}` and other names in braces are filled. */
export type Message = string | { one: string; other: string };
export type Fill = Record<string, string | number>;
type Words = Record<string, Message>;

const spoken = $state<{ language: Language }>({ language: "en" });
export const language = (): Language => spoken.language;

export function speak(to: Language): void {
  spoken.language = to;
  if (typeof document !== "undefined") document.documentElement.lang = to;
}

export function preferred(tags: readonly string[]): Language {
  for (const tag of tags) {
    const short = tag.slice(0, 2).toLowerCase();
    if (short === "en" || short === "fr") return short;
  }
  return "en";
}

const plurals = { en: new Intl.PluralRules("en"), fr: new Intl.PluralRules("fr") };

export function fill(message: Message, values: Fill, tongue: Language): string {
  const text =
    typeof message === "string" ? message : plurals[tongue].select(Number(values.count)) === "one" ? message.one : message.other;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? number(value) : value;
  });
}

/** A label before what it names: French has a space before the colon, where no line ends. */
export const colon = (label: string): string => `${label}${spoken.language === "fr" ? "\u00a0" : ""}:`;

/** The words of a view: both languages have the same keys, which the compiler checks. */
export function words<W extends Words>(all: { en: W; fr: { [K in keyof W]: Message } }): (key: keyof W & string, values?: Fill) => string {
  return (key, values = {}) => fill(all[spoken.language][key] ?? all.en[key] ?? key, values, spoken.language);
}

export const t = words<typeof en>({ en, fr });
export type Key = keyof typeof en;

const once = <T>(make: (tongue: Language) => T): (() => T) => {
  const made: Partial<Record<Language, T>> = {};
  return () => (made[spoken.language] ??= make(spoken.language));
};
const formats = {
  number: once((tongue) => new Intl.NumberFormat(tongue, { maximumFractionDigits: 2 })),
  short: once((tongue) => new Intl.NumberFormat(tongue, { notation: "compact", maximumFractionDigits: 1 })),
  percent: once((tongue) => new Intl.NumberFormat(tongue, { style: "percent", maximumFractionDigits: 0 })),
  money: once((tongue) => new Intl.NumberFormat(tongue, { style: "currency", currency: "USD", maximumFractionDigits: 2 })),
  moment: once((tongue) => new Intl.DateTimeFormat(tongue, { dateStyle: "medium", timeStyle: "medium" })),
  day: once((tongue) => new Intl.DateTimeFormat(tongue, { dateStyle: "medium" })),
  ago: once((tongue) => new Intl.RelativeTimeFormat(tongue, { numeric: "auto", style: "short" })),
};

export const number = (value: number): string => formats.number().format(value);
/** 1.2 M: for tokens and other large figures. */
export const short = (value: number): string => formats.short().format(value);
/** 0.25 is "25 %". */
export const percent = (value: number): string => formats.percent().format(value);
/** US dollars, which OpenCode counts in. */
export const money = (value: number): string => formats.money().format(value);
export const moment = (at: string | number | Date): string => said(at, formats.moment());
export const day = (at: string | number | Date): string => said(at, formats.day());

function said(at: string | number | Date, format: Intl.DateTimeFormat): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : format.format(date);
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [["day", 86_400], ["hour", 3600], ["minute", 60]]; // prettier-ignore

/** "3 min ago"; below a minute, "now". */
export function ago(at: string | number | Date, now: number): string {
  const seconds = (new Date(at).getTime() - now) / 1000;
  if (Number.isNaN(seconds)) return String(at);
  for (const [unit, size] of UNITS) if (Math.abs(seconds) >= size) return formats.ago().format(Math.trunc(seconds / size), unit);
  return formats.ago().format(0, "second");
}
