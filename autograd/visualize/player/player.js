"use strict";
(() => {
  // What there is: steps (leaves and operations, each after its inputs) and edges, in the order of the walk back.
  const data = JSON.parse(document.getElementById("data").textContent);
  const { steps, edges, groups, width: W, height: H } = data;
  const $ = (id) => document.getElementById(id);
  const last = steps.length - 1;
  const operations = steps.map((_, i) => i).filter((i) => steps[i].kind !== "leaf");
  const into = steps.map(() => []); // the edges to the inputs of each step
  const outOf = steps.map(() => []); // the edges to what uses each step
  edges.forEach((edge) => { into[edge.to].push(edge); outOf[edge.from].push(edge); });
  const arrived = steps.map(() => []); // the edges whose contribution is there
  const computed = steps.map((step) => step.kind === "leaf");
  const seedAt = operations.length; // the event that gives the result its gradient
  const events = 2 * operations.length + 1;
  let seeded = false;
  let position = 0; // how many events have happened
  let playing = false;
  let chosen = -1;
  let pinned = false; // whether somebody chose, so that playing does not
  let hits = [];
  const closed = groups.map(() => false);

  // Words and numbers

  const counted = (n) => (n === 1 ? "1 operation" : `${n} operations`);
  const minus = (text) => text.replace(/-/g, "−");
  function short(number) {
    if (typeof number !== "number") return String(number).replace(/(\.\d{3})\d+/g, "$1");
    if (Number.isInteger(number) && Math.abs(number) < 1e6) return minus(String(number));
    const size = Math.abs(number);
    return minus(size >= 1e5 || size < 1e-3 ? number.toExponential(2) : String(Number(number.toPrecision(4))));
  }
  const shapeText = (shape) => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  const cut = (text, most) => (text.length > most ? text.slice(0, most - 1) + "…" : text);
  function brief(told) {
    if (!told) return "";
    if ("number" in told) return short(told.number);
    if (told.parts) return `${told.parts.length} results`;
    if (told.text) return told.text;
    return shapeText(told.shape) + ("mean" in told ? ` mean ${short(told.mean)}` : "");
  }
  const isNumber = (step) => step.gradient && "number" in step.gradient;
  function titleOf(i) {
    const step = steps[i];
    if (step.name) return step.name;
    const constants = (step.inputs || []).filter((x) => x);
    const told = constants.length && constants.every((x) => "number" in x) && step.inputs.length <= 3;
    return told ? `${step.op}(${step.inputs.map((x) => (x ? short(x.number) : x === "" ? "·" : "?")).join(", ")})` : step.op;
  }
  const titles = steps.map((_, i) => titleOf(i));
  const sources = (i) => into[i].slice().sort((a, b) => a.input - b.input);
  const valueText = (i) => (computed[i] ? brief(steps[i].value) : "");
  function boxText(i) { // what fits into the box: the value, or what is known before there is one
    const step = steps[i], told = step.value, shape = step.type === "number" ? "" : step.type || "";
    if (!computed[i] || !told) return cut(shape, 19);
    return cut("mean" in told ? `${shapeText(told.shape)} μ ${minus(String(Number(Number(told.mean).toPrecision(2))))}` : brief(told), 19);
  }
  // The gradient as far as it has arrived: the sum of the contributions, of arrays the length of that sum.
  function gradientOf(i) {
    const parts = arrived[i];
    if (i === last && seeded) return steps[i].size;
    if (!parts.length) return undefined;
    return parts.length === outOf[i].length && "size" in steps[i] ? steps[i].size : parts[parts.length - 1].sum;
  }
  function gradientText(i) {
    const gradient = gradientOf(i);
    if (gradient === undefined) return "";
    const some = arrived[i].length < outOf[i].length ? ` (${arrived[i].length}/${outOf[i].length})` : "";
    return (isNumber(steps[i]) ? "∂ " : "‖∂‖ ") + short(gradient) + some;
  }

  // The picture

  const svg = (name, attributes, parent) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    if (parent) parent.appendChild(element);
    return element;
  };
  const make = (name, text, parent, className) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    if (parent) parent.appendChild(element);
    return element;
  };
  function drawBox(className, title, x, y) {
    const box = svg("g", { class: `box ${className}`, transform: `translate(${x - W / 2} ${y - H / 2})` }, null);
    svg("rect", { width: W, height: H, rx: 7 }, box);
    svg("text", { class: "title", x: W / 2, y: 18 }, box).textContent = cut(title, 18);
    return box;
  }
  const boxes = steps.map((step, i) => {
    const box = drawBox(step.kind, titles[i], step.x, step.y);
    box.dataset.step = i;
    svg("text", { class: "value", x: W / 2, y: 33 }, box);
    svg("text", { class: "gradient", x: W / 2, y: 48 }, box);
    return box;
  });
  const members = groups.map((_, g) => steps.map((_, i) => i).filter((i) => steps[i].group === g));
  const frames = [];
  const groupBoxes = groups.map((name, g) => {
    const xs = members[g].map((i) => steps[i].x), ys = members[g].map((i) => steps[i].y);
    const x0 = Math.min(...xs) - W / 2 - 10, x1 = Math.max(...xs) + W / 2 + 10;
    const y0 = Math.min(...ys) - H / 2 - 20, y1 = Math.max(...ys) + H / 2 + 10;
    const frame = svg("g", {}, $("frames"));
    svg("rect", { class: "frame", x: x0, y: y0, width: x1 - x0, height: y1 - y0, rx: 8, "data-group": g }, frame);
    svg("text", { class: "framed", x: x0 + 8, y: y0 + 14 }, frame).textContent = cut(name, Math.max(18, (x1 - x0) / 6.3));
    frames.push(frame);
    const middle = { x: (x0 + x1) / 2, y: (y0 + y1) / 2 };
    const box = drawBox("group", name.replace(/^module /, ""), middle.x, middle.y);
    svg("text", { x: W / 2, y: 33 }, box).textContent = counted(members[g].length);
    svg("text", { class: "gradient", x: W / 2, y: 48 }, box);
    box.dataset.group = g;
    box.middle = middle;
    box.style.display = "none";
    $("boxes").appendChild(box);
    return box;
  });
  boxes.forEach((box) => $("boxes").appendChild(box));
  const total = steps.map((_, i) => outOf[i].reduce((sum, edge) => sum + (Math.abs(edge.size) || 0), 0));
  edges.forEach((edge) => {
    edge.line = svg("path", { class: "line" }, $("lines"));
    edge.share = total[edge.from] ? (Math.abs(edge.size) || 0) / total[edge.from] : 0;
  });
  const groupOf = (i) => (steps[i].group !== undefined && closed[steps[i].group] ? steps[i].group : -1);
  const middleOf = (i) => (groupOf(i) < 0 ? steps[i] : groupBoxes[groupOf(i)].middle);
  const elementOf = (i) => (groupOf(i) < 0 ? boxes[i] : groupBoxes[groupOf(i)]);
  function curveOf(edge) {
    const c = edge.curve;
    if (groupOf(edge.from) < 0 && groupOf(edge.to) < 0) {
      return `M${c[0]} ${c[1]}C${c.slice(2).join(" ")}`;
    }
    const a = middleOf(edge.from), b = middleOf(edge.to);
    const y0 = a.y + H / 2, y1 = b.y - H / 2, bend = (y1 - y0) / 2;
    return `M${a.x} ${y0}C${a.x} ${y0 + bend} ${b.x} ${y1 - bend} ${b.x} ${y1}`;
  }
  const inOne = (edge) => groupOf(edge.from) >= 0 && groupOf(edge.from) === groupOf(edge.to);
  function arrange() {
    steps.forEach((_, i) => { boxes[i].style.display = groupOf(i) < 0 ? "" : "none"; });
    groups.forEach((_, g) => {
      groupBoxes[g].style.display = closed[g] ? "" : "none";
      frames[g].style.display = closed[g] ? "none" : "";
    });
    edges.forEach((edge) => {
      edge.line.style.display = inOne(edge) ? "none" : "";
      edge.line.setAttribute("d", curveOf(edge));
      placeShare(edge);
    });
    $("modules").textContent = closed.some((x) => x) ? "Expand modules" : "Collapse modules";
    mark();
  }
  function placeShare(edge) {
    if (!edge.label) return;
    edge.label.style.display = inOne(edge) ? "none" : "";
    const c = edge.curve, half = 2 * Math.floor(c.length / 4);
    const whole = groupOf(edge.from) < 0 && groupOf(edge.to) < 0;
    const a = middleOf(edge.from), b = middleOf(edge.to);
    edge.label.setAttribute("x", whole ? (c.length === 8 ? (c[2] + c[4]) / 2 : c[half]) : (a.x + b.x) / 2);
    edge.label.setAttribute("y", whole ? (c.length === 8 ? (c[3] + c[5]) / 2 + 4 : c[half + 1] + 4) : (a.y + b.y) / 2);
  }

  // The list

  const items = steps.map((_, i) => {
    const item = make("li", undefined, $("list"));
    item.id = `item${i}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    item.dataset.step = i;
    make("span", titles[i], item);
    make("small", "", item);
    return item;
  });

  // Time: each event can be done and undone

  function tell(i) {
    const box = boxes[i], value = valueText(i), gradient = gradientText(i);
    box.children[2].textContent = boxText(i);
    box.children[3].textContent = cut(gradient, 19);
    box.classList.toggle("waiting", !computed[i]);
    box.classList.toggle("forward", computed[i] && steps[i].kind !== "leaf");
    box.classList.toggle("backward", gradient !== "");
    const g = steps[i].group;
    if (g !== undefined && i === members[g][members[g].length - 1]) { // a module has what its last result has
      groupBoxes[g].children[3].textContent = cut(gradient, 19);
      ["waiting", "forward", "backward"].forEach((name) => groupBoxes[g].classList.toggle(name, box.classList.contains(name)));
    }
    items[i].children[1].textContent = (value ? ` = ${value}` : "") + (gradient ? `, ${gradient}` : "");
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
    }
    edge.line.classList.toggle("backward", there);
    edge.line.style.strokeWidth = there ? 1.2 + 4.8 * edge.share : "";
    tell(edge.from);
  }
  function happen(event, done) {
    if (event < seedAt) {
      const i = operations[event];
      computed[i] = done;
      into[i].forEach((edge) => edge.line.classList.toggle("forward", done));
      tell(i);
    } else if (event === seedAt) {
      seeded = done;
      tell(last);
    } else {
      into[operationOf(event)].forEach((edge) => pass(edge, done));
    }
  }
  const operationOf = (event) => (event < seedAt ? operations[event] : event === seedAt ? last : operations[events - 1 - event]);
  function go(to) {
    to = Math.max(0, Math.min(events, to));
    while (position < to) happen(position++, true);
    while (position > to) happen(--position, false);
    $("time").value = position;
    $("time").setAttribute("aria-valuetext", position <= seedAt ? `${position} of ${seedAt} forward` : `${position - seedAt} of ${events - seedAt} backward`);
    mark();
    if (position && !pinned) choose(operationOf(position - 1), false);
    say();
    if (position === events && playing) play(false);
  }
  let marked = [];
  function mark() { // where we are, what is chosen and what was found
    marked.forEach((element) => element.classList.remove("now", "chosen"));
    marked = [];
    const add = (element, name) => { element.classList.add(name); marked.push(element); };
    if (position) {
      const i = operationOf(position - 1);
      add(elementOf(i), "now");
      add(items[i], "now");
      if (position !== seedAt + 1) into[i].forEach((edge) => add(edge.line, "now"));
      reveal(i);
    }
    if (chosen >= 0) add(elementOf(chosen), "chosen");
  }
  function say() {
    $("status").textContent = sentence();
  }
  function sentence() {
    if (!position) return `${steps.length} steps: press space to play, or → to take one step. ? tells all keys.`;
    const event = position - 1, i = operationOf(event), where = `Step ${position} of ${events}, `;
    if (event < seedAt) {
      const given = sources(i).map((edge) => titles[edge.from]).join(", ");
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
    $("play").textContent = on ? "⏸ Pause" : "▶ Play";
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
  function move(to) {
    if (playing) play(false);
    go(to);
  }

  // View: the point of the graph at the left upper corner, and pixels for each of its units

  const view = { x: 0, y: 0, scale: 1 };
  const room = () => $("graph").getBoundingClientRect();
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
  let bounds = null;
  function fit(smallest = 0) {
    if (!bounds) {
      bounds = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
      steps.forEach((step) => {
        bounds.x0 = Math.min(bounds.x0, step.x - W / 2); bounds.x1 = Math.max(bounds.x1, step.x + W / 2);
        bounds.y0 = Math.min(bounds.y0, step.y - H / 2); bounds.y1 = Math.max(bounds.y1, step.y + H / 2);
      });
    }
    const { width, height } = room(), { x0, y0, x1, y1 } = bounds;
    const whole = Math.min(1.4, (width - 30) / (x1 - x0), (height - 70) / (y1 - y0));
    view.scale = whole < smallest ? 0.8 : Math.max(0.004, whole); // rather a part that can be read
    view.x = (x0 + x1) / 2 - width / 2 / view.scale;
    view.y = view.scale > whole ? y0 - 20 / view.scale : (y0 + y1) / 2 - (height - 30) / 2 / view.scale;
    if (view.scale > whole) center(operations.length ? operations[0] : 0);
    look();
  }
  function center(i) {
    const { width, height } = room(), at = middleOf(i);
    view.x = at.x - width / 2 / view.scale;
    view.y = at.y - height / 2 / view.scale;
    look();
  }
  function reveal(i) {
    const { width, height } = room(), at = middleOf(i);
    const x = (at.x - view.x) * view.scale, y = (at.y - view.y) * view.scale;
    const mx = Math.min(width / 2, (W / 2) * view.scale), my = Math.min(height / 2, H * view.scale);
    if (x < mx || y < my || x > width - mx || y > height - my) center(i);
  }

  // Details

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
      context.fillStyle = colour(level < 0 ? "--minus" : "--plus");
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
    const button = make("button", `${titles[i]} · ${i + 1}`, parent);
    button.addEventListener("click", () => { pin(i); center(i); });
    return button;
  }
  const KNOWN = {
    recorded: "", kept: " (kept for a derivative rule)", now: " (as it is now)",
    "": " (not kept by the graph: play the function instead, as in player(function, path, *inputs))",
  };
  function detail(i) {
    const panel = $("details"), step = steps[i];
    panel.replaceChildren();
    make("h2", titles[i], panel);
    if (step.kind === "folded") {
      make("p", "They stand in one box, because a page cannot show all of them. To see some, play an earlier result.", panel);
    } else {
      make("p", `${step.kind === "leaf" ? "leaf" : `operation ${step.op}`}, ${step.type}${step.group === undefined ? "" : `, in ${groups[step.group]}`}`, panel, "muted");
      if (step.where) { make("p", step.where, panel, "muted"); if (step.line) make("pre", step.line, panel); }
      make("h3", `Value${step.kind === "leaf" || step.known !== "kept" ? KNOWN[step.value ? step.known : ""] : step.kind === "result" ? "" : KNOWN.kept}`, panel);
      if (step.value) show(step.value, "value", panel);
      make("h3", "Gradient", panel);
      show(step.gradient, "gradient", panel);
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
      make("td", `${Math.round(100 * edge.share)} %`, row);
    });
    if (outOf[i].length > 200) make("p", `and ${outOf[i].length - 200} more`, panel);
    const foot = make("tr", undefined, make("tfoot", undefined, table));
    make("td", number ? "sum" : "length of the sum", foot);
    make("td", short(outOf[i][outOf[i].length - 1].sum), foot);
    make("td", "", foot);
    if (!number) {
      outOf[i].filter((edge) => edge.contribution && edge.contribution.map).slice(0, 8).forEach((edge) => {
        make("h3", `Contribution of ${titles[edge.to]} · ${edge.to + 1}`, panel);
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
        const edge = live.find((each) => each.input === place);
        if (!edge) return;
        link(edge.from, line);
        make("span", ` gets ${short(edge.size)}`, line);
      } else {
        line.textContent = `constant ${told ? brief(told) : "(not kept by the graph)"}`;
      }
    });
    const names = Object.keys(step.arguments || {});
    if (names.length) make("p", names.map((name) => `${name}=${step.arguments[name] ? brief(step.arguments[name]) : "None"}`).join(", "), panel);
  }
  function detailOfGroup(g) {
    const panel = $("details");
    panel.replaceChildren();
    make("h2", groups[g], panel);
    make("p", counted(members[g].length), panel, "muted");
    const button = make("button", closed[g] ? "Expand" : "Collapse", panel);
    button.addEventListener("click", () => { toggle(g); detailOfGroup(g); $("details").querySelector("button").focus(); });
    members[g].slice(0, 200).forEach((i) => link(i, make("p", undefined, panel)));
  }
  function choose(i, scroll = true) {
    if (chosen >= 0) items[chosen].setAttribute("aria-selected", "false");
    chosen = i;
    if (i < 0) { $("details").replaceChildren(); $("list").removeAttribute("aria-activedescendant"); mark(); return; }
    items[i].setAttribute("aria-selected", "true");
    $("list").setAttribute("aria-activedescendant", items[i].id);
    const list = $("list"), item = items[i];
    if (scroll || !pinned) {
      const top = item.offsetTop - list.offsetTop;
      if (top < list.scrollTop || top > list.scrollTop + list.clientHeight - 30) list.scrollTop = top - list.clientHeight / 2;
    }
    detail(i);
    mark();
  }
  function pin(i) {
    pinned = i >= 0;
    choose(i);
  }
  function toggle(g, to = !closed[g]) {
    closed[g] = to;
    arrange();
  }
  function toggleAll() {
    const to = !closed.some((x) => x);
    closed.fill(to);
    arrange();
    $("status").textContent = to ? `${groups.length} modules are one box each` : "All modules are shown with their operations";
  }

  // Search

  const haystack = steps.map((step, i) => [titles[i], step.op, step.type, step.where, step.line, groups[step.group], i + 1].join("\n").toLowerCase());
  function search() {
    const wanted = $("search").value.trim().toLowerCase();
    hits = wanted ? haystack.map((_, i) => i).filter((i) => haystack[i].includes(wanted)) : [];
    const found = new Set(hits);
    steps.forEach((_, i) => { boxes[i].classList.toggle("hit", found.has(i)); items[i].classList.toggle("hit", found.has(i)); });
    groupBoxes.forEach((box, g) => box.classList.toggle("hit", members[g].some((i) => found.has(i))));
    $("world").classList.toggle("seeking", wanted !== "");
    $("found").textContent = wanted ? `${hits.length} found` : "";
  }
  function next(direction) {
    if (!hits.length) return;
    const after = direction > 0 ? hits.find((i) => i > chosen) : hits.findLast((i) => i < chosen);
    const i = after === undefined ? hits[direction > 0 ? 0 : hits.length - 1] : after;
    pin(i);
    if (view.scale < 0.5) { view.scale = 0.8; }
    center(i);
    $("found").textContent = `${hits.indexOf(i) + 1} of ${hits.length}`;
  }
  function keys(on = $("keys").hidden) {
    $("keys").hidden = !on;
    $("help").setAttribute("aria-expanded", String(on));
  }

  // What people do

  const on = (id, event, f) => $(id).addEventListener(event, f);
  on("start", "click", () => move(0));
  on("back", "click", () => move(position - 1));
  on("play", "click", () => play(!playing));
  on("step", "click", () => move(position + 1));
  on("end", "click", () => move(events));
  on("time", "input", () => move(Number($("time").value)));
  on("in", "click", () => zoom(1.3));
  on("out", "click", () => zoom(1 / 1.3));
  on("fit", "click", () => fit());
  on("modules", "click", toggleAll);
  on("help", "click", () => keys());
  on("search", "input", search);
  on("list", "click", (event) => {
    const item = event.target.closest("li");
    if (item) { pin(Number(item.dataset.step)); center(chosen); }
  });
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
    const box = event.target.closest("[data-step]"), group = event.target.closest("[data-group]");
    if (box) pin(Number(box.dataset.step));
    else if (group && group.classList.contains("box")) { pin(-1); pinned = true; detailOfGroup(Number(group.dataset.group)); }
    else pin(-1);
  });
  on("picture", "dblclick", (event) => {
    const group = event.target.closest("[data-group]"), box = event.target.closest("[data-step]");
    if (group) toggle(Number(group.dataset.group));
    else if (box && steps[box.dataset.step].group !== undefined) toggle(steps[box.dataset.step].group);
  });
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
      " ": () => play(!playing), ArrowLeft: () => move(position - 1), ArrowRight: () => move(position + 1),
      Home: () => move(0), End: () => move(events), "+": () => zoom(1.3), "=": () => zoom(1.3), "-": () => zoom(1 / 1.3),
      0: () => fit(), "/": () => $("search").focus(), "?": () => keys(), m: () => groups.length && toggleAll(),
      ArrowUp: scrolls ? null : chosenBy(-1), ArrowDown: scrolls ? null : chosenBy(1),
    };
    const action = event.shiftKey && arrows[key] ? () => pan(...arrows[key]) : actions[key];
    if (action) { event.preventDefault(); action(); }
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (chosen >= 0) detail(chosen); });

  $("time").max = events;
  $("modules").hidden = !groups.length;
  steps.forEach((_, i) => tell(i));
  arrange();
  fit(0.5);
  say();
})();
