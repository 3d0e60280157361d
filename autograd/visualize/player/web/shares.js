// Shares: what is written on edges, where nothing else is

const CELL = 80; // rooms that are taken are looked up by the cells of a grid
let rooms = new Map();
const LABEL = 14; // the height of a label
const SHARE_FONT = '600 10.5px ui-monospace, "DejaVu Sans Mono", monospace';

function cellsOf([x0, y0, x1, y1]) {
  const found = [];
  for (let i = Math.floor(x0 / CELL); i <= Math.floor(x1 / CELL); i++) {
    for (let j = Math.floor(y0 / CELL); j <= Math.floor(y1 / CELL); j++) found.push(`${i} ${j}`);
  }
  return found;
}
function take(room) {
  cellsOf(room).forEach((cell) => { if (rooms.has(cell)) rooms.get(cell).push(room); else rooms.set(cell, [room]); });
}
function taken([x0, y0, x1, y1]) { // how many things are there
  const met = new Set();
  cellsOf([x0, y0, x1, y1]).forEach((cell) => (rooms.get(cell) || []).forEach((room) => {
    if (room[0] < x1 && room[2] > x0 && room[1] < y1 && room[3] > y0) met.add(room);
  }));
  return met.size;
}
function takeRooms() { // of boxes, of borders and titles of frames, and of what opens and closes modules
  rooms = new Map();
  const around = ([x, y], wide, high) => [x - wide / 2, y - high / 2, x + wide / 2, y + high / 2];
  at.steps.forEach((box) => { if (box) take(around(box, W, H)); });
  at.modules.forEach((box) => {
    if (!box) return;
    take(around([box[0] + 2, box[1] - 2], W + 6, H + 6));
    take(around([box[0] - W / 2 + 1, box[1] - H / 2 + 1], 2 * SMALL, 2 * SMALL));
  });
  at.frames.forEach((frame) => {
    if (!frame) return;
    const [x0, y0, x1, y1, title, wide] = frame;
    take([x0 + title - 4, y0 + 2, x0 + title + wide, y0 + 26]);
    take([x0, y0 - 1, x1, y0 + 1]);
    take([x0, y1 - 1, x1, y1 + 1]);
  });
}

function walked(curve) { // points on the curve, each with how far along it is
  const found = [[curve[0], curve[1], 0]];
  for (let piece = 0; 6 * piece + 7 < curve.length; piece++) {
    const four = curve.slice(6 * piece, 6 * piece + 8);
    for (let k = 1; k <= 8; k++) {
      const t = k / 8, u = 1 - t, last = found[found.length - 1];
      const [x, y] = [0, 1].map((c) => u ** 3 * four[c] + 3 * u * u * t * four[2 + c] + 3 * u * t * t * four[4 + c] + t ** 3 * four[6 + c]);
      found.push([x, y, last[2] + Math.hypot(x - last[0], y - last[1])]);
    }
  }
  return found;
}
function pointOn(points, part) { // x, y, and whether the curve goes down there rather than across
  const far = part * points[points.length - 1][2], i = Math.max(1, points.findIndex((point) => point[2] >= far));
  const [x0, y0, d0] = points[i - 1], [x1, y1, d1] = points[i], t = d1 > d0 ? (far - d0) / (d1 - d0) : 0;
  return [x0 + t * (x1 - x0), y0 + t * (y1 - y0), Math.abs(y1 - y0) >= Math.abs(x1 - x0)];
}
const PARTS = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82];
function roomFor(curve, wide) { // the middle of a label: on the edge, or next to it, where least is in its way
  const points = walked(curve);
  let best = null, least = Infinity;
  for (const part of PARTS) {
    const [x, y, down] = pointOn(points, part), aside = wide / 2 + 5;
    for (const [dx, dy] of down ? [[0, 0], [aside, 0], [-aside, 0]] : [[0, -9], [0, 9]]) {
      const room = [x + dx - wide / 2, y + dy - LABEL / 2, x + dx + wide / 2, y + dy + LABEL / 2], there = taken(room);
      if (there < least) { least = there; best = room; }
      if (!there) return best;
    }
  }
  return best;
}
function placeShare(edge) { // an edge that is drawn anew has to find room again
  if (!edge.label) return;
  display(edge.label, edge.way);
  if (!edge.way) return;
  const room = roomFor(edge.way, widthOf(edge.label.textContent, SHARE_FONT) + 4);
  take(room);
  edge.label.setAttribute("x", (room[0] + room[2]) / 2);
  edge.label.setAttribute("y", (room[1] + room[3]) / 2 + 4);
  edge.room = room;
}
function leaveRoom(edge) {
  if (!edge.room) return;
  cellsOf(edge.room).forEach((cell) => { const there = rooms.get(cell); if (there) rooms.set(cell, there.filter((room) => room !== edge.room)); });
  edge.room = null;
}
