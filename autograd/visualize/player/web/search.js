// Choosing one step or module, and finding steps by words

let chosen = -1;
let chosenModule = -1;
let pinned = false; // whether somebody chose, so that playing does not
let hits = [];

function choose(i, scroll = true) {
  if (chosen >= 0) items[chosen].setAttribute("aria-selected", "false");
  chosen = i;
  chosenModule = -1;
  if (i < 0) { introduce(); $("list").removeAttribute("aria-activedescendant"); mark(); return; }
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
function pinModule(f) {
  choose(-1);
  pinned = true;
  chosenModule = f;
  detailOfModule(f);
  mark();
}

const haystack = steps.map((step, i) => {
  const path = around[i].flatMap((f) => [modulePath(f), frames[f].what]);
  return [fullNames[i], step.op, step.type, step.where, step.line, ...path, i + 1].join("\n").toLowerCase();
});
function search() {
  const wanted = $("search").value.trim().toLowerCase();
  hits = wanted ? haystack.map((_, i) => i).filter((i) => haystack[i].includes(wanted)) : [];
  const found = new Set(hits);
  steps.forEach((_, i) => { boxes[i].classList.toggle("hit", found.has(i)); items[i].classList.toggle("hit", found.has(i)); });
  moduleBoxes.forEach((box, f) => box.classList.toggle("hit", members[f].some((i) => found.has(i))));
  $("world").classList.toggle("seeking", wanted !== "");
  $("found").textContent = wanted ? `${hits.length} found` : "";
}
function next(direction) { // what is found within closed modules is shown
  if (!hits.length) return;
  const after = direction > 0 ? hits.find((i) => i > chosen) : hits.findLast((i) => i < chosen);
  const i = after === undefined ? hits[direction > 0 ? 0 : hits.length - 1] : after;
  openAround(i);
  pin(i);
  if (view.scale < READABLE) view.scale = 0.8;
  center(i);
  $("found").textContent = `${hits.indexOf(i) + 1} of ${hits.length}`;
}
