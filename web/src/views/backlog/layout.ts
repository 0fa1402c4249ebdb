/** Where the boxes and lines of a dependency graph stand. Pure; slow for large graphs, so a worker does it. */
import { Graph, layout as arrange } from "@dagrejs/dagre";
import { BOX, type Drawing, type Wanted } from "./drawing";

const GAP = { between: 14, ranks: 52, apart: 32 };

/** What hangs together is laid out from left to right; what stands alone, in rows below. */
export function drawn({ keys, edges }: Wanted): Drawing {
  const tied = new Set(edges.flatMap(({ from, to }) => [from, to]));
  const drawing = tied.size ? chained(keys.filter((key) => tied.has(key)), edges) : { width: 0, height: 0, boxes: {}, lines: [] };
  return besides(drawing, keys.filter((key) => !tied.has(key)));
}

function chained(keys: string[], edges: Wanted["edges"]): Drawing {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", nodesep: GAP.between, ranksep: GAP.ranks, marginx: 0, marginy: 0 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const key of keys) graph.setNode(key, { ...BOX });
  for (const { from, to } of edges) graph.setEdge(from, to);
  arrange(graph);
  const boxes: Drawing["boxes"] = {};
  for (const key of keys) {
    const { x, y } = graph.node(key) as { x: number; y: number };
    boxes[key] = { x: x - BOX.width / 2, y: y - BOX.height / 2 };
  }
  // From the middle of one side to the middle of the other; between them, only the bends at the ranks that are passed.
  const side = (key: string, right: boolean) => ({ x: (boxes[key]?.x ?? 0) + (right ? BOX.width : 0), y: (boxes[key]?.y ?? 0) + BOX.height / 2 });
  const lines = edges.map(({ from, to }) => {
    const between = (graph.edge(from, to) as { points: Drawing["lines"][number]["points"] }).points.slice(2, -2);
    return { from, to, points: [side(from, true), ...between, side(to, false)] };
  });
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return { width, height, boxes, lines };
}

function besides(drawing: Drawing, alone: string[]): Drawing {
  if (!alone.length) return drawing;
  const step = { x: BOX.width + GAP.between, y: BOX.height + GAP.between };
  const columns = Math.max(1, Math.floor(drawing.width / step.x), Math.ceil(Math.sqrt(alone.length / 2)));
  const top = drawing.height ? drawing.height + GAP.apart : 0;
  alone.forEach((key, index) => {
    drawing.boxes[key] = { x: (index % columns) * step.x, y: top + Math.floor(index / columns) * step.y };
  });
  const width = Math.max(drawing.width, Math.min(columns, alone.length) * step.x - GAP.between);
  return { ...drawing, width, height: top + Math.ceil(alone.length / columns) * step.y - GAP.between };
}
