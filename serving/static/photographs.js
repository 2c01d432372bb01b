// A photograph of the page: its file, what is wished for it, and how it looks. What changes it says so, by an event
// `change`; what goes wrong after it was opened, by `problem`.
import * as server from "./server.js";

const REMEMBERED = 12; // previews of earlier wishes: undo then waits for nobody
const GLANCE = 320; // pixels of the longer side
let glances = Promise.resolve(); // one at a time: a picture that is ready to be drawn has four bytes a pixel
const PLAIN = Object.freeze({ dabs: [], reference: null, variant: null });

export class Photograph extends EventTarget {
  constructor(file, saturation) {
    super();
    this.file = file;
    this.state = "waiting"; // sending, coloring, ready, failed
    this.progress = 0;
    this.edits = { ...PLAIN, saturation };
    this.past = [];
    this.future = [];
    this.looks = new Map(); // text of wishes -> preview in colour, a Blob
  }

  get name() { return this.file.name; }
  get working() { return this.state === "ready" && this.shown !== this.wanted && this.refused !== this.wanted; }
  get wanted() { return JSON.stringify(this.wishes); }

  // What the server is told.
  get wishes() {
    const { dabs, reference, variant } = this.edits;
    const base = reference ? { palette: reference.palette } : variant?.wishes ?? {};
    const own = dabs.filter((dab) => dab.color).map(({ x, y, radius, color }) => ({ x, y, radius, color }));
    return { ...base, hints: [...(base.hints ?? []), ...own] };
  }

  #set(values) {
    Object.assign(this, values);
    this.dispatchEvent(new Event("change"));
  }

  #fail(problem) {
    const event = new Event("problem");
    event.problem = problem;
    this.dispatchEvent(event);
  }

  // Send it and see it in colour for the first time. `megabytes`: what the server takes.
  async open(megabytes) {
    this.#set({ state: "waiting", problem: null });
    if (this.file.size > megabytes * 2 ** 20) {
      const problem = `${this.name} is too large: at most ${megabytes} MB are taken.`;
      return this.#set({ state: "failed", problem, final: true });
    }
    glances = glances.then(() => this.#glance());
    try {
      await server.turn(server.LATER, () => this.#send());
      this.before = await (await server.get(`page/photographs/${this.key}/before`)).blob();
      this.#set({ state: "coloring" });
      await this.#color(); // before the next is sent: the server keeps a few photographs only
      this.#set({ state: "ready" });
      this.refresh(); // somebody may have changed something meanwhile
    } catch (problem) {
      const final = problem.status >= 400 && problem.status < 500;  // another try would not help
      this.#set({ state: "failed", problem: problem.message, final });
    }
  }

  // Show it at once where the browser can read it; the server's own preview follows.
  async #glance() {
    if (this.key) return;
    try {
      const whole = await createImageBitmap(this.file), { width, height } = whole;
      const factor = Math.min(1, GLANCE / Math.max(width, height));
      const [resizeWidth, resizeHeight] = [width, height].map((side) => Math.ceil(side * factor));
      const glance = await createImageBitmap(whole, { resizeWidth, resizeHeight, resizeQuality: "medium" });
      whole.close();
      if (!this.key) this.#set({ width, height, glance, before: this.file });
    } catch { /* TIFF, or no picture: the server knows */ }
  }

  async #send() {
    if (this.state !== "ready") this.#set({ state: "sending" });
    const { blob } = await server.send("page/photographs", { file: this.file }, (progress) => this.#set({ progress }));
    const { key, width, height, notes } = JSON.parse(await blob.text());
    this.#set({ key, width, height, notes, glance: null });
  }

  // Ask about it; the server may have let go of it, and then gets it again.
  async ask(route, message, priority = server.SOON) {
    return server.turn(priority, async () => {
      const once = () => {
        const path = `page/photographs/${this.key}/${route}`;
        return message ? server.post(path, message) : server.get(path);
      };
      try {
        return await once();
      } catch (problem) {
        if (problem.status !== 410) throw problem;
        await this.#send();
        return once();
      }
    });
  }

  async #color(priority = server.SOON) {
    const wishes = this.wishes, wanted = JSON.stringify(wishes);
    const look = this.looks.get(wanted) ?? await (await this.ask("colors", wishes, priority)).blob();
    this.looks.delete(wanted);
    this.looks.set(wanted, look); // the newest is the last
    if (this.looks.size > REMEMBERED) this.looks.delete(this.looks.keys().next().value);
    const after = await createImageBitmap(look);
    this.#set({ after, held: null, shown: wanted });
    if (wishes.hints.length) this.#hold(wishes, wanted);
  }

  // Saturation leaves dabs as they are: what is left at 0 is needed to show others.
  async #hold(wishes, wanted) {
    this.holding = wanted;
    try {
      const look = await (await this.ask("colors", { ...wishes, saturation: 0 }, server.LATER)).blob();
      const held = await createImageBitmap(look);
      if (this.shown === wanted) this.#set({ held });
    } catch { /* without it dabs follow the saturation too, until the file is made */ }
    if (this.holding === wanted) this.#set({ holding: null });
  }

  // Bring the picture to what is wished, however often that changes meanwhile.
  async refresh() {
    if (this.refreshing || this.state !== "ready") return;
    this.refreshing = true;
    while (this.working) {
      const wanted = this.wanted;
      try {
        await this.#color();
      } catch (problem) {
        this.refused = wanted;
        this.#fail(problem);
      }
    }
    this.refreshing = false;
    this.#set({});
  }

  // Let go of what a closer look needs, and take it up again: pictures that are ready to be drawn are large.
  rest() {
    if (this.state !== "ready") return;
    this.after?.close();
    this.held?.close();
    this.after = this.held = null;
  }

  async wake() {
    if (this.state !== "ready" || this.after || this.working) return;
    const shown = this.shown, after = await createImageBitmap(this.looks.get(shown));
    if (this.shown !== shown || this.after) return after.close();
    this.#set({ after });
    if (this.wishes.hints.length) this.#hold(this.wishes, shown);
  }

  // Change what is wished. `passing`: while something is dragged, until `settle`; undo takes all of it back at once.
  change(edits, { passing = false } = {}) {
    if (!(this.passing && passing)) this.past.push(this.edits);
    this.passing = passing;
    this.future = [];
    this.#set({ edits: { ...this.edits, ...edits }, refused: null });
    this.refresh();
  }

  settle() { this.passing = false; }

  undo() { this.#step(this.past, this.future); }
  redo() { this.#step(this.future, this.past); }

  #step(from, to) {
    if (!from.length) return;
    to.push(this.edits);
    this.settle();
    this.#set({ edits: from.pop(), refused: null });
    this.refresh();
  }

  clear() { this.change({ dabs: PLAIN.dabs }); }

  // -> {name, blob} of the file in colour, at full size.
  result(priority = server.SOON) {
    const fields = { file: this.file, wishes: this.wanted, saturation: this.edits.saturation };
    return server.turn(priority, () => server.send("page/result", fields));
  }
}
