/** The burn-up by uPlot, loaded where it is drawn. Colours are those of the theme, as the browser resolves them. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Curves } from "./forecast";

const FONT = "11px system-ui, sans-serif";

/** What a name of the palette is here and now. */
function colour(node: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(--color-${name})`;
  node.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Answers the function that takes it away again. */
export function draw(node: HTMLElement, data: Curves, tongue: string): () => void {
  let chart: uPlot | undefined;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const make = () => {
    chart?.destroy();
    chart = new uPlot(options(node, tongue), [data.at, data.total, data.early, data.late, data.likely, data.delivered], node);
  };
  make();
  const watch = new ResizeObserver(() => chart?.setSize(size(node)));
  watch.observe(node);
  dark.addEventListener("change", make);
  return () => {
    watch.disconnect();
    dark.removeEventListener("change", make);
    chart?.destroy();
  };
}

const size = (node: HTMLElement) => ({ width: Math.max(120, node.clientWidth), height: Math.max(80, node.clientHeight) });

function options(node: HTMLElement, tongue: string): uPlot.Options {
  const [ink, line, ok, accent] = ["muted", "line", "ok", "accent"].map((name) => colour(node, name));
  const axis = { stroke: ink, font: FONT, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1, size: 4 } };
  const day = new Intl.DateTimeFormat(tongue, { day: "numeric", month: "short" });
  const time = new Intl.DateTimeFormat(tongue, { hour: "2-digit", minute: "2-digit" });
  const dashed = { stroke: accent, width: 1, points: { show: false } };
  return {
    ...size(node),
    cursor: { show: false },
    legend: { show: false },
    scales: { y: { range: (_, __, most) => [0, Math.max(1, most) * 1.05] } },
    axes: [
      { ...axis, size: 28, values: (_, splits, __, ___, step) => splits.map((at) => (step >= 86_400 ? day : time).format(at * 1000)) },
      { ...axis, size: 36, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000] },
    ],
    series: [
      {},
      { stroke: ink, width: 1, dash: [2, 3], points: { show: false } },
      { ...dashed, dash: [2, 3] },
      { ...dashed, dash: [2, 3] },
      { ...dashed, width: 2, dash: [6, 4] },
      { stroke: ok, width: 2, points: { show: false }, paths: uPlot.paths.stepped?.({ align: 1 }) },
    ],
    bands: [{ series: [2, 3], fill: colour(node, "accent-soft") }],
  };
}
