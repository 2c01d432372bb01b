// How files come to the page: chosen, dropped anywhere, pasted, or one of the examples.
import { tell } from "./said.js";
import * as server from "./server.js";

const $ = (id) => document.getElementById(id);

// `add` takes photographs, `refer` a reference where `refers(event)` says that a drop is one.
export function start({ add, refer, refers }) {
  for (const button of document.querySelectorAll("[data-add]")) {
    button.addEventListener("click", () => $("choose").click());
  }
  $("choose").addEventListener("change", ({ target }) => {
    add(target.files);
    target.value = "";
  });
  for (const button of document.querySelectorAll("[data-example]")) {
    button.addEventListener("click", async () => {
      const name = button.dataset.example;
      try {
        const blob = await (await server.get(`examples/${name}`)).blob();
        add([new File([blob], name, { type: blob.type })]);
      } catch (problem) {
        tell("problem", problem.message);
      }
    });
  }
  document.addEventListener("paste", (event) => {
    if (!event.clipboardData.files.length) return;
    event.preventDefault();
    add(event.clipboardData.files);
  });

  let inside = 0; // elements that were entered and not left
  const shown = (event, entered) => {
    if (!event.dataTransfer?.types.includes("Files")) return false;
    event.preventDefault();
    inside = entered === null ? 0 : inside + entered;
    document.body.classList.toggle("dragging", inside > 0);
    $("landing").hidden = inside <= 0;
    $("mood").classList.toggle("over", inside > 0 && refers(event));
    return true;
  };
  document.addEventListener("dragenter", (event) => shown(event, 1));
  document.addEventListener("dragleave", (event) => shown(event, -1));
  document.addEventListener("dragover", (event) => shown(event, 0));
  document.addEventListener("drop", (event) => {
    if (!shown(event, null)) return;
    if (refers(event)) refer(event.dataTransfer.files[0]);
    else add(event.dataTransfer.files);
  });
}
