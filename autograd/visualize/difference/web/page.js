let {name, texts, rows, first} = data.runs[0]; // of the comparison that is shown
const AT_ONCE = 200;
let chosen = [], shown = 0;

// A row has its title, its kinds, whether it follows, the sides of a and b, and what deviates.
const titleOf = row => texts[row[0]], kindsOf = row => texts[row[1]];
const sidesOf = row => [row[3], row[4]].filter(side => side !== null);

// The lines of the table of a node: a heading and what to show of a side.
const LINES = [
  ["operation", side => texts[side[0]]],
  ["shape and dtype", side => texts[side[1]]],
  ["value", side => texts[side[2]] || "not known"],
  ["gradient", side => texts[side[3]] || "not known"],
  ...["keeps", "forward", "backward", "line", "", "module"].map((title, i) => [title, side => texts[side[4 + i]]]),
];
function showTable(row, parent) {
  const table = make("table", undefined, make("div", undefined, parent, "table")), head = make("tr", undefined, table);
  make("td", "", head);
  for (const each of ["a", name]) make("th", `run ${each}`, head).scope = "col";
  const line = (title, cells) => {
    const made = make("tr", undefined, table);
    make("th", title, made).scope = "row";
    return cells.map(text => make("td", text, made));
  };
  for (const [title, told] of LINES) {
    const cells = [row[3], row[4]].map(side => side === null ? "" : told(side));
    if (cells[0] || cells[1]) line(title, cells);
  }
  for (const [title, index] of [["value deviates", 5], ["gradient deviates", 6], ["argument", 7]])
    if (row[index]) line(title, [texts[row[index]]])[0].colSpan = 2;
}

// What a side has there, or both, or by how much many elements deviate: then both would not fit.
function pair(row, index) {
  const [, many] = (row[index + 3] && texts[row[index + 3]].match(/largest deviation (.*, in .*)$/)) || [];
  if (many) return `off by ${many.replace(/ elements$/, "")}`;
  const [a, b] = [row[3], row[4]].map(side => side === null ? "" : texts[side[index]]);
  return !a || !b || a === b ? b || a : `${a} → ${b}`;
}

// What both sides cost: bytes kept, and forward and backward time together where both were measured.
function costs(row) {
  const [kept, times] = [4, 10].map(index => sidesOf(row).map(side => texts[side[index]]));
  const told = [kept.some(text => text && text !== "0 B") ? kept : [], times.every(Boolean) ? times : []];
  return told.map(words => [...new Set(words)].join(" → ")).filter(Boolean).join(", ");
}

function state(row) {
  if (!row[1]) return "";
  return row[4] === null ? "a" : row[3] === null ? "b" : row[2] ? "follows" : "own";
}

function showNode(number) {
  const row = rows[number], node = make("details", undefined, $("rows"), `node ${state(row)}`);
  const kinds = kindsOf(row) + (row[2] ? " (follows)" : "") + (number === first ? " – first" : "");
  const cells = {
    place: number, what: titleOf(row), kinds,
    "number value": pair(row, 2), "number gradient": pair(row, 3), "number costs": costs(row),
  };
  const head = make("summary", undefined, node);
  for (const name in cells) make("span", cells[name], head, name);
  node.addEventListener("toggle", () => { if (node.open && node.children.length === 1) showTable(row, node); });
}

function showMore() {
  const next = chosen.slice(shown, shown + AT_ONCE);
  next.forEach(showNode);
  shown += next.length;
  $("more").hidden = shown >= chosen.length;
  $("more").textContent = `Show ${Math.min(AT_ONCE, chosen.length - shown)} more`;
}

function choose() {
  const words = $("search").value.trim().toLowerCase(), filter = $("filter").value;
  chosen = [...rows.keys()].filter(number => {
    const row = rows[number];
    if (filter !== "all" && (!row[1] || (filter === "own" && row[2] && number !== first))) return false;
    if (!words) return true;
    const told = [titleOf(row), kindsOf(row), ...sidesOf(row).flatMap(side => [0, 1, 7, 8, 9].map(i => texts[side[i]]))];
    return told.join(" ").toLowerCase().includes(words);
  });
  $("rows").replaceChildren();
  const head = make("div", undefined, $("rows"), "head");
  for (const title of ["", "node", "difference", "value", "gradient", "keeps, time"]) make("span", title, head);
  shown = 0;
  $("count").textContent = `${chosen.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} nodes`;
  showMore();
}

// The picture scrolls to the first difference, where it is wider than the window.
function scrollToFirst(comparison) {
  const picture = comparison.querySelector(".wide"), box = picture && picture.querySelector(".box.first");
  if (!box) return;
  const inner = box.getBoundingClientRect(), outer = picture.getBoundingClientRect();
  picture.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
  picture.scrollTop += inner.top + inner.height / 2 - outer.top - outer.height / 2;
}

function chooseRun(k) {
  ({name, texts, rows, first} = data.runs[k]);
  document.querySelectorAll(".comparison").forEach((each, i) => { each.hidden = i !== k; });
  document.querySelectorAll("[data-run]").forEach((each, i) => each.setAttribute("aria-pressed", String(i === k)));
  $("filter").value = first < 0 ? "all" : "own";
  scrollToFirst(document.querySelectorAll(".comparison")[k]);
  choose();
}

document.querySelectorAll("[data-run]").forEach((each, k) => each.addEventListener("click", () => chooseRun(k)));
$("filter").addEventListener("change", choose);
$("search").addEventListener("input", choose);
$("more").addEventListener("click", showMore);
chooseRun(Math.max(0, data.runs.findIndex(each => each.first >= 0)));
