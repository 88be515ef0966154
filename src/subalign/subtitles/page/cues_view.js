"use strict";

/** The list of cues with their reading speed; the cue on the screen is marked. */
class CuesView extends EventTarget {
  /** `fastest` is the most characters a second, `fastestWide` of wide ones; null is no limit. */
  constructor(section, cues, { fastest, fastestWide }) {
    super();
    this.cues = cues;
    this.fastest = fastest ?? Infinity;
    this.fastestWide = fastestWide ?? Infinity;
    this.list = section.querySelector("#cue-list");
    this.summary = section.querySelector("#cue-summary");
    this.rows = [];
    this.fast = new Set();
    this.current = -1;
    this.build();
    this.list.addEventListener("click", (event) => this.click(event));
    const only = section.querySelector("#only-fast");
    only.addEventListener("change", () => this.list.classList.toggle("only-fast", only.checked));
  }

  build() {
    const all = document.createDocumentFragment();
    for (let number = 0; number < this.cues.length; number++) {
      const row = cueRow(number);
      this.rows.push(row);
      this.refresh(number);
      all.append(row.item);
    }
    this.list.replaceChildren(all);
    if (this.rows.length) this.rows[0].button.tabIndex = 0;
    this.summarise();
  }

  click(event) {
    const button = event.target.closest("button");
    if (!button) return;
    this.dispatchEvent(new CustomEvent("hear", { detail: Number(button.dataset.cue) }));
  }

  /** Show cues as they are now. */
  update(numbers) {
    for (const number of numbers) {
      this.refresh(number);
      if (number) this.refresh(number - 1);
    }
    this.summarise();
  }

  refresh(number) {
    const { item, times, text, speed } = this.rows[number];
    const { start, end } = this.cues.span(number);
    const shown = this.cues.text(number, 0);
    const { rate, wide } = this.cues.speed(number);
    const fast = rate > (wide ? this.fastestWide : this.fastest);
    times.textContent = `${clock(start / 1000)} – ${clock(end / 1000)}`;
    text.textContent = shown || "(no text)";
    speed.textContent = `${rate.toFixed(rate < 9.95 ? 1 : 0)} cps${fast ? ", too fast" : ""}`;
    item.classList.toggle("fast", fast);
    if (fast) this.fast.add(number);
    else this.fast.delete(number);
  }

  summarise() {
    const [fast, all] = [this.fast.size, this.rows.length].map((count) => count.toLocaleString("en"));
    this.summary.textContent = this.fast.size ? `${fast} of ${all} too fast` : `${all}, none too fast`;
    this.summary.title = `More than ${this.fastest} characters a second`;
  }

  /** Mark the cue on the screen; -1 for none. */
  show(number, { reveal = false } = {}) {
    if (number === this.current) return;
    const [before, now] = [this.rows[this.current], this.rows[number]];
    before?.button.removeAttribute("aria-current");
    this.current = number;
    if (!now) return;
    if (before) before.button.tabIndex = -1;
    else if (this.rows.length) this.rows[0].button.tabIndex = -1;
    now.button.tabIndex = 0;
    now.button.setAttribute("aria-current", "true");
    // not at first: it would have the browser lay out what is nowhere in view
    if (reveal && before) revealWithin(this.list, now.item);
  }
}

function cueRow(number) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "cue";
  button.tabIndex = -1;
  button.dataset.cue = number;
  const [times, text, speed] = ["times", "text", "speed"].map((name) => {
    const span = document.createElement("span");
    span.className = `cue-${name}`;
    return span;
  });
  text.dir = "auto";
  button.append(times, speed, text);
  item.append(button);
  return { item, button, times, text, speed };
}

/** Scroll a box, and nothing around it, so that an item is in view, `margin` of it from the edge. */
function revealWithin(box, item, margin = 0) {
  const room = box.getBoundingClientRect();
  const place = item.getBoundingClientRect();
  const edge = room.height * margin;
  if (place.top >= room.top + edge && place.bottom <= room.bottom - edge) return;
  const top = box.scrollTop + place.top - room.top - (room.height - place.height) / 2;
  box.scrollTo({ top, behavior: scrollBehavior() });
}
