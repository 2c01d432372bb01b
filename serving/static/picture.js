// The picture on the stage: before and after, fitted to the room there is, and the map of doubt over it.
import { Chroma } from "./chroma.js";

const $ = (id) => document.getElementById(id);
const view = $("view"), frame = $("frame"), before = $("before"), after = $("after"), doubt = $("doubt");
const split = $("split"), handle = $("handle");
const pen = after.getContext("2d", { willReadFrequently: true });
const UNSURE = [255, 122, 0]; // colour of what is unsure, over the gray picture
let shown = null, asked = 0;
let drawn = {}; // what the canvas shows, and `Chroma` of it

export function show(photograph) {
  const other = photograph !== shown;
  shown = photograph;
  view.hidden = !photograph?.before;
  if (view.hidden) return;
  if (before.of !== photograph.before) {
    before.of = photograph.before;
    URL.revokeObjectURL(before.src);
    before.src = URL.createObjectURL(photograph.before);
  }
  before.alt = `${photograph.name}, before`;
  after.setAttribute("aria-label", `${photograph.name}, in colour`);
  if (other) {
    unsure(null);
    divide(50);
  }
  fit();
  view.ariaBusy = "true";
  cancelAnimationFrame(asked); // several changes, one drawing
  asked = requestAnimationFrame(() => {
    paint();
    view.ariaBusy = String(shown?.state !== "ready" || !shown.after || shown.working || Boolean(shown.holding));
  });
}

// The picture in colour at its saturation.
function paint() {
  const image = shown?.after, held = shown?.held, saturation = shown?.edits.saturation;
  after.hidden = $("tag-after").hidden = split.hidden = $("handle").hidden = !image;
  if (!image || (drawn.image === image && drawn.held === held && drawn.saturation === saturation)) return;
  const { width, height } = image;
  if (after.width !== width || after.height !== height) Object.assign(after, { width, height });
  const chroma = drawn.image === image && drawn.held === held ? drawn.chroma : null;
  drawn = { image, held, saturation, chroma };
  if (saturation === 1) return pen.drawImage(image, 0, 0);
  drawn.chroma ??= new Chroma(data(image), held && data(held));
  const target = pen.createImageData(width, height);
  drawn.chroma.paint(saturation, target);
  pen.putImageData(target, 0, 0);
}

function data(image) {
  const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, image.width, image.height);
}

// Not larger than its own pixels, and whole.
export function fit() {
  if (!shown?.width || view.hidden) return;
  const room = view.getBoundingClientRect();
  const scale = Math.min(1, room.width / shown.width, room.height / shown.height);
  frame.style.width = `${Math.max(1, Math.round(shown.width * scale))}px`;
  frame.style.height = `${Math.max(1, Math.round(shown.height * scale))}px`;
}
new ResizeObserver(fit).observe(view);

// How much of the picture shows before, in percent from the left.
export function divide(percent) {
  split.value = percent;
  const share = Number(split.value);
  split.setAttribute("aria-valuetext", `${Math.round(share)} % before, ${Math.round(100 - share)} % after`);
  frame.style.setProperty("--split", `${share}%`);
  frame.classList.toggle("all-after", share < 12);
  frame.classList.toggle("all-before", share > 88);
}
export const divided = () => Number(split.value);
split.addEventListener("input", () => divide(split.value));

// Drag the handle; a press elsewhere is a dab's.
handle.addEventListener("pointerdown", (event) => {
  handle.setPointerCapture(event.pointerId);
  event.preventDefault();
  split.focus({ preventScroll: true });
});
handle.addEventListener("pointermove", (event) => {
  if (!handle.hasPointerCapture(event.pointerId)) return;
  const { left, width } = frame.getBoundingClientRect();
  divide(100 * Math.min(1, Math.max(0, (event.clientX - left) / width)));
});

// -> "#rrggbb" of the picture as it is seen at a place, in shares of width and height: the mean of a few pixels.
export function color(x, y) {
  const side = 3, left = Math.round(x * after.width - side / 2), top = Math.round(y * after.height - side / 2);
  const clamp = (value, size) => Math.max(0, Math.min(size - side, value));
  const { data: values } = pen.getImageData(clamp(left, after.width), clamp(top, after.height), side, side);
  const sums = [0, 0, 0];
  values.forEach((value, i) => { if (i % 4 < 3) sums[i % 4] += value; });
  return `#${sums.map((sum) => Math.round(sum / side ** 2).toString(16).padStart(2, "0")).join("")}`;
}

// A Blob of the map of doubt, gray, over the picture; null: none.
export async function unsure(map) {
  doubt.hidden = !map;
  frame.classList.toggle("doubting", Boolean(map));
  if (!map) return;
  const image = await createImageBitmap(map);
  Object.assign(doubt, { width: image.width, height: image.height });
  const context = doubt.getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, image.width, image.height);
  // From the surest of its places to the least sure: where to look first.
  let low = 255, high = 0;
  for (let p = 0; p < pixels.data.length; p += 4) {
    low = Math.min(low, pixels.data[p]);
    high = Math.max(high, pixels.data[p]);
  }
  for (let p = 0; p < pixels.data.length; p += 4) {
    const share = (pixels.data[p] - low) / Math.max(1, high - low);
    for (let c = 0; c < 3; c++) pixels.data[p + c] = UNSURE[c];
    pixels.data[p + 3] = 230 * share ** 2;
  }
  context.putImageData(pixels, 0, 0);
}
