// View: the point of the graph at the left upper corner, and pixels for each of its units

const view = { x: 0, y: 0, scale: 1 };
const READABLE = 0.62; // a scale at which the text in boxes can be read
const room = () => $("graph").getBoundingClientRect();
const below = () => ($("legend").offsetHeight ? 44 : 12); // what the legend covers

function look() {
  $("world").setAttribute("transform", `translate(${-view.x * view.scale} ${-view.y * view.scale}) scale(${view.scale})`);
  $("world").classList.toggle("far", view.scale < 0.45);
  $("world").classList.toggle("farther", view.scale < 0.2);
}
function zoom(factor, px, py) {
  const { width, height } = room();
  if (px === undefined) { px = width / 2; py = height / 2; }
  const scale = Math.max(0.004, Math.min(4, view.scale * factor));
  view.x += px / view.scale - px / scale;
  view.y += py / view.scale - py / scale;
  view.scale = scale;
  look();
}
function pan(dx, dy) {
  view.x -= dx / view.scale;
  view.y -= dy / view.scale;
  look();
}

function wholeScale([x0, y0, x1, y1]) { // at which all can be seen
  const { width, height } = room();
  return Math.max(0.004, Math.min(1.4, (width - 30) / (x1 - x0), (height - 26 - below()) / (y1 - y0)));
}
function fit() {
  const { width, height } = room(), [x0, y0, x1, y1] = bounds;
  view.scale = wholeScale(bounds);
  view.x = (x0 + x1) / 2 - width / 2 / view.scale;
  view.y = (y0 + y1) / 2 - (height - below()) / 2 / view.scale;
  look();
}
function showPart(i) { // large enough to be read
  view.scale = 0.85;
  center(i);
}
function begin() { // the greatest depth that can be read at once, or a part of the picture that can be
  openTo(data.depth === undefined ? readableDepth() : Math.min(data.depth, deepest));
  fit();
  if (view.scale < READABLE) showPart(operations[0]);
}
function readableDepth() {
  const depth = layouts.findLastIndex((_, d) => wholeScale(extent(layoutOf(d))) >= READABLE);
  if (depth < 0) return 0;
  const own = layouts[depth].steps.filter(([i]) => steps[i].kind !== "input").length;
  const few = own + layouts[depth].modules.length < 4; // which tells too little
  return few && depth < deepest ? depth + 1 : depth;
}

const clamped = (from, low, high, size) => (high - low < size ? (low + high - size) / 2 : Math.max(low, Math.min(high - size, from)));
function center(i) { // or as near to the middle as leaves no room beside the picture
  const { width, height } = room(), [x, y] = middleOf(i), [x0, y0, x1, y1] = bounds, s = view.scale;
  view.x = clamped(x - width / 2 / s, x0 - 16 / s, x1 + 16 / s, width / s);
  view.y = clamped(y - height / 2 / s, y0 - 14 / s, y1 + below() / s, height / s);
  look();
}
function reveal(i) {
  const { width, height } = room(), [left, top] = middleOf(i);
  const x = (left - view.x) * view.scale, y = (top - view.y) * view.scale;
  const mx = Math.min(width / 2, (W / 2) * view.scale), my = Math.min(height / 2, H * view.scale);
  if (x < mx || y < my || x > width - mx || y > height - my) center(i);
}
