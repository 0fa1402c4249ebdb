/** Both languages say the same things: the compiler holds the keys together, this the names in braces. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { en } from "../src/i18n/en";
import { fr } from "../src/i18n/fr";
import { ago, fill, preferred, speak, type Message } from "../src/i18n/index.svelte";

const names = (message: Message): string[] =>
  [...new Set([...JSON.stringify(message).matchAll(/\{(\w+)\}/g)].map(([, name]) => name!))].sort();

test("French fills in what English does", () => {
  for (const key of Object.keys(en) as (keyof typeof en)[]) expect([key, names(fr[key])]).toEqual([key, names(en[key])]);
});

test("numbers choose their form, in each language its own", () => {
  const rows = { one: "{count} row", other: "{count} rows" };
  expect(fill(rows, { count: 0 }, "en")).toBe("0 rows");
  expect(fill(rows, { count: 1 }, "en")).toBe("1 row");
  expect(fill(rows, { count: 0 }, "fr")).toBe("0 row"); // French: zero is singular
});

test("what a value holds is no further filled", () => {
  expect(fill("{a} {b} {c}", { a: "{b}", b: "x" }, "en")).toBe("{b} x {c}");
});

test("the first language of the browser that we speak", () => {
  expect(preferred(["de-DE", "fr-CA", "en"])).toBe("fr");
  expect(preferred(["de"])).toBe("en");
});

test("how long ago", () => {
  speak("en");
  const now = Date.parse("2026-01-02T00:00:00Z");
  expect(ago("2026-01-01T23:59:40Z", now)).toBe("now");
  expect(ago("2026-01-01T21:00:00Z", now)).toMatch(/^3 h/);
  expect(ago("never", now)).toBe("never");
});

test("no view writes a text of its own", () => {
  const folder = new URL("../src/", import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: "utf-8" }).filter((name) => name.endsWith(".svelte"));
  const found = files.flatMap((name) => {
    const markup = readFileSync(new URL(name, folder), "utf-8")
      .replace(/<script[\s\S]*?<\/script>|<style[\s\S]*?<\/style>|<!--[\s\S]*?-->|<code[^>]*>[^<]*<\/code>|<kbd[^>]*>[^<]*<\/kbd>/g, "");
    // braces away, from the inside out, then tags: what is left is text as it stands
    let bare = markup;
    for (let before = ""; before !== bare; ) [before, bare] = [bare, bare.replace(/\{[^{}]*\}/g, "")];
    const attributes = [...bare.matchAll(/\s(?:title|label|aria-label|placeholder|text|hint)="([^"]*[A-Za-z]{3}[^"]*)"/g)].map(([, text]) => text);
    const texts = [...bare.replace(/<[^>]*>/g, "\n").matchAll(/[A-Za-zÀ-ÿ]{3,}[^\n]*/g)].map(([text]) => text);
    return [...attributes, ...texts].map((text) => `${name}: ${text}`);
  });
  // names, the same in every language; keys of words given to a component
  const allowed = /: (Echelon|English|Français|nav\.\w+)\s*$/;
  expect(found.filter((text) => !allowed.test(text))).toEqual([]);
});
