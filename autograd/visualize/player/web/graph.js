// What there is: steps (inputs, leaves and operations, each after its inputs), edges in the order of the walk back, then
// feeds, which are edges from inputs that need no gradient; and frames: calls of modules, each after the one around it.

const { steps, feeds, frames, layouts, width: W, height: H } = data;
const edges = [...data.edges, ...feeds];
const last = steps.length - 1;
const isGiven = (step) => step.kind === "leaf" || step.kind === "input";
const operations = steps.map((_, i) => i).filter((i) => !isGiven(steps[i]));

const into = steps.map(() => []); // the edges to the inputs of each step
const outOf = steps.map(() => []); // the edges to what uses each step
const fed = steps.map(() => []); // the feeds of each step
data.edges.forEach((edge) => { into[edge.to].push(edge); outOf[edge.from].push(edge); });
feeds.forEach((feed) => fed[feed.to].push(feed));
const sources = (i) => into[i].slice().sort((a, b) => a.input - b.input);
const allSources = (i) => [...into[i], ...fed[i]].sort((a, b) => (a.input < 0) - (b.input < 0) || a.input - b.input);

// How much of what reaches a result comes by each edge.
const total = outOf.map((parts) => parts.reduce((sum, edge) => sum + (Math.abs(edge.size) || 0), 0));
data.edges.forEach((edge) => { edge.part = total[edge.from] ? (Math.abs(edge.size) || 0) / total[edge.from] : 0; });

// Frames around frames and around steps, outermost first; what is within them; how deep they are.
const outside = [];
frames.forEach((frame, f) => outside.push(frame.parent === null ? [] : [...outside[frame.parent], frame.parent]));
const around = steps.map((step) => (step.frame === undefined ? [] : [...outside[step.frame], step.frame]));
const level = outside.map((chain) => chain.length);
const members = frames.map(() => []);
around.forEach((chain, i) => chain.forEach((f) => members[f].push(i)));
const deepest = layouts.length - 1;
const resultOf = (f) => members[f][members[f].length - 1]; // the step that a module ends with
const operationsOf = members.map((all) => all.filter((i) => !isGiven(steps[i])));
