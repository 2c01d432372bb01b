// The filmstrip: an item for each photograph, with its state, its progress and how it looks.
import { say } from "./said.js";

const STATES = {
  waiting: "waiting", sending: "being sent", coloring: "being coloured", ready: "in colour", failed: "not coloured",
};
const SIDE = 160; // pixels of a thumbnail
const items = new Map();

// A new item; `look` and `remove` are what its two buttons do.
export function add(photograph, look, remove) {
  const element = document.createElement("li"), button = document.createElement("button");
  const image = document.createElement("img"), bar = document.createElement("progress");
  const away = document.createElement("button");
  button.type = away.type = "button";
  image.alt = "";
  button.append(image, bar);
  away.className = "away";
  away.textContent = "×";
  away.setAttribute("aria-label", `Remove ${photograph.name}`);
  away.addEventListener("click", () => remove(photograph));
  button.addEventListener("click", () => look(photograph));
  element.append(button, away);
  document.getElementById("photographs").append(element);
  items.set(photograph, { element, button, image, bar });
}

export function remove(photograph) {
  items.get(photograph).element.remove();
  items.delete(photograph);
}

// Show which of them is looked at.
export function choose(photograph) {
  for (const [one, { button }] of items) button.setAttribute("aria-current", one === photograph);
  items.get(photograph)?.button.scrollIntoView({ block: "nearest", inline: "nearest" });
}

// Show the state of a photograph, and say it when that is reached.
export function show(photograph) {
  const { state, after, progress } = photograph, item = items.get(photograph);
  if (!item) return; // removed meanwhile
  item.element.dataset.state = state;
  item.button.setAttribute("aria-label", `${photograph.name}, ${STATES[state]}`);
  item.bar.hidden = state === "ready" || state === "failed";
  if (state === "sending") item.bar.value = progress;
  else item.bar.removeAttribute("value");
  const seen = after ?? photograph.glance;
  if (seen && item.seen !== seen) thumbnail(item, seen);
  if (state !== item.said && state === "ready") say(`${photograph.name} is in colour.`);
  if (state !== item.said && state === "failed") say(photograph.problem);
  item.said = state;
}

function thumbnail(item, seen) {
  const factor = Math.min(1, SIDE / Math.max(seen.width, seen.height)), small = document.createElement("canvas");
  Object.assign(small, { width: Math.ceil(seen.width * factor), height: Math.ceil(seen.height * factor) });
  const pen = small.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(seen, 0, 0, small.width, small.height);
  item.image.src = small.toDataURL("image/jpeg");
  item.seen = seen;
}
