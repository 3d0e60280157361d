// What people do, by buttons, pointers and keys; and how it begins

const on = (id, event, f) => $(id).addEventListener(event, f);
function keys(visible = $("keys").hidden) {
  $("keys").hidden = !visible;
  $("help").setAttribute("aria-expanded", String(visible));
}
function toDepth(depth) {
  openTo(Math.max(0, Math.min(deepest, depth)));
  fit();
  if (view.scale < READABLE) showPart(chosen >= 0 ? chosen : operations[0]);
  if (chosenModule >= 0) detailOfModule(chosenModule);
  sayDepth();
}
const deeper = (by) => toDepth((depthNow() < 0 ? Math.max(...visibleOpen().map((f) => level[f])) + 1 : depthNow()) + by);
function toggleChosen() { // what is chosen, or the module that it stands in
  const f = chosenModule >= 0 ? chosenModule : chosen < 0 ? -1 : standsIn[chosen] >= 0 ? standsIn[chosen] : steps[chosen].frame;
  if (f === undefined || f < 0) return;
  toggle(f);
  if (chosenModule >= 0) detailOfModule(f);
  sayDepth();
}

on("start", "click", () => stop(0));
on("back", "click", () => stop(position - 1));
on("play", "click", () => play(!playing));
on("step", "click", () => stop(position + 1));
on("end", "click", () => stop(events));
on("time", "input", () => stop(Number($("time").value)));
on("in", "click", () => zoom(1.3));
on("out", "click", () => zoom(1 / 1.3));
on("fit", "click", fit);
on("depth", "change", () => toDepth(Number($("depth").value)));
on("help", "click", () => keys());
on("search", "input", search);
on("list", "click", (event) => {
  const item = event.target.closest("li");
  if (item) { pin(Number(item.dataset.step)); center(chosen); }
});

// Pointers: one moves the picture, two change its size, a click chooses

on("graph", "wheel", (event) => {
  event.preventDefault();
  const { left, top } = room();
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX - left, event.clientY - top);
});
const pointers = new Map();
let moved = 0;
on("picture", "pointerdown", (event) => {
  pointers.set(event.pointerId, event);
  moved = pointers.size > 1 ? 100 : 0;
});
on("picture", "pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const { left, top } = room();
  moved += Math.abs(event.clientX - before.clientX) + Math.abs(event.clientY - before.clientY);
  if (moved < 4) return;
  if (!$("picture").hasPointerCapture(event.pointerId)) $("picture").setPointerCapture(event.pointerId);
  $("picture").classList.add("moving");
  if (pointers.size === 2) { // two fingers: the distance between them is the size
    const other = [...pointers.values()].find((each) => each.pointerId !== event.pointerId);
    const far = (a) => Math.hypot(a.clientX - other.clientX, a.clientY - other.clientY) || 1;
    zoom(far(event) / far(before), other.clientX - left, other.clientY - top);
  } else {
    pan(event.clientX - before.clientX, event.clientY - before.clientY);
  }
  pointers.set(event.pointerId, event);
});
const release = (event) => { pointers.delete(event.pointerId); $("picture").classList.remove("moving"); };
on("picture", "pointerup", release);
on("picture", "pointercancel", release);
on("picture", "click", (event) => {
  if (moved >= 4) return;
  const named = (name) => { const found = event.target.closest(`[data-${name}]`); return found ? Number(found.dataset[name]) : -1; };
  const sign = named("toggle"), step = named("step"), module = named("module");
  if (sign >= 0) { toggle(sign); if (chosenModule >= 0) detailOfModule(chosenModule); sayDepth(); }
  else if (step >= 0) pin(step);
  else if (module >= 0) pinModule(module);
  else pin(-1);
});
on("picture", "dblclick", (event) => {
  const module = event.target.closest("[data-module]");
  if (module && !event.target.closest("[data-toggle]")) { toggle(Number(module.dataset.module)); detailOfModule(chosenModule); }
});

// Keys

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target, key = event.key;
  if (key === "Escape") {
    if (!$("keys").hidden) keys(false);
    else if ($("search").value || target === $("search")) { $("search").value = ""; search(); $("graph").focus(); }
    else pin(-1);
    return;
  }
  if (target === $("search")) {
    if (key === "Enter") next(event.shiftKey ? -1 : 1);
    return;
  }
  if (target.tagName === "SELECT" || (target === $("time") && key !== " ")) return;
  if (key === " " && target.tagName === "BUTTON") return;
  const arrows = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
  const chosenBy = (by) => () => { pin(Math.max(0, Math.min(last, chosen < 0 ? 0 : chosen + by))); reveal(chosen); };
  const scrolls = target === $("details"); // its own keys
  const actions = {
    " ": () => play(!playing), ArrowLeft: () => stop(position - 1), ArrowRight: () => stop(position + 1),
    Home: () => stop(0), End: () => stop(events), "+": () => zoom(1.3), "=": () => zoom(1.3), "-": () => zoom(1 / 1.3),
    0: fit, "/": () => $("search").focus(), "?": () => keys(),
    d: () => deeper(1), D: () => deeper(-1), e: toggleChosen, m: () => toDepth(depthNow() === deepest ? 0 : deepest),
    ArrowUp: scrolls ? null : chosenBy(-1), ArrowDown: scrolls ? null : chosenBy(1),
  };
  const action = event.shiftKey && arrows[key] ? () => pan(...arrows[key]) : actions[key];
  if (action) { event.preventDefault(); action(); }
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  if (chosen >= 0) detail(chosen); // its maps have colours
});

if (data.legend.length) {
  const scale = make("li", undefined, $("legend"), "scale");
  data.legend.forEach((mark) => { make("span", minus(mark[0]), scale).style.background = colourOf(mark); });
}
$("time").max = events;
for (let depth = 0; depth <= deepest; depth++) make("option", depth < deepest ? String(depth) : "all", $("depth")).value = String(depth);
$("modules").hidden = !frames.length;
steps.forEach((_, i) => tell(i));
function beginWhole() {
  begin();
  if (data.failed) { openAround(last); showPart(last); }
}
beginWhole();
introduce();
$("phases").lastElementChild.hidden = data.failed;
$("failed").hidden = !data.failed;
$("legend").querySelector(".wayback").parentNode.hidden = data.failed;
$("status").textContent = sentence();
if (data.failed) { pin(last); go(events); beginWhole(); }

// Until something is done, it begins anew when there is other room: a frame that is not seen yet, in a notebook, has none.
let touched = false, before = room();
["click", "input", "keydown", "pointerdown", "wheel"].forEach((event) => addEventListener(event, () => { touched = true; }, true));
new ResizeObserver(() => {
  const { width, height } = room(), same = width === before.width && height === before.height;
  before = { width, height };
  if (!touched && !same) beginWhole();
}).observe($("graph"));
