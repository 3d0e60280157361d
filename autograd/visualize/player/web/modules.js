// Modules: which are open, and where everything goes then

const open = frames.map(() => true);
const standsIn = steps.map(() => -1); // the closed module whose box a step is a part of
const at = { steps: [], modules: [], frames: [] }; // the middle of each box; left, top, right and bottom of each frame
let bounds = [0, 0, 1, 1];

const outermostClosed = (chain) => {
  const f = chain.find((each) => !open[each]);
  return f === undefined ? -1 : f;
};
const elementOf = (i) => (standsIn[i] < 0 ? boxes[i] : moduleBoxes[standsIn[i]]);
const middleOf = (i) => (standsIn[i] < 0 ? at.steps[i] : at.modules[standsIn[i]]);

const unpacked = layouts.map(() => null);
function layoutOf(depth) { // as it was computed for the page: for each depth to which all modules are open
  if (!unpacked[depth]) {
    const layout = layouts[depth], found = { steps: [], modules: [], frames: [], lines: layout.lines, curves: layout.curves };
    ["steps", "modules", "frames"].forEach((kind) => layout[kind].forEach(([place, ...where]) => { found[kind][place] = where; }));
    unpacked[depth] = found;
  }
  return unpacked[depth];
}

// Where some modules are open and others beside them are not, things go where the layout has them in which all of that
// depth are open, a closed module in its frame, above what comes next, and the room that nothing needs any more is taken
// out.
function arrange() {
  steps.forEach((_, i) => { standsIn[i] = outermostClosed(around[i]); });
  const visible = frames.map((_, f) => outermostClosed(outside[f]) < 0);
  const depth = frames.reduce((most, _, f) => (visible[f] && open[f] ? Math.max(most, level[f] + 1) : most), 0);
  const layout = layoutOf(depth), early = (f) => level[f] < depth; // closed before the layout closes it
  at.steps = steps.map((_, i) => (standsIn[i] < 0 ? layout.steps[i] : null));
  at.frames = frames.map((_, f) => (visible[f] && open[f] ? layout.frames[f] : null));
  at.modules = frames.map((_, f) => (!visible[f] || open[f] ? null : early(f) ? withinFrame(f, layout) : layout.modules[f]));
  let points = edges.map((edge, e) => pointsOf(edge, layout, e, early));
  if (frames.some((_, f) => at.modules[f] && early(f))) points = takeRoomOut(points);
  draw(points);
}
function withinFrame(f, layout) { // in the column of its result
  const [x0, y0, x1, y1] = layout.frames[f], result = resultOf(f);
  const inner = around[result].find((g) => layout.modules[g]), box = layout.steps[result] || (inner !== undefined && layout.modules[inner]);
  const x = box ? box[0] : (x0 + x1) / 2;
  return [Math.max(x0 + W / 2, Math.min(x1 - W / 2, x)), (y0 + y1) / 2];
}

function pointsOf(edge, layout, e, early) { // of the curve of an edge, x and y in turn; none within one box
  const from = standsIn[edge.from], to = standsIn[edge.to];
  if (from >= 0 && from === to) return [];
  const known = layout.lines[e] >= 0 && !(from >= 0 && early(from)) && !(to >= 0 && early(to));
  edge.line.classList.toggle("far", layout.lines[e] < 0);
  if (known) return layout.curves[layout.lines[e]];
  const [x0, y0] = middleOf(edge.from), [x1, y1] = middleOf(edge.to), bend = (y1 - y0 - H) / 2;
  return [x0, y0 + H / 2, x0, y0 + H / 2 + bend, x1, y1 - H / 2 - bend, x1, y1 - H / 2];
}

function takeRoomOut(points) {
  const across = [], down = [];
  [...at.steps, ...at.modules].forEach((box) => {
    if (!box) return;
    across.push([box[0] - W / 2, box[0] + W / 2]);
    down.push([box[1] - H / 2, box[1] + H / 2]);
  });
  at.frames.forEach((frame) => {
    if (!frame) return;
    across.push([frame[0], frame[0] + 12], [frame[2] - 12, frame[2]], [frame[0] + frame[4], frame[0] + frame[4] + frame[5]]);
    down.push([frame[1], frame[1] + 24], [frame[3] - 12, frame[3]]);
  });
  const x = squeezed(across, 28), y = squeezed(down, 48);
  const both = (point) => point && [x(point[0]), y(point[1])];
  at.steps = at.steps.map(both);
  at.modules = at.modules.map(both);
  at.frames = at.frames.map((frame) => {
    if (!frame) return frame;
    const [x0, y0, x1, y1, title, wide] = frame;
    return [x(x0), y(y0), x(x1), y(y1), x(x0 + title) - x(x0), wide];
  });
  return points.map((curve) => curve.map((number, k) => (k % 2 ? y(number) : x(number))));
}

function squeezed(parts, gap) { // what is between the parts becomes as wide as `gap` at the most: a map of old to new
  parts.sort((a, b) => a[0] - b[0]);
  let end = parts[0][0], moved = end;
  const marks = [[end, moved]];
  parts.forEach(([from, to]) => {
    if (from > end) { moved += Math.min(gap, from - end); end = from; marks.push([end, moved]); }
    if (to > end) { moved += to - end; end = to; marks.push([end, moved]); }
  });
  return (old) => {
    let low = 0, high = marks.length - 1;
    while (low < high) {
      const half = (low + high + 1) >> 1;
      if (marks[half][0] <= old) low = half; else high = half - 1;
    }
    const [from, to] = marks[low], after = marks[low + 1];
    const slope = after && old > from ? (after[1] - to) / (after[0] - from) : 1;
    return Math.round(10 * (to + (old - from) * slope)) / 10;
  };
}

function draw(points) {
  const here = (box, element) => { display(element, box); if (box) move(element, box[0] - W / 2, box[1] - H / 2); };
  at.steps.forEach((box, i) => here(box, boxes[i]));
  at.modules.forEach((box, f) => here(box, moduleBoxes[f]));
  at.frames.forEach((frame, f) => { display(frameBoxes[f], frame); if (frame) placeFrame(f, frame); });
  const ends = new Map(); // how many edges lead from one box to another
  const between = edges.map((edge) => {
    const [from, to] = [edge.from, edge.to].map((i) => (standsIn[i] < 0 ? i : `m${standsIn[i]}`));
    const both = `${from} ${to}`;
    if (standsIn[edge.from] >= 0 || standsIn[edge.to] >= 0) ends.set(both, (ends.get(both) || 0) + 1);
    return both;
  });
  edges.forEach((edge, e) => {
    const curve = points[e];
    display(edge.line, curve.length);
    if (curve.length) edge.line.setAttribute("d", `M${curve[0]} ${curve[1]}C${curve.slice(2).join(" ")}`);
    const alone = !edge.line.classList.contains("far") && (ends.get(between[e]) || 1) === 1;
    edge.way = curve.length && alone ? curve : null;
  });
  takeRooms();
  edges.forEach(placeShare);
  bounds = extent(at);
}
function extent(places) { // left, top, right and bottom of all boxes and frames
  const boxes = [...places.steps, ...places.modules].filter((box) => box).map(([x, y]) => [x - W / 2, y - H / 2, x + W / 2, y + H / 2]);
  const least = (a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
  return [...boxes, ...places.frames.filter((frame) => frame)].reduce(least);
}
// Opening and closing

function toggle(f, to = !open[f]) { // the module stays where it is on the screen
  const corner = () => (at.frames[f] ? at.frames[f] : at.modules[f] ? [at.modules[f][0] - W / 2, at.modules[f][1] - H / 2] : null);
  const before = corner();
  open[f] = to;
  reopened();
  const after = corner();
  if (before && after) { view.x += after[0] - before[0]; view.y += after[1] - before[1]; look(); }
}
function openTo(depth) { // every module with fewer than `depth` around it
  frames.forEach((_, f) => { open[f] = level[f] < depth; });
  reopened();
}
function openAround(i) { // so that a step can be seen
  if (standsIn[i] < 0) return;
  around[i].forEach((f) => { open[f] = true; });
  reopened();
}
const visibleOpen = () => frames.map((_, f) => f).filter((f) => at.frames[f]);
function depthNow() { // the depth to which all are open, or -1 where they differ
  const opened = visibleOpen(), depth = Math.max(-1, ...opened.map((f) => level[f])) + 1;
  return frames.every((_, f) => !at.modules[f] || level[f] === depth) ? depth : -1;
}
function reopened() {
  arrange();
  mark();
  const depth = depthNow();
  $("depth").value = depth < 0 ? "" : String(depth);
}
function sayDepth() {
  const closed = at.modules.filter((box) => box).length;
  $("status").textContent = closed ? `${counted(closed, "module")} in one box each` : "All modules are open";
}
