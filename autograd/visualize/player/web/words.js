// Words and numbers

const counted = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
const minus = (text) => text.replace(/-/g, "−");
function short(number) {
  if (typeof number !== "number") return String(number).replace(/(\.\d{3})\d+/g, "$1");
  if (Number.isInteger(number) && Math.abs(number) < 1e6) return minus(String(number));
  const size = Math.abs(number);
  return minus(size >= 1e5 || size < 1e-3 ? number.toExponential(2) : String(Number(number.toPrecision(4))));
}
const shapeText = (shape) => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
const cut = (text, most) => (text.length > most ? text.slice(0, most - 1) + "…" : text);

const SANS = "system-ui, sans-serif"; // the fonts of the picture, as in the style sheet
const TITLE_FONT = `600 12px ${SANS}`, LONG_FONT = `600 10.5px ${SANS}`, FRAME_FONT = `600 11.5px ${SANS}`;
const SMALL_FONT = '11px ui-monospace, "SFMono-Regular", "DejaVu Sans Mono", monospace';
const CHIP_FONT = `600 10.5px ${SANS}`;
const pen = document.createElement("canvas").getContext("2d");
function widthOf(text, font) {
  pen.font = font;
  return pen.measureText(text).width;
}
function fitted(text, font, room) { // as much of a text as there is room for
  if (widthOf(text, font) <= room) return text;
  let low = 0, high = text.length;
  while (low < high) {
    const half = (low + high + 1) >> 1;
    if (widthOf(`${text.slice(0, half)}…`, font) <= room) low = half; else high = half - 1;
  }
  return `${text.slice(0, low)}…`;
}

function brief(told) { // a value in a few words
  if (!told) return "";
  if ("number" in told) return short(told.number);
  if (told.parts) return counted(told.parts.length, "result");
  if (told.text) return told.text;
  return shapeText(told.shape) + ("mean" in told ? ` mean ${short(told.mean)}` : "");
}

function titleOf(i) { // its name, or its operation with the numbers that it was given
  const step = steps[i];
  if (step.name) return step.name;
  const constants = (step.inputs || []).filter((x) => x);
  const told = constants.length && constants.every((x) => "number" in x) && step.inputs.length <= 3;
  return told ? `${step.op}(${step.inputs.map((x) => (x ? short(x.number) : x === "" ? "·" : "?")).join(", ")})` : step.op;
}
const titles = steps.map((_, i) => titleOf(i));
const fullNames = steps.map((step, i) => step.path || titles[i]); // a parameter with the path of its module
const moduleTitle = (f) => frames[f].name + (frames[f].what ? ` · ${frames[f].what}` : "");
const modulePath = (f) => frames[f].path || frames[f].name;

function valueInBox(i) { // what fits into the box: the value, or what is known before there is one
  const step = steps[i], told = step.value, shape = step.type === "number" ? "" : step.type || "";
  if (!computed[i] || !told) return shape;
  if (!("mean" in told)) return brief(told);
  const mean = `mean ${minus(String(Number(Number(told.mean).toPrecision(2))))}`, both = `${shapeText(told.shape)} ${mean}`;
  return widthOf(both, SMALL_FONT) > W - 12 ? mean : both;
}

const isNumber = (step) => step.gradient && "number" in step.gradient;
function gradientOf(i) { // as far as it has arrived: the sum of the contributions, of arrays the length of that sum
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
