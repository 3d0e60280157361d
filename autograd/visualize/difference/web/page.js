"use strict";
(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const {texts, rows, first} = data;
const AT_ONCE = 200;
const rowsBox = document.getElementById("rows"), more = document.getElementById("more");
const filter = document.getElementById("filter"), search = document.getElementById("search");
let chosen = [], shown = 0;

function element(kind, name, text) {
  const made = document.createElement(kind);
  if (name) made.className = name;
  if (text) made.textContent = text;
  return made;
}

// A row has its title, its kinds, whether it follows, the sides of a and b, and what deviates.
const titleOf = row => texts[row[0]], kindsOf = row => texts[row[1]];

function bytes(count) {
  for (const [power, unit] of [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]])
    if (count >= power) return `${+(count / power).toPrecision(3)} ${unit}`;
  return `${count} B`;
}

function time(microseconds) {
  if (microseconds < 0) return "not measured";
  for (const [power, unit] of [[1e6, "s"], [1e3, "ms"]])
    if (microseconds >= power) return `${+(microseconds / power).toPrecision(3)} ${unit}`;
  return `${+microseconds.toPrecision(3)} µs`;
}

// A leaf takes no time, and keeps nothing.
const isLeaf = side => !side[4] && side[5] < 0 && side[6] < 0;

// The lines of the table of a node: a heading and what to show of a side.
const LINES = [
  ["operation", side => texts[side[0]]],
  ["shape and dtype", side => texts[side[1]]],
  ["value", side => texts[side[2]] || "not known"],
  ["gradient", side => texts[side[3]] || "not known"],
  ["keeps", side => isLeaf(side) ? "" : bytes(side[4])],
  ["forward", side => isLeaf(side) ? "" : time(side[5])],
  ["backward", side => isLeaf(side) ? "" : time(side[6])],
  ["line", side => texts[side[7]]],
  ["", side => texts[side[8]]],
  ["module", side => texts[side[9]]],
];

function table(row) {
  const box = element("div", "table"), made = element("table"), head = element("tr");
  head.append(element("td"));
  for (const letter of ["a", "b"]) {
    const cell = element("th", "", `run ${letter}`);
    cell.scope = "col";
    head.append(cell);
  }
  made.append(head);
  for (const [words, told] of LINES) {
    const cells = [row[3], row[4]].map(side => side === null ? "" : told(side));
    if (!cells[0] && !cells[1]) continue;
    const line = element("tr"), title = element("th", "", words);
    title.scope = "row";
    line.append(title, ...cells.map(text => element("td", "", text)));
    made.append(line);
  }
  for (const [words, place] of [["value deviates", 5], ["gradient deviates", 6], ["argument", 7]])
    if (row[place]) {
      const line = element("tr"), title = element("th", "", words), cell = element("td", "", texts[row[place]]);
      title.scope = "row";
      cell.colSpan = 2;
      line.append(title, cell);
      made.append(line);
    }
  box.append(made);
  return box;
}

// What a side has there, or both, or by how much many elements deviate: then both would not fit.
function pair(row, place) {
  const [, many] = (row[place + 3] && texts[row[place + 3]].match(/largest deviation (.*, in .*)$/)) || [];
  if (many) return `off by ${many.replace(/ elements$/, "")}`;
  const [a, b] = [row[3], row[4]].map(side => side === null ? "" : texts[side[place]]);
  return !a || !b || a === b ? b || a : `${a} → ${b}`;
}

// What both sides cost: bytes kept, and forward and backward time together where both were measured.
function costs(row) {
  const sides = [row[3], row[4]].filter(side => side !== null);
  const kept = sides.map(side => bytes(side[4]));
  const times = sides.map(side => side[5] < 0 && side[6] < 0 ? "" : time(Math.max(side[5], 0) + Math.max(side[6], 0)));
  const joined = words => words[0] === words[1] || words.length < 2 ? words[0] : words.join(" → ");
  const told = sides.some(side => side[4]) ? [joined(kept)] : [];
  if (times.every(Boolean)) told.push(joined(times));
  return told.join(", ");
}

function state(row) {
  if (!row[1]) return "";
  return row[4] === null ? "a" : row[3] === null ? "b" : row[2] ? "follows" : "own";
}

function node(place) {
  const row = rows[place], made = element("details", `node ${state(row)}`), head = element("summary");
  const kinds = kindsOf(row) + (row[2] ? " (follows)" : "") + (place === first ? " – first" : "");
  head.append(
    element("span", "place", String(place)), element("span", "what", titleOf(row)), element("span", "kinds", kinds),
    element("span", "number value", pair(row, 2)), element("span", "number gradient", pair(row, 3)),
    element("span", "number costs", costs(row)),
  );
  made.append(head);
  made.addEventListener("toggle", () => { if (made.open && made.children.length === 1) made.append(table(row)); });
  return made;
}

function append() {
  const next = chosen.slice(shown, shown + AT_ONCE);
  rowsBox.append(...next.map(node));
  shown += next.length;
  more.hidden = shown >= chosen.length;
  more.textContent = `Show ${Math.min(AT_ONCE, chosen.length - shown)} more`;
}

function choose() {
  const words = search.value.trim().toLowerCase();
  chosen = [];
  rows.forEach((row, place) => {
    if (filter.value !== "all" && (!row[1] || (filter.value === "own" && row[2] && place !== first))) return;
    if (words) {
      const sides = [row[3], row[4]].filter(side => side !== null);
      const told = [titleOf(row), kindsOf(row), ...sides.flatMap(side => [0, 1, 7, 8, 9].map(i => texts[side[i]]))];
      if (!told.join(" ").toLowerCase().includes(words)) return;
    }
    chosen.push(place);
  });
  const head = element("div", "head");
  head.append(...["", "node", "difference", "value", "gradient", "keeps, time"].map(words => element("span", "", words)));
  rowsBox.replaceChildren(head);
  shown = 0;
  document.getElementById("count").textContent =
    `${chosen.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} nodes`;
  append();
}

// The picture scrolls to the first difference, where it is wider than the window.
const picture = document.querySelector(".wide"), box = picture && picture.querySelector(".box.first");
if (box) {
  const inner = box.getBoundingClientRect(), outer = picture.getBoundingClientRect();
  picture.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
  picture.scrollTop += inner.top + inner.height / 2 - outer.top - outer.height / 2;
}

filter.value = first < 0 ? "all" : "own";
filter.addEventListener("change", choose);
search.addEventListener("input", choose);
more.addEventListener("click", append);
choose();
})();
