// What there is: steps (leaves and operations, each after its inputs), edges in the order of the walk back, and frames,
// which are calls of modules, each after the one around it.

const data = JSON.parse(document.getElementById("data").textContent);
const { steps, edges, frames, layouts, width: W, height: H } = data;
const $ = (id) => document.getElementById(id);
const last = steps.length - 1;
const operations = steps.map((_, i) => i).filter((i) => steps[i].kind !== "leaf");

const into = steps.map(() => []); // the edges to the inputs of each step
const outOf = steps.map(() => []); // the edges to what uses each step
edges.forEach((edge) => { into[edge.to].push(edge); outOf[edge.from].push(edge); });
const sources = (i) => into[i].slice().sort((a, b) => a.input - b.input);

// How much of what reaches a result comes by each edge.
const total = outOf.map((parts) => parts.reduce((sum, edge) => sum + (Math.abs(edge.size) || 0), 0));
edges.forEach((edge) => { edge.part = total[edge.from] ? (Math.abs(edge.size) || 0) / total[edge.from] : 0; });

// Frames around frames and around steps, outermost first; what is within them; how deep they are.
const outside = [];
frames.forEach((frame, f) => outside.push(frame.parent === null ? [] : [...outside[frame.parent], frame.parent]));
const around = steps.map((step) => (step.frame === undefined ? [] : [...outside[step.frame], step.frame]));
const level = outside.map((chain) => chain.length);
const members = frames.map(() => []);
around.forEach((chain, i) => chain.forEach((f) => members[f].push(i)));
const deepest = layouts.length - 1;
const resultOf = (f) => members[f][members[f].length - 1]; // the step that a module ends with
const operationsOf = members.map((all) => all.filter((i) => steps[i].kind !== "leaf"));
