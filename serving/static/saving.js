// Files in colour at full size, one or all as a zip archive.
import { say, tell } from "./said.js";
import * as server from "./server.js";
import { archive } from "./zip.js";

const $ = (id) => document.getElementById(id);

// `current()` is the photograph that is looked at, `all()` are those that are in colour.
export function start(current, all) {
  act($("download"), async (show) => {
    show("Colouring at full size…");
    const { name, blob } = await current().result();
    give(blob, name);
    say(`${name} is saved.`);
  });
  act($("download-all"), async (show) => {
    const photographs = all(), files = [];
    for (const one of photographs) {
      show(`Colouring ${files.length + 1} of ${photographs.length}…`);
      files.push(await one.result(server.LAST));
    }
    give(await archive(files), "colorized.zip");
    say(`${files.length} photographs are saved.`);
  });
}

// What a button does, once at a time; `work` is given a function that shows how far it is.
function act(button, work) {
  const text = button.textContent;
  button.addEventListener("click", async () => {
    if (button.ariaBusy) return;
    tell("save-problem", null);
    button.ariaBusy = "true";
    try {
      await work((progress) => { button.textContent = progress; });
    } catch (problem) {
      tell("save-problem", problem.message);
    } finally {
      button.ariaBusy = null;
      button.textContent = text;
    }
  });
}

function give(blob, name) {
  const link = document.createElement("a"), url = URL.createObjectURL(blob);
  Object.assign(link, { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
