// Steering on the picture: dabs of colour, put, moved and taken away by pointer and by keyboard, and their palette.
import * as picture from "./picture.js";
import { say } from "./said.js";

const $ = (id) => document.getElementById(id);
const frame = $("frame"), layer = $("dabs"), cross = $("cross"), palette = $("palette");
const NEAR = 4; // pixels of the screen: a press that moves less is no drag
const STEP = 0.01, LEAP = 0.05; // of the picture's size: an arrow key, and with Shift
const KEPT = 6; // colours that were used before
let photograph = null, selected = null, dropping = false, at = { x: 0.5, y: 0.5 }, recent = [];
let draft = null; // the dab that was put, but has no colour yet
let count = 0, asked = 0; // of dabs, and of palettes

// Show the dabs of a photograph; `null` where nothing can be steered.
export function show(which) {
  if (which !== photograph) close();
  photograph = which;
  layer.hidden = !photograph?.after;
  if (layer.hidden) return;
  const dabs = [...photograph.edits.dabs, ...(draft ? [draft] : [])];
  const known = new Set(dabs.map((dab) => String(dab.id)));
  for (const spot of layer.querySelectorAll(".dab")) if (!known.has(spot.dataset.id)) spot.remove();
  dabs.forEach((dab, i) => place(layer.querySelector(`[data-id="${dab.id}"]`) ?? spotOf(dab), dab, i));
  if (selected !== null && !find(selected)) close();
}

const find = (id) => (draft?.id === id ? draft : photograph?.edits.dabs.find((dab) => dab.id === id));
const shares = (dab) => [dab.x / photograph.width, dab.y / photograph.height];

function spotOf(dab) {
  const spot = document.createElement("button");
  spot.type = "button";
  spot.className = "dab";
  spot.dataset.id = dab.id;
  layer.append(spot);
  return spot;
}

function place(spot, dab, i) {
  const [x, y] = shares(dab);
  spot.style.left = `${100 * x}%`;
  spot.style.top = `${100 * y}%`;
  spot.style.setProperty("--dab", dab.color === "keep gray" ? "#808080" : dab.color ?? "transparent");
  spot.classList.toggle("empty", !dab.color);
  spot.classList.toggle("selected", dab.id === selected);
  const color = dab.color ?? "no colour yet";
  spot.setAttribute("aria-label", `Dab ${i + 1}, ${color}, at ${Math.round(100 * x)} %, ${Math.round(100 * y)} %`);
}

function changed(dab, values, options) {
  const dabs = photograph.edits.dabs, now = { ...dab, ...values };
  if (dab !== draft) return photograph.change({ dabs: dabs.map((one) => (one === dab ? now : one)) }, options);
  draft = now.color ? null : now;
  if (draft) show(photograph);
  else photograph.change({ dabs: [...dabs, now] }, options);
}

function put(x, y) {
  if (picture.divided() > 100 * x) picture.divide(0); // what a dab does must be seen
  draft = { id: ++count, ...pixels(x, y), radius: radius(Number($("radius").value)), color: null };
  open(draft.id);
}

const pixels = (x, y) => ({
  x: Math.min(photograph.width - 1, Math.max(0, Math.round(x * photograph.width))),
  y: Math.min(photograph.height - 1, Math.max(0, Math.round(y * photograph.height))),
});

// The slider's 0 to 100 as pixels of the photograph: up to a tenth of its shorter side, finer where it is small.
const largest = () => 0.1 * Math.min(photograph.width, photograph.height);
const radius = (value) => Math.round(10 * (value / 100) ** 2 * largest()) / 10;
const slider = (pixels) => Math.round(100 * Math.sqrt(pixels / largest()));

function remove(id) {
  const put = draft?.id !== id;
  close();
  if (put) photograph.change({ dabs: photograph.edits.dabs.filter((dab) => dab.id !== id) });
  layer.focus({ preventScroll: true });
}

// The palette of a dab: what is likely there, what was used before, any colour.
async function open(id) {
  selected = id;
  const dab = find(id), mine = ++asked;
  palette.hidden = false;
  $("radius").value = slider(dab.radius);
  if (/^#/.test(dab.color ?? "")) $("own").value = dab.color;
  fill($("suggested"), []);
  $("suggested").classList.add("waiting");
  fill($("recent"), recent);
  $("recent").hidden = !recent.length;
  beside(dab);
  show(photograph);
  try {
    const { colors } = await (await photograph.ask("suggestions", { x: dab.x, y: dab.y })).json();
    if (mine !== asked) return;
    fill($("suggested"), ["keep gray", ...colors.filter((color) => !/^#(..)\1\1$/.test(color))]);
  } catch {
    if (mine !== asked) return;
    fill($("suggested"), ["keep gray"]); // any colour can still be chosen
  }
  $("suggested").classList.remove("waiting");
  beside(find(id));
  const [gray, likely] = $("suggested").children; // the most likely first, but for gray
  if ([palette, layer].some((one) => one.matches(":focus-within"))) (likely ?? gray).focus({ preventScroll: true });
}

function fill(group, colors) {
  group.replaceChildren(...colors.map((color) => {
    const swatch = document.createElement("button");
    swatch.type = "button";
    swatch.className = color === "keep gray" ? "swatch gray" : "swatch";
    swatch.style.setProperty("--dab", color === "keep gray" ? "#808080" : color);
    swatch.setAttribute("aria-label", color === "keep gray" ? "Keep gray" : `Colour ${color}`);
    swatch.title = swatch.getAttribute("aria-label");
    swatch.addEventListener("click", () => choose(color));
    return swatch;
  }));
}

// Beside the dab, inside the window; where there is no room for that, the style sheet puts it at the bottom.
function beside(dab) {
  if (!dab) return;
  const { left, top, width, height } = frame.getBoundingClientRect(), own = palette.getBoundingClientRect();
  const [x, y] = shares(dab), middle = left + x * width, gap = 22;
  const right = middle + gap + own.width < innerWidth - 8;
  palette.classList.toggle("up", top + y * height > innerHeight / 2); // of small screens, where it is as wide as these
  palette.style.left = `${Math.max(8, right ? middle + gap : middle - gap - own.width)}px`;
  palette.style.top = `${Math.max(8, Math.min(innerHeight - own.height - 8, top + y * height - own.height / 3))}px`;
}

function choose(color, options) {
  const dab = find(selected);
  if (!dab) return;
  changed(dab, { color }, options);
  if (color !== "keep gray" && !options?.passing) use(color);
  say(color === "keep gray" ? "Keeps gray there." : `Colour ${color}.`);
}

const use = (color) => { recent = [color, ...recent.filter((one) => one !== color)].slice(0, KEPT); };

export function close() {
  selected = draft = null;
  asked++;
  drop(false);
  palette.hidden = true;
  if (photograph) show(photograph);
}

function drop(on) {
  dropping = on;
  $("dropper").setAttribute("aria-pressed", on);
  frame.classList.toggle("dropping", on);
}

const inside = (share) => Math.min(1, Math.max(0, share));

function shareOf(event) {
  const { left, top, width, height } = frame.getBoundingClientRect();
  return [inside((event.clientX - left) / width), inside((event.clientY - top) / height)];
}

let held = null; // the dab under the pointer, and where it was pressed
const away = (event) => Math.hypot(event.clientX - held.x, event.clientY - held.y);
layer.addEventListener("pointerdown", (event) => {
  if (event.button || !photograph) return;
  const spot = event.target.closest(".dab");
  held = { id: spot ? Number(spot.dataset.id) : null, x: event.clientX, y: event.clientY, moved: false };
  layer.setPointerCapture(event.pointerId);
});
layer.addEventListener("pointermove", (event) => {
  if (!held || held.id === null || dropping) return;
  held.moved ||= away(event) >= NEAR;
  if (!held.moved) return;
  palette.hidden = true;
  changed(find(held.id), pixels(...shareOf(event)), { passing: true });
});
layer.addEventListener("pointerup", (event) => {
  if (!held) return;
  const { id, moved } = held, [x, y] = shareOf(event), pressed = away(event) < NEAR;
  held = null;
  if (dropping) {
    choose(picture.color(x, y));
    drop(false);
  } else if (id !== null) {
    if (moved) photograph.settle();
    open(id);
  } else if (pressed) put(x, y);
});
layer.addEventListener("click", (event) => { // of a screen reader, which presses nothing
  const spot = event.target.closest(".dab");
  if (spot && !event.detail) open(Number(spot.dataset.id));
});
layer.addEventListener("pointercancel", () => { held = null; });

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
layer.addEventListener("keydown", (event) => {
  const spot = event.target.closest(".dab"), dab = spot && find(Number(spot.dataset.id));
  const step = event.shiftKey ? LEAP : STEP, [dx, dy] = ARROWS[event.key] ?? [];
  if (dx !== undefined && dab) {
    const [x, y] = shares(dab);
    changed(dab, pixels(x + dx * step, y + dy * step), { passing: true });
  } else if (dx !== undefined) {
    at = { x: inside(at.x + dx * step), y: inside(at.y + dy * step) };
    cross.style.left = `${100 * at.x}%`;
    cross.style.top = `${100 * at.y}%`;
    say(`${Math.round(100 * at.x)} %, ${Math.round(100 * at.y)} %`);
  } else if (event.key === "Enter" || event.key === " ") {
    if (dropping) {
      choose(picture.color(at.x, at.y));
      drop(false);
    } else if (dab) open(dab.id);
    else put(at.x, at.y);
  } else if ((event.key === "Delete" || event.key === "Backspace") && dab) remove(dab.id);
  else return;
  event.preventDefault();
});
layer.addEventListener("keyup", (event) => { if (event.key in ARROWS && photograph) photograph.settle(); });

$("own").addEventListener("input", (event) => choose(event.target.value, { passing: true }));
$("own").addEventListener("change", (event) => {
  photograph.settle();
  use(event.target.value);
});
$("dropper").addEventListener("click", () => {
  drop(!dropping);
  if (dropping) layer.focus({ preventScroll: true });
});
$("remove").addEventListener("click", () => remove(selected));
$("radius").addEventListener("input", ({ target }) => {
  changed(find(selected), { radius: radius(Number(target.value)) }, { passing: true });
});
$("radius").addEventListener("change", () => photograph.settle());
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || palette.hidden) return;
  const spot = layer.querySelector(`[data-id="${selected}"]`);
  if (dropping) return drop(false);
  close();
  (spot?.isConnected ? spot : layer).focus({ preventScroll: true });
});
document.addEventListener("pointerdown", (event) => {
  if (!palette.hidden && !palette.contains(event.target) && !frame.contains(event.target)) close();
});
addEventListener("resize", () => { if (selected !== null) beside(find(selected)); });
