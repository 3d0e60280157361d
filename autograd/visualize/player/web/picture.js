// The picture: a box for each step and each module, a frame for each module, a line for each edge; and the list

const svg = (name, attributes, parent) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  if (parent) parent.appendChild(element);
  return element;
};

const move = (element, x, y) => element.setAttribute("transform", `translate(${x} ${y})`);
const SMALL = 11; // half of the side of what opens and closes a module
function drawBox(className, title, room) { // the title is as wide as `room` at the most
  const box = svg("g", { class: `box ${className}` }, $("boxes"));
  if (className === "module") svg("rect", { class: "behind", x: 5, y: -5, width: W, height: H, rx: 7 }, box);
  box.card = svg("rect", { width: W, height: H, rx: 7 }, box);
  if (className === "result") svg("rect", { class: "behind ring", x: 3.5, y: 3.5, width: W - 7, height: H - 7, rx: 4 }, box);
  const long = widthOf(title, TITLE_FONT) > room;
  const low = className === "input" ? 7 : 0; // it has no gradient
  box.heading = svg("text", { class: long ? "title long" : "title", x: W / 2, y: 18 + low }, box);
  box.heading.textContent = fitted(title, long ? LONG_FONT : TITLE_FONT, room);
  box.value = svg("text", { class: "value", x: W / 2, y: 33 + low }, box);
  box.gradient = svg("text", { class: "gradient", x: W / 2, y: 48 }, box);
  svg("title", {}, box).textContent = title;
  return box;
}
function drawToggle(f, sign, x, y, parent) {
  const toggle = svg("g", { class: "toggle", "data-toggle": f, transform: `translate(${x} ${y})` }, parent);
  svg("rect", { class: "hand", x: -SMALL - 6, y: -SMALL - 6, width: 2 * SMALL + 12, height: 2 * SMALL + 12 }, toggle);
  svg("rect", { x: 2 - SMALL, y: 2 - SMALL, width: 2 * SMALL - 4, height: 2 * SMALL - 4, rx: 4 }, toggle);
  svg("path", { d: sign === "+" ? "M-5 0H5M0 -5V5" : "M-5 0H5" }, toggle);
  svg("title", {}, toggle).textContent = sign === "+" ? "Expand (e)" : "Collapse (e)";
  return toggle;
}

// A number of the user's, on a chip: blue below 0, orange above, and paler where it is nearer to 0, or to the least.
const colourOf = ([, level]) => (level === null ? "var(--line)" : `color-mix(in srgb, var(--${level < 0 ? "low" : "high"}) ${Math.round(100 * Math.abs(level))}%, var(--panel))`);
function drawMark(mark, parent) {
  const chip = svg("g", { class: "mark" }, parent), wide = Math.max(24, widthOf(mark[0], CHIP_FONT) + 10);
  svg("path", { d: `M${-wide} -8h${wide}v16h${-wide}z` }, chip).style.fill = colourOf(mark);
  svg("text", { x: -wide / 2, y: 4 }, chip).textContent = minus(mark[0]);
  return chip;
}

edges.forEach((edge) => { edge.line = svg("path", { class: "line" }, $("lines")); });
const boxes = steps.map((step, i) => {
  const box = drawBox(step.kind, titles[i], W - (step.kind === "input" ? 28 : 16));
  box.dataset.step = i;
  if (step.mark) move(drawMark(step.mark, box), W + 6, 0);
  return box;
});
const moduleBoxes = frames.map((frame, f) => {
  const box = drawBox("module", frame.name, W - 4 - 2 * SMALL);
  box.dataset.module = f;
  box.value.classList.add("what");
  if (!frame.what) { box.heading.setAttribute("y", 23); box.gradient.setAttribute("y", 42); }
  box.value.textContent = fitted(frame.what, `10.5px ${SANS}`, W - 12);
  drawToggle(f, "+", 1, 1, box);
  if (frame.mark) move(drawMark(frame.mark, box), W + 10, -5);
  return box;
});
const frameBoxes = frames.map((own, f) => {
  const frame = svg("g", { class: "frame" }, $("frames"));
  frame.card = svg("rect", { rx: 8 }, frame);
  frame.sign = drawToggle(f, "−", 0, 0, frame);
  frame.heading = svg("text", { y: 18, "data-module": f }, frame);
  if (own.mark) frame.mark = drawMark(own.mark, frame);
  return frame;
});

const display = (element, visible) => { element.style.display = visible ? "" : "none"; };
function placeFrame(f, [x0, y0, x1, y1, title, wide]) {
  move(frameBoxes[f], x0, y0);
  frameBoxes[f].card.setAttribute("width", x1 - x0);
  frameBoxes[f].card.setAttribute("height", y1 - y0);
  if (frameBoxes[f].mark) move(frameBoxes[f].mark, x1 - x0 + 6, 0);
  move(frameBoxes[f].sign, title + SMALL - 4, 14);
  frameBoxes[f].heading.setAttribute("x", title + 2 * SMALL);
  frameBoxes[f].heading.textContent = fitted(moduleTitle(f), FRAME_FONT, wide - 2 * SMALL);
}

const items = steps.map((_, i) => {
  const item = make("li", undefined, $("list"));
  item.id = `item${i}`;
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", "false");
  item.dataset.step = i;
  if (around[i].length) item.title = `in ${modulePath(steps[i].frame)}`;
  make("span", fullNames[i], item);
  make("small", "", item);
  return item;
});
