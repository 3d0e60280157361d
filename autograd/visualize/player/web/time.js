// Time: each event can be done and undone

const seedAt = operations.length; // the event that gives the result its gradient
const events = data.failed ? seedAt : 2 * operations.length + 1; // what failed has no way back
const computed = steps.map(isGiven);
const arrived = steps.map(() => []); // the edges whose contribution is there
const done = frames.map(() => 0); // how many operations of a module are computed
let seeded = false;
let position = 0; // how many events have happened
let playing = false;
const operationOf = (event) => (event < seedAt ? operations[event] : event === seedAt ? last : operations[events - 1 - event]);

function tell(i) {
  const box = boxes[i], value = computed[i] ? brief(steps[i].value) : "", gradient = gradientText(i);
  box.value.textContent = fitted(valueInBox(i), SMALL_FONT, W - 12);
  box.gradient.textContent = fitted(gradient, SMALL_FONT, W - 12);
  box.classList.toggle("waiting", !computed[i]);
  box.classList.toggle("forward", computed[i] && !isGiven(steps[i]));
  box.classList.toggle("backward", gradient !== "");
  items[i].children[1].textContent = (value ? ` = ${value}` : "") + (gradient ? `, ${gradient}` : "");
  around[i].forEach(tellModule);
}
function tellModule(f) { // it has the gradient of its result
  const box = moduleBoxes[f], gradient = gradientText(resultOf(f)), all = operationsOf[f].length;
  const progress = done[f] && done[f] < all ? `${done[f]} of ${counted(all, "operation")}` : counted(all, "operation");
  box.gradient.textContent = fitted(gradient || progress, SMALL_FONT, W - 12);
  box.gradient.classList.toggle("plain", !gradient);
  box.classList.toggle("waiting", done[f] === 0);
  box.classList.toggle("forward", done[f] === all);
  box.classList.toggle("backward", gradient !== "");
}

function pass(edge, there) {
  if (there) {
    arrived[edge.from].push(edge);
    edge.label = svg("text", { class: "share" }, $("shares"));
    edge.label.textContent = short(edge.size);
    placeShare(edge);
  } else {
    arrived[edge.from].pop();
    edge.label.remove();
    edge.label = null;
    leaveRoom(edge);
  }
  edge.line.classList.toggle("backward", there);
  edge.line.style.strokeWidth = there ? 1.2 + 4.8 * edge.part : "";
  tell(edge.from);
}
function happen(event, forth) {
  const i = operationOf(event);
  if (event < seedAt) {
    computed[i] = forth;
    around[i].forEach((f) => { done[f] += forth ? 1 : -1; });
    [...into[i], ...fed[i]].forEach((edge) => edge.line.classList.toggle("forward", forth));
    tell(i);
  } else if (event === seedAt) {
    seeded = forth;
    tell(last);
  } else {
    into[i].forEach((edge) => pass(edge, forth));
  }
}

function go(to) {
  to = Math.max(0, Math.min(events, to));
  while (position < to) happen(position++, true);
  while (position > to) happen(--position, false);
  $("time").value = position;
  const said = position <= seedAt ? `${position} of ${seedAt} forward` : `${position - seedAt} of ${events - seedAt} backward`;
  $("time").setAttribute("aria-valuetext", said);
  if (position && !pinned) choose(operationOf(position - 1), false);
  mark();
  if (position) reveal(operationOf(position - 1));
  $("status").textContent = sentence();
  if (position === events && playing) play(false);
}
function stop(to) {
  if (playing) play(false);
  go(to);
}

let marked = [];
function mark() { // where we are and what is chosen
  marked.forEach((element) => element.classList.remove("now", "chosen"));
  marked = [];
  const add = (element, name) => { element.classList.add(name); marked.push(element); };
  if (position) {
    const i = operationOf(position - 1);
    add(elementOf(i), "now");
    add(items[i], "now");
    if (position !== seedAt + 1) into[i].forEach((edge) => add(edge.line, "now"));
  }
  if (chosen >= 0) add(elementOf(chosen), "chosen");
  if (chosenModule >= 0) add(at.modules[chosenModule] ? moduleBoxes[chosenModule] : frameBoxes[chosenModule], "chosen");
}

function sentence() {
  if (!position) return `${counted(events, "step")}. Press space to play, → to take one step, ? for all keys.`;
  const event = position - 1, i = operationOf(event), where = `Step ${position} of ${events}, `;
  if (steps[i].kind === "failed") return `${where}it failed: ${cut(steps[i].error, 160)}`;
  if (event < seedAt) {
    const given = allSources(i).map((edge) => titles[edge.from]).join(", ");
    const known = steps[i].value ? ` = ${brief(steps[i].value)}` : "";
    return `${where}forward: ${titles[i]} of ${cut(given, 80)}${known}`;
  }
  if (event === seedAt) return `${where}backward: the gradient of the result is ${gradientText(last).replace("∂ ", "")}`;
  const given = sources(i).map((edge) => {
    const more = outOf[edge.from].length > 1 ? ` (${gradientText(edge.from)})` : "";
    return `${titles[edge.from]} gets ${short(edge.size)}${more}`;
  });
  if (!given.length) return `${where}backward: what reaches the ${titles[i]}`;
  return `${where}backward: ${titles[i]} with ${gradientText(i) || "its gradient"}: ${given.join(", ")}`;
}

let clock = 0, owed = 0;
function play(on) {
  if (on && position === events) go(0);
  playing = on;
  $("play").classList.toggle("playing", on);
  $("play").querySelector("span").textContent = on ? "Pause" : "Play";
  $("status").setAttribute("aria-live", on && Number($("speed").value) > 2 ? "off" : "polite");
  if (!on) return;
  clock = performance.now();
  owed = 1;
  requestAnimationFrame(tick);
}
function tick(now) {
  if (!playing) return;
  owed += Math.min(1, Math.max(0, (now - clock) / 1000)) * Number($("speed").value);
  clock = now;
  if (owed >= 1) {
    const whole = Math.floor(owed);
    owed -= whole;
    go(position + whole);
  }
  if (playing) requestAnimationFrame(tick);
}
