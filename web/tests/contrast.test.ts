/** WCAG AA by computation: 4.5 for text, 3 for edges of controls, in both themes. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const css = readFileSync(new URL("../src/app.css", import.meta.url), "utf-8");
const colors = Object.fromEntries(
  [...css.matchAll(/--color-([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(([, name, light, dark]) => [name!, [light!, dark!]]),
);

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}
function contrast(one: string, other: string): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high! + 0.05) / (low! + 0.05);
}

const grounds = ["canvas", "surface", "raised", "sunken"];
const tones = ["ok", "warn", "bad", "info", "accent"];
const texts = [
  ...grounds.flatMap((ground) => ["ink", "muted", ...tones].map((text) => [text, ground])),
  ...tones.flatMap((tone) => [[tone, `${tone}-soft`], ["ink", `${tone}-soft`], ["muted", `${tone}-soft`]]),
  ["on-accent", "accent"],
  // code in a diff, on the colour of its line
  ...["ok-soft", "bad-soft"].flatMap((ground) => ["info", "ok", "accent", "muted"].map((text) => [text, ground])),
];

test.each(["light", "dark"])("%s", (name) => {
  const theme = name === "light" ? 0 : 1;
  expect(Object.keys(colors).length).toBeGreaterThan(15);
  const weak = (pairs: string[][], least: number) =>
    pairs.map(([a, b]) => [a, b, contrast(colors[a!]![theme]!, colors[b!]![theme]!)] as const).filter(([, , found]) => found < least);
  expect(weak(texts, 4.5)).toEqual([]);
  expect(weak(["canvas", "surface", "raised"].map((ground) => ["edge", ground]), 3)).toEqual([]);
});
