// Lays out the graphs that come as lines of JSON with dagre, and writes one line for each.
// benchmarks/pictures.py runs it; `npm install @dagrejs/dagre` in a folder, whose path NODE_PATH has, before.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const dagre = createRequire(`${process.env.NODE_PATH}/`)("@dagrejs/dagre");

for await (const line of createInterface({ input: process.stdin })) {
  const { sizes, edges, within, parents, apart, below } = JSON.parse(line);
  const graph = new dagre.graphlib.Graph({ compound: true, multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep: apart, edgesep: apart / 2, ranksep: below });
  graph.setDefaultEdgeLabel(() => ({}));
  const used = new Set();
  within.forEach((frame) => { for (let f = frame; f !== null; f = parents[f]) used.add(f); });
  used.forEach((frame) => graph.setNode(`f${frame}`, {}));
  used.forEach((frame) => { if (parents[frame] !== null) graph.setParent(`f${frame}`, `f${parents[frame]}`); });
  sizes.forEach(([width, height], i) => {
    graph.setNode(`n${i}`, { width, height });
    if (within[i] !== null) graph.setParent(`n${i}`, `f${within[i]}`);
  });
  edges.forEach(([source, target], i) => graph.setEdge(`n${source}`, `n${target}`, {}, String(i)));
  dagre.layout(graph);
  const box = ({ x, y, width, height }) => [x, y, width, height];
  console.log(JSON.stringify({
    boxes: sizes.map((_, i) => box(graph.node(`n${i}`)).slice(0, 2)),
    frames: parents.map((_, frame) => (used.has(frame) ? box(graph.node(`f${frame}`)) : null)),
    curves: edges.map(([source, target], i) => graph.edge(`n${source}`, `n${target}`, String(i)).points.map(({ x, y }) => [x, y])),
  }));
}
