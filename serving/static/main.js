// The page: which photographs there are, which of them is looked at, and what its parts show of it.
import * as arriving from "./arriving.js";
import * as dabs from "./dabs.js";
import * as mood from "./mood.js";
import * as picture from "./picture.js";
import * as saving from "./saving.js";
import * as server from "./server.js";
import * as strip from "./strip.js";
import { Photograph } from "./photographs.js";
import { say, tell } from "./said.js";

const $ = (id) => document.getElementById(id);
const all = (css) => document.querySelectorAll(css);
const WAITS = { waiting: "Waiting…", sending: "Sending…", coloring: "Colouring…" };
const photographs = [];
let about = { saturation: 1, strongest: 3, megabytes: 200, megapixels: 200, types: [] };
let current = null;

function add(files) {
  const added = [...files].map((file) => new Photograph(file, about.saturation));
  for (const photograph of added) {
    photographs.push(photograph);
    strip.add(photograph, look, remove);
    photograph.addEventListener("change", () => changed(photograph));
    photograph.addEventListener("problem", ({ problem }) => {
      if (photograph === current) tell("problem", problem.message);
    });
    photograph.open(about.megabytes);
  }
  if (added.length) look(added[0]);
}

function changed(photograph) {
  strip.show(photograph);
  if (photograph === current) update();
  else photograph.rest();
}

function look(photograph) {
  const before = current;
  current = photograph;
  tell("problem", null);
  tell("save-problem", null);
  $("show-doubt").checked = false;
  document.body.classList.toggle("begun", Boolean(photograph));
  $("empty").hidden = Boolean(photograph);
  for (const id of ["strip", "sections", "bar"]) $(id).hidden = !photograph;
  strip.choose(photograph);
  update();
  if (before !== current) before?.rest();
  current?.wake();
}

function remove(photograph) {
  const place = photographs.indexOf(photograph);
  photographs.splice(place, 1);
  strip.remove(photograph);
  look(photographs[Math.min(place, photographs.length - 1)] ?? null);
}

function update() {
  const one = current, ready = one?.state === "ready", failed = one?.state === "failed";
  picture.show(one);
  dabs.show(ready && about.steerable ? one : null);
  mood.show(one);
  const wait = WAITS[one?.state] ?? "";
  $("busy").hidden = !wait;
  $("waiting").hidden = !wait || Boolean(one.before);
  $("busy").textContent = $("waiting").querySelector("p").textContent = wait;
  $("view").classList.toggle("waiting", Boolean(wait));
  if (failed) tell("problem", one.problem);
  $("problem").classList.toggle("alone", failed);
  $("again").hidden = !failed || one.final;
  for (const control of all("#sections button, #sections input")) control.disabled = !ready;
  $("download-all").hidden = photographs.length < 2;
  if (!one) return;
  $("undo").disabled = !ready || !one.past.length;
  $("redo").disabled = !ready || !one.future.length;
  $("clear").disabled = !ready || !one.edits.dabs.length;
  $("saturation").value = one.edits.saturation;
  $("saturation-value").textContent = Number(one.edits.saturation).toFixed(2);
  const notes = one.notes?.map((note) => ` Note: ${note}.`).join("") ?? "";
  $("facts").textContent = ready ? `At full size, ${one.width} × ${one.height} pixels.${notes}` : "";
}

$("again").addEventListener("click", () => {
  tell("problem", null);
  current.open(about.megabytes);
});
$("dismiss").addEventListener("click", () => {
  if (current?.state === "failed") remove(current);
  else tell("problem", null);
});

$("saturation").addEventListener("input", ({ target }) => {
  current.change({ saturation: Number(target.value) }, { passing: true });
});
$("saturation").addEventListener("change", () => current.settle());
$("show-doubt").addEventListener("change", async ({ target }) => {
  const photograph = current;
  if (!target.checked) return picture.unsure(null);
  try {
    photograph.doubt ??= await (await photograph.ask("doubt")).blob();
    if (photograph === current && target.checked) picture.unsure(photograph.doubt);
  } catch (problem) {
    target.checked = false;
    tell("problem", problem.message);
  }
});

function back(step, text) {
  dabs.close();
  current[step]();
  if (document.activeElement === document.body) $("dabs").focus({ preventScroll: true });
  say(text);
}
$("undo").addEventListener("click", () => back("undo", "Undone."));
$("redo").addEventListener("click", () => back("redo", "Done again."));
$("clear").addEventListener("click", () => back("clear", "Cleared."));
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || current?.state !== "ready") return;
  const key = event.key.toLowerCase();
  if (key === "z" && !event.shiftKey) back("undo", "Undone.");
  else if (key === "y" || (key === "z" && event.shiftKey)) back("redo", "Done again.");
  else return;
  event.preventDefault();
});

// Small screens: one section at a time, above the bar.
for (const tab of $("bar").children) {
  tab.addEventListener("click", () => {
    const open = tab.getAttribute("aria-expanded") !== "true";
    for (const other of $("bar").children) {
      const now = other === tab && open;
      other.setAttribute("aria-expanded", now);
      $(other.getAttribute("aria-controls")).classList.toggle("open", now);
    }
    document.body.classList.toggle("sheet", open);
  });
}

const refers = (event) => {
  return Boolean(event.target.closest?.("#mood")) && Boolean(about.steerable) && current?.state === "ready";
};
arriving.start({ add, refer: mood.refer, refers });
saving.start(() => current, () => photographs.filter((one) => one.state === "ready"));
try {
  about = await (await server.get("page/about")).json();
  const { megabytes, megapixels } = about;
  $("choose").accept = ["image/*", ...about.types].join(",");
  $("limits").textContent =
    `Or paste one. Up to ${megabytes} MB and ${megapixels} megapixels: JPEG, PNG, TIFF, WebP, BMP.`;
  $("saturation").max = about.strongest;
  for (const part of all("[data-steers]")) part.hidden = !about.steerable;
  for (const part of all("[data-doubts]")) part.hidden = !about.doubtful;
} catch (problem) {
  tell("problem", problem.message);
}
document.body.dataset.ready = "";
