/** Where the page is, by the History API; what addresses mean is in places.ts. */
import { format, parse, type Place, type View } from "./places";

export { VIEWS, type View } from "./places";

class Router {
  #place = $state.raw<Place>(parse(location.pathname, location.search));
  /** Counts navigations to another view or item: the heading takes the focus then, not when a filter changes. */
  arrivals = $state(0);

  get view(): Place["view"] {
    return this.#place.view;
  }
  get rest(): string {
    return this.#place.rest;
  }
  /** "" means the first workspace, as the service does. */
  get workspace(): string {
    return this.#place.query.get("w") ?? "";
  }
  /** One value of the address, for filters and tabs that a reload keeps. */
  param(name: string): string {
    return this.#place.query.get(name) ?? "";
  }
  /** Change values of the address without leaving the view. "" removes. */
  set(values: Record<string, string>, how: "push" | "replace" = "replace"): void {
    const query = new URLSearchParams(this.#place.query);
    for (const [name, value] of Object.entries(values)) query.set(name, value);
    this.#to(format(this.#place.view || "now", this.#place.rest, query), how, false);
  }
  /** The address of a view in this workspace; put it into <a href>. */
  href(view: View, rest = "", values: Record<string, string> = {}): string {
    return format(view, rest, Object.entries({ w: this.workspace, ...values }));
  }
  go(view: View, rest = "", values: Record<string, string> = {}): void {
    this.#to(this.href(view, rest, values), "push", true);
  }
  /** The same view about something else, while the person goes on with what they do: their focus stays. */
  turn(rest: string): void {
    this.#to(this.href(this.#place.view || "now", rest), "push", false);
  }
  /** The same view of another workspace; an item of one is none of another. */
  enter(workspace: string): void {
    const view = this.#place.view === "item" ? "backlog" : this.#place.view || "now";
    this.#to(format(view, "", [["w", workspace]]), "push", true);
  }
  #to(url: string, how: "push" | "replace", arriving: boolean): void {
    if (url === location.pathname + location.search) return;
    history[how === "push" ? "pushState" : "replaceState"](null, "", url);
    this.#read(arriving);
  }
  #read(arriving: boolean): void {
    this.#place = parse(location.pathname, location.search);
    if (arriving) this.arrivals++;
  }
  /** Follow the Back button and plain clicks on links of the page. */
  start(): void {
    addEventListener("popstate", () => this.#read(true));
    addEventListener("click", (event) => {
      if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      const link = (event.target as Element | null)?.closest?.("a");
      if (!link?.hasAttribute("href") || link.getAttribute("target") || link.hasAttribute("download")) return;
      const to = new URL(link.getAttribute("href") ?? "", location.href); // of a drawing's link too, which has no origin
      if (to.origin !== location.origin) return;
      if (to.hash && to.pathname === location.pathname) return;
      event.preventDefault();
      this.#to(to.pathname + to.search, "push", true);
    });
  }
}

export const router = new Router();
