/** What addresses of the page mean: /view/rest…?w=WORKSPACE&…. Pure. */

export const VIEWS = [
  "now", "portfolio", "backlog", "mission", "slots", "chat", "evidence", "journal", "report", "validation", "settings",
] as const; // prettier-ignore
export type View = (typeof VIEWS)[number] | "item";

export interface Place {
  view: View | "";
  /** What follows the view, decoded: of /item/PRJ-1/ITEM-2, "PRJ-1/ITEM-2". */
  rest: string;
  query: URLSearchParams;
}

export function parse(path: string, search: string): Place {
  const [first = "", ...rest] = path.split("/").filter(Boolean);
  const view = first === "" ? "now" : first === "item" || (VIEWS as readonly string[]).includes(first) ? first : "";
  return { view: view as Place["view"], rest: rest.map(decoded).join("/"), query: new URLSearchParams(search) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a broken escape is shown as it was typed
  }
}

export function format(view: View, rest: string, query: Iterable<[string, string]>): string {
  const path = ["", view, ...rest.split("/").filter(Boolean).map(encodeURIComponent)].join("/");
  const search = new URLSearchParams([...query].filter(([, value]) => value !== "")).toString();
  return search ? `${path}?${search}` : path;
}
