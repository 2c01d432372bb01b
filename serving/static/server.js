// What the page asks its server for. One request at a time, and what a person waits for first: the server colours one
// photograph at a time in any case.

export class Problem extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

const OFFLINE = "The server does not answer. Is the program still running?";
export const SOON = 0, LATER = 1, LAST = 2;
const waiting = [[], [], []];
let busy = false;

// Do some work when its turn comes.
export function turn(priority, work) {
  return new Promise((resolve, reject) => {
    waiting[priority].push(() => work().then(resolve, reject));
    advance();
  });
}

async function advance() {
  if (busy) return;
  const next = waiting.find((queue) => queue.length)?.shift();
  if (!next) return;
  busy = true;
  await next();
  busy = false;
  advance();
}

function refusal(text, status) {
  let detail;
  try {
    detail = JSON.parse(text).detail;
  } catch { /* not ours: a web server in front answers */ }
  return new Problem(typeof detail === "string" ? detail : `The server answered with status ${status}.`, status);
}

async function answer(asked) {
  let response;
  try {
    response = await asked;
  } catch {
    throw new Problem(OFFLINE);
  }
  if (!response.ok) throw refusal(await response.text(), response.status);
  return response;
}

export const get = (path) => answer(fetch(path));
export const post = (path, message) => answer(fetch(path, {
  method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(message),
}));

// Send a form. -> {name, blob} of the answer; `progress` is told which share of it is sent. `fetch` cannot say.
export function send(path, fields, progress = () => {}) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.responseType = "blob";
    request.upload.onprogress = (event) => progress(event.loaded / Math.max(1, event.total));
    request.onerror = () => reject(new Problem(OFFLINE));
    request.onload = async () => {
      if (request.status !== 200) return reject(refusal(await request.response.text(), request.status));
      resolve({ name: named(request.getResponseHeader("Content-Disposition")), blob: request.response });
    };
    request.send(form);
  });
}

function named(disposition) {
  const encoded = /filename\*=utf-8''([^;]+)/i.exec(disposition ?? "");
  return encoded ? decodeURIComponent(encoded[1]) : /filename="([^"]+)"/.exec(disposition ?? "")?.[1];
}
