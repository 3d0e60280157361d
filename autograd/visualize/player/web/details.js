// Details: all that is known of a step, or of a module

function heat(map, label, parent) {
  const canvas = make("canvas", undefined, parent), rows = map.rows, letters = data.levels, half = (letters.length - 1) / 2;
  const cell = Math.max(6, Math.min(18, Math.floor(300 / rows[0].length)));
  canvas.width = rows[0].length * cell;
  canvas.height = rows.length * cell;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${label} as a map of ${rows.length} by ${rows[0].length} cells, from ${short(-map.top)} (blue) to ${short(map.top)} (orange)`);
  const context = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  rows.forEach((row, r) => [...row].forEach((letter, c) => {
    context.globalAlpha = 1;
    context.fillStyle = colour("--panel");
    context.fillRect(c * cell, r * cell, cell, cell);
    if (letter === "!") { // a cross: nan or an infinity
      context.strokeStyle = colour("--ink");
      context.strokeRect(c * cell + 1.5, r * cell + 1.5, cell - 3, cell - 3);
      return;
    }
    const level = (letters.indexOf(letter) - half) / half;
    context.fillStyle = colour(level < 0 ? "--blue" : "--orange");
    context.globalAlpha = Math.abs(level);
    context.fillRect(c * cell, r * cell, cell, cell);
  }));
  const mean = map.blocks ? ", each cell the mean of a block" : "";
  make("p", `blue ${short(-map.top)} … 0 … ${short(map.top)} orange${mean}`, parent, "muted");
}
function show(told, label, parent) {
  if (!told) { make("p", "not known", parent, "muted"); return; }
  if (told.parts) { told.parts.forEach((part, i) => show(part, `${label} ${i}`, parent)); return; }
  if ("number" in told) { make("p", minus(String(told.number)), parent, "number"); return; }
  if (told.text) { make("p", told.text, parent, "number"); return; }
  const parts = [`shape ${shapeText(told.shape)}`];
  if ("min" in told) parts.push(`from ${short(told.min)} to ${short(told.max)}`, `mean ${short(told.mean)}`);
  if ("length" in told) parts.push(`length ${short(told.length)}`);
  if (told.zeros) parts.push(`${told.zeros} zeros`);
  if (told.odd) parts.push(`${told.odd} nan or infinite`);
  make("p", parts.join(", "), parent);
  if (told.all) make("pre", listed(told.all, told.shape.length), parent);
  if (told.map) heat(told.map, label, parent);
}
function listed(all, depth) {
  if (depth <= 1) return `[${all.map((x) => short(x)).join(", ")}]`;
  return `[${all.map((part) => listed(part, depth - 1)).join(depth === 2 ? ",\n " : ",\n\n ")}]`;
}

function link(i, parent) {
  const button = make("button", `${fullNames[i]} · ${i + 1}`, parent);
  button.addEventListener("click", () => { pin(i); center(i); });
  return button;
}
function moduleLink(f, text, parent) {
  const button = make("button", text, parent, "module");
  button.addEventListener("click", () => pinModule(f));
  return button;
}
function wayTo(chain, parent) { // the modules around, outermost first
  if (!chain.length) return;
  const way = make("p", "in ", parent, "way");
  chain.forEach((f, k) => {
    if (k) make("span", " › ", way);
    moduleLink(f, frames[f].name, way);
  });
}

function introduce() { // while nothing is chosen
  const panel = $("details");
  panel.replaceChildren();
  data.remarks.forEach((text) => make("p", text, panel));
  if (data.failed) {
    make("h2", "What was computed before it failed", panel);
    make("p", "A click on a box shows its value and the line of the program. The red box is where the function failed.", panel);
    return;
  }
  make("h2", "How a gradient is computed", panel);
  make("p", `Forward, ${counted(operations.length, "operation")} ${operations.length === 1 ? "computes its value" : "compute their values, one after another"}. Backward, in the opposite order, each of them gives its inputs their shares of its gradient. What a result receives from all that use it adds up to its gradient.`, panel);
  make("p", "A click on a box shows its value, its gradient, the derivative rule and the line of the program.", panel);
  if (frames.length) make("p", "A stack is a module in one box: + opens it, − closes it again.", panel);
}

const KNOWN = {
  recorded: "", kept: " (kept for a derivative rule)", now: " (as it is now)",
  "": " (not kept by the graph: play the function instead, as in player(function, path, *inputs))",
};
const tellMark = (what, panel) => { if (what.mark) make("p", `data ${minus(what.mark[0])}`, panel, "number"); };
function detail(i) {
  const panel = $("details"), step = steps[i];
  panel.replaceChildren();
  make("h2", fullNames[i], panel);
  tellMark(step, panel);
  if (step.kind === "input") {
    make("p", `input without a gradient, ${step.type}`, panel, "muted");
    make("h3", "Value", panel);
    show(step.value, "value", panel);
  } else if (step.kind === "failed") {
    wayTo(around[i], panel);
    make("p", step.where, panel, "muted");
    make("h3", "The function failed here", panel);
    make("pre", step.error, panel);
    linksTo("What it was given", [...new Set(fed[i].map((feed) => feed.from))], panel);
  } else if (step.kind === "folded") {
    make("p", "They stand in one box, because a page cannot show all of them. To see some, play an earlier result.", panel);
  } else {
    make("p", `${step.kind === "leaf" ? "leaf" : `operation ${step.op}`}, ${step.type}`, panel, "muted");
    wayTo(around[i], panel);
    if (step.where) { make("p", step.where, panel, "muted"); if (step.line) make("pre", step.line, panel); }
    const known = step.kind === "result" && step.known === "kept" ? "" : KNOWN[step.value ? step.known : ""];
    make("h3", `Value${known}`, panel);
    if (step.value) show(step.value, "value", panel);
    if (!data.failed) make("h3", "Gradient", panel);
    if (!data.failed) show(step.gradient, "gradient", panel);
    if (step.hooked) make("p", "A hook saw this gradient, and may have replaced the sum of the contributions.", panel);
  }
  contributions(i, panel);
  inputs(i, panel);
  const rules = [...new Set((step.rules || []).filter((rule) => rule >= 0))];
  if (rules.length) {
    make("h3", "Derivative rule, for the inputs that have a gradient", panel);
    rules.forEach((rule) => make("pre", data.rules[rule] || "its source is not at hand", panel));
  }
}
function contributions(i, panel) {
  if (!outOf[i].length) return;
  make("h3", "Contributions to its gradient", panel);
  const table = make("table", undefined, panel), head = make("tr", undefined, make("thead", undefined, table));
  const number = steps[i].gradient ? isNumber(steps[i]) : steps[i].kind === "folded";
  ["from", number ? "contribution" : "length", "share"].forEach((text) => { make("th", text, head).scope = "col"; });
  const body = make("tbody", undefined, table);
  outOf[i].slice(0, 200).forEach((edge) => {
    const row = make("tr", undefined, body);
    link(edge.to, make("td", undefined, row));
    make("td", short(edge.size), row).title = String(edge.size);
    make("td", `${Math.round(100 * edge.part)} %`, row);
  });
  if (outOf[i].length > 200) make("p", `and ${outOf[i].length - 200} more`, panel);
  const foot = make("tr", undefined, make("tfoot", undefined, table));
  make("td", number ? "sum" : "length of the sum", foot);
  make("td", short(outOf[i][outOf[i].length - 1].sum), foot);
  make("td", "", foot);
  if (!number) {
    outOf[i].filter((edge) => edge.contribution && edge.contribution.map).slice(0, 8).forEach((edge) => {
      make("h3", `Contribution of ${fullNames[edge.to]} · ${edge.to + 1}`, panel);
      heat(edge.contribution.map, "contribution", panel);
    });
  }
}
function inputs(i, panel) {
  const step = steps[i], live = sources(i);
  if (!step.inputs) return;
  make("h3", "Inputs", panel);
  step.inputs.forEach((told, place) => {
    const line = make("p", undefined, panel);
    if (told === "") {
      const edge = [...live, ...fed[i]].find((each) => each.input === place);
      if (!edge) return;
      link(edge.from, line);
      if ("size" in edge) make("span", ` gets ${short(edge.size)}`, line);
    } else if (fed[i].some((feed) => feed.input === place)) {
      link(fed[i].find((feed) => feed.input === place).from, line);
      make("span", " needs no gradient", line);
    } else {
      line.textContent = `constant ${told ? brief(told) : "(not kept by the graph)"}`;
    }
  });
  const names = Object.keys(step.arguments || {});
  if (names.length) make("p", names.map((name) => `${name}=${step.arguments[name] ? brief(step.arguments[name]) : "None"}`).join(", "), panel);
}

const MOST = 200; // links of one kind
function detailOfModule(f) {
  const panel = $("details"), within = frames.map((_, g) => g).filter((g) => frames[g].parent === f);
  panel.replaceChildren();
  make("h2", modulePath(f), panel);
  tellMark(frames[f], panel);
  make("p", `module${frames[f].what ? ` ${frames[f].what}` : ""}, ${counted(operationsOf[f].length, "operation")}`, panel, "muted");
  wayTo(outside[f], panel);
  const shut = !at.frames[f], button = make("button", shut ? "Expand" : "Collapse", panel);
  button.addEventListener("click", () => {
    if (shut) outside[f].forEach((g) => { open[g] = true; });
    toggle(f, shut);
    detailOfModule(f);
    $("details").querySelector("h2 ~ button").focus();
  });
  make("h3", "Result", panel);
  link(resultOf(f), make("p", undefined, panel));
  linksTo("Parameters", members[f].filter((i) => isGiven(steps[i])), panel);
  if (within.length) make("h3", "Modules in it", panel);
  within.slice(0, MOST).forEach((g) => moduleLink(g, moduleTitle(g), make("p", undefined, panel)));
  linksTo("Operations", operationsOf[f], panel);
}
function linksTo(heading, all, panel) {
  if (!all.length) return;
  make("h3", heading, panel);
  all.slice(0, MOST).forEach((i) => link(i, make("p", undefined, panel)));
  if (all.length > MOST) make("p", `and ${all.length - MOST} more`, panel);
}
