/** Loaded only where Markdown is shown: marked reads it, DOMPurify keeps what is harmless, by a list of what may be. */
import DOMPurify from "dompurify";
import { Marked } from "marked";
import { t } from "../i18n/index.svelte";

const TAGS = ["h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "ul", "ol", "li", "pre", "code", "blockquote", "em", "strong", "del", "table", "thead", "tbody", "tr", "th", "td", "a"]; // prettier-ignore
const ATTRIBUTES = ["href", "start", "align"];
const TEXT_MAX = 400_000; // characters; the rest is cut, and said so by what is missing in the file's view
const AHEAD = /^(https?:|mailto:)/i;

const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** HTML in Markdown is shown as the text it is; a picture is its description; a box to tick is a sign. */
const reader = new Marked({
  gfm: true,
  renderer: {
    html: ({ text }) => escaped(text),
    image: ({ text }) => escaped(t("markdown.image", { text })),
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
  },
});

const purifier = DOMPurify(window);
purifier.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName === "PRE" || node.tagName === "TABLE") node.setAttribute("tabindex", "0"); // scrolled by keyboard
  if (node.tagName !== "A") return;
  const href = node.getAttribute("href") ?? "";
  if (!AHEAD.test(href)) {
    node.removeAttribute("href"); // links into files lead nowhere from here
    return;
  }
  node.setAttribute("target", "_blank");
  node.setAttribute("rel", "noopener noreferrer");
  const host = href.startsWith("mailto:") ? "" : hostOf(href);
  if (host && node.textContent !== href) node.append(` (${host})`);
});

function hostOf(href: string): string {
  try {
    return new URL(href).host;
  } catch {
    return href;
  }
}

/** Headings go on from the page's own, `level` for the uppermost, and none is left out on the way down. */
function settle(made: DocumentFragment, level: number): void {
  const open: number[] = []; // what the text called those that the present one stands below
  for (const heading of made.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    const said = Number(heading.tagName.slice(1));
    while (open.length && open[open.length - 1]! >= said) open.pop();
    open.push(said);
    const fitting = document.createElement(`h${Math.min(6, level + open.length - 1)}`);
    fitting.replaceChildren(...heading.childNodes);
    heading.replaceWith(fitting);
  }
}

export function fragment(source: string, level = 3): DocumentFragment {
  const html = reader.parse(source.slice(0, TEXT_MAX), { async: false });
  const made = purifier.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
  settle(made, level);
  for (const head of made.querySelectorAll("th")) {
    if (head.textContent?.trim()) continue;
    head.replaceWith(document.createElement("td")); // an empty heading is none
  }
  return made;
}
