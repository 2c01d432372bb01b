// What the page says to people: what has happened, to those who listen; what went wrong, where somebody looks.
const $ = (id) => document.getElementById(id);

export const say = (text) => { $("status").textContent = text; };

// A problem in a box of the stage or of a section; no text: none any more.
export function tell(box, text) {
  $(box).hidden = !text;
  $(box).querySelector("p").textContent = text ?? "";
}
