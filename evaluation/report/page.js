/* The pictures: which are shown, in which order, and what stands before and after on them. */
(() => {
  const byId = (id) => document.getElementById(id);
  const grid = document.querySelector(".grid");
  const cards = [...grid.querySelectorAll(".card")].map((element, place) => (
    { element, place, ...JSON.parse(element.dataset.card), what: element.dataset.what.toLowerCase() }));
  const value = (id) => (byId(id) ? byId(id).value : "");

  function matches(card) {
    const part = value("part");
    const wanted = part === "first" ? "first||" : [part, value("model"), value("metric")].join("|");
    return (!part || card.shown.includes(wanted))
      && (!value("class") || card.class === value("class"))
      && card.what.includes(value("find").toLowerCase());
  }

  function order(a, b) {
    const part = value("part"), cost = (card) => card.cost[value("model")][value("metric")];
    if (!part || part === "first" || !value("metric")) return a.place - b.place;
    return (part === "worst" ? cost(b) - cost(a) : cost(a) - cost(b)) || a.place - b.place;
  }

  function describe(card) {
    const metric = value("metric");
    const own = Object.entries(card.text).filter(([, values]) => metric in values);
    card.element.querySelector(".values").textContent =
      own.length ? `${metric}: ${own.map(([model, values]) => `${model} ${values[metric]}`).join(", ")}` : "";
  }

  function layer(card) {
    for (const figure of card.element.querySelectorAll("figure")) {
      const name = figure.dataset.layer;
      const before = name === value("before"), after = name === value("after");
      figure.classList.toggle("on", before || after);
      figure.classList.toggle("before", before && !after);
      figure.classList.toggle("after", after && !before);
    }
  }

  function update() {
    const shown = cards.filter(matches).sort(order);
    for (const card of cards) card.element.hidden = true;
    for (const card of shown) {
      card.element.hidden = false;
      describe(card);
      layer(card);
      grid.append(card.element);
    }
    byId("count").textContent = `${shown.length} of ${cards.length} photographs`;
  }

  for (const card of cards) {
    const layers = card.element.querySelector(".layers");
    const slider = Object.assign(document.createElement("input"), { type: "range", min: 0, max: 100, value: 50 });
    slider.setAttribute("aria-label", `before and after, ${card.element.dataset.what}`);
    slider.addEventListener("input", () => layers.style.setProperty("--at", `${slider.value}%`));
    layers.style.setProperty("--at", "50%");
    layers.append(slider);
    card.slider = slider;
  }
  byId("slider").addEventListener("input", (event) => {
    for (const card of cards) {
      card.slider.value = event.target.value;
      card.slider.dispatchEvent(new Event("input"));
    }
  });
  const form = document.querySelector(".filters");
  for (const event of ["input", "change"]) form.addEventListener(event, update);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  document.body.classList.add("live");
  update();
})();
