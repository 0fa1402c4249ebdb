/** Colours for code, line by line: sugar-high's grammars (17 kB for all of them), as spans of text, never as HTML. */
import { parse, type ParseOptions, type TokenType } from "sugar-high/core";

export interface Piece {
  kind: string;
  text: string;
}

/** Only these are coloured (Diff.svelte); the rest is plain. */
const KINDS: Partial<Record<TokenType, string>> = { keyword: "keyword", string: "string", class: "type", property: "property", comment: "comment" }; // prettier-ignore
const LINE_MAX = 2000; // characters; longer lines are shown plain
/** A grammar is what a module of sugar-high/lang holds; its own types are narrower than what it takes. */
export type Grammar = ParseOptions;
const EXTENSIONS: Record<string, () => Promise<unknown>> = {
  css: () => import("sugar-high/lang/css"),
  go: () => import("sugar-high/lang/go"),
  java: () => import("sugar-high/lang/java"),
  js: () => import("sugar-high/lang/javascript"),
  json: () => import("sugar-high/lang/json"),
  py: () => import("sugar-high/lang/python"),
  rs: () => import("sugar-high/lang/rust"),
  sh: () => import("sugar-high/lang/shell"),
  sql: () => import("sugar-high/lang/sql"),
  toml: () => import("sugar-high/lang/toml"),
  ts: () => import("sugar-high/lang/typescript"),
  yaml: () => import("sugar-high/lang/yaml"),
  html: () => import("sugar-high/lang/html"),
  c: () => import("sugar-high/lang/c"),
};
const ALIKE: Record<string, string> = { mjs: "js", cjs: "js", jsx: "js", tsx: "ts", mts: "ts", pyi: "py", bash: "sh", zsh: "sh", yml: "yaml", jsonc: "json", svelte: "html", vue: "html", xml: "html", svg: "html", h: "c" }; // prettier-ignore

/** The grammar for a file by its name; undefined where there is none. */
export async function grammar(path: string): Promise<Grammar | undefined> {
  const ending = path.slice(path.lastIndexOf(".") + 1).toLowerCase();
  return (await EXTENSIONS[ALIKE[ending] ?? ending]?.()) as Grammar | undefined;
}

export function pieces(line: string, options: Grammar | undefined): Piece[] {
  if (!options || !line || line.length > LINE_MAX) return [{ kind: "name", text: line }];
  const tokens = parse(line, options).lines.flatMap((one) => one.tokens);
  const found = tokens.map(({ type, value }) => ({ kind: KINDS[type] ?? "name", text: value }));
  // whatever the grammar makes of it, the reader sees the line as it is
  return found.map(({ text }) => text).join("") === line ? found : [{ kind: "name", text: line }];
}
