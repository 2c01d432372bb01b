// The mood of a photograph: the colours of another picture, or one of a few variants.
import { say, tell } from "./said.js";
import * as server from "./server.js";

const $ = (id) => document.getElementById(id);
const list = $("variants"), vary = $("vary");
let photograph = null;

// Show the mood of the photograph that is looked at, or of none.
export function show(which) {
  if (which !== photograph) {
    tell("reference-problem", null);
    list.hidden = true;
    vary.hidden = false;
  }
  photograph = which;
  if (!photograph) return;
  const { reference, variant } = photograph.edits;
  $("taken").hidden = !reference;
  $("reference").hidden = Boolean(reference);
  if (reference) {
    $("reference-name").textContent = reference.name;
    $("reference-picture").src = reference.url;
  }
  for (const choice of list.children) {
    const chosen = !reference && choice.of === variant;
    choice.setAttribute("aria-checked", chosen);
    choice.tabIndex = chosen || (reference && !choice.of) ? 0 : -1;
  }
}

// Take the colours of a file.
export async function refer(file) {
  const own = photograph;
  if (!own || !file) return;
  tell("reference-problem", null);
  try {
    const { blob } = await server.turn(server.SOON, () => server.send("page/palette", { file }));
    const { palette } = JSON.parse(await blob.text());
    own.change({ reference: { name: file.name, url: URL.createObjectURL(file), palette }, variant: null });
    say(`The colours of ${file.name} are taken.`);
  } catch (problem) {
    if (own === photograph) tell("reference-problem", problem.message);
  }
}

$("reference").addEventListener("click", () => $("choose-reference").click());
$("choose-reference").addEventListener("change", ({ target }) => {
  refer(target.files[0]);
  target.value = "";
});
$("reference-off").addEventListener("click", () => {
  photograph.change({ reference: null });
  $("reference").focus();
});

vary.addEventListener("click", async () => {
  if (vary.ariaBusy) return;
  const own = photograph;
  tell("reference-problem", null);
  const words = vary.textContent;
  vary.ariaBusy = "true";
  vary.textContent = "Looking for variants…";
  say("Looking for variants. This takes some seconds.");
  try {
    const { variants } = await (await own.ask("variants", {})).json();
    if (own !== photograph) return;
    list.replaceChildren(...variants.map(choiceOf));
    list.hidden = false;
    vary.hidden = true;
    show(own);
    list.querySelector("[tabindex='0']").focus();
  } catch (problem) {
    if (own === photograph) tell("reference-problem", problem.message);
  } finally {
    vary.ariaBusy = null;
    vary.textContent = words;
  }
});

function choiceOf(variant, i) {
  const choice = document.createElement("button"), image = document.createElement("img");
  choice.type = "button";
  choice.setAttribute("role", "radio");
  choice.setAttribute("aria-label", i ? `Variant ${i + 1}` : "Variant 1, the automatic one");
  choice.of = i ? variant : null;
  image.src = variant.picture;
  image.alt = "";
  choice.append(image);
  choice.addEventListener("click", () => {
    photograph.change({ variant: choice.of, reference: null });
    say(choice.getAttribute("aria-label"));
  });
  return choice;
}

list.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const choices = [...list.children], place = choices.indexOf(document.activeElement);
  const next = choices.at((place + step) % choices.length);
  next.focus();
  next.click();
});
