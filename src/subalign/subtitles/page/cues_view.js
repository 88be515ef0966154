"use strict";

/** About how high a cue's row is. */
const ROW_HEIGHT = 62;

/**
 * The list of cues with their warnings. The cue on the screen is marked, and the chosen one holds
 * the field in which its text is edited.
 */
class CuesView extends EventTarget {
  constructor(section, transcript, edit, colourOf) {
    super();
    this.transcript = transcript;
    this.edit = edit;
    this.colourOf = colourOf;
    this.summary = section.querySelector("#cue-summary");
    this.only = section.querySelector("#only-warned");
    this.box = section.querySelector("#cue-box");
    this.current = null; // ids of cues
    this.chosen = null;
    this.list = new WindowedList(this.box, section.querySelector("#cue-list"), {
      create: () => cueRow(),
      update: (row, id) => this.updateRow(row, id),
      estimate: () => ROW_HEIGHT,
    });
    this.box.addEventListener("click", (event) => this.click(event));
    this.box.addEventListener("dblclick", () => this.dispatchEvent(new Event("edit")));
    this.only.addEventListener("change", () => this.show());
  }

  click(event) {
    const button = event.target.closest(".cue");
    if (!button || event.detail > 1) return; // the second of a double click
    this.dispatchEvent(new CustomEvent("hear", { detail: Number(button.dataset.cue) }));
  }

  /** Show the cues as they are now. */
  show() {
    const { cues } = this.transcript;
    const warned = new Set(cues.map((_, number) => number).filter((number) => this.isWarned(number)));
    const all = cues.map((cue) => cue.id);
    const isShown = (id, number) => warned.has(number) || id === this.chosen;
    this.list.show(this.only.checked ? all.filter(isShown) : all);
    const [few, many] = [warned.size, cues.length].map((count) => count.toLocaleString("en"));
    this.summary.textContent = warned.size ? `${few} of ${many} with warnings` : `${many}, no warnings`;
  }

  isWarned(number) {
    return this.transcript.breaches(number).length > 0;
  }

  updateRow(row, id) {
    const { transcript } = this;
    const number = transcript.numbers.get(id);
    const cue = transcript.cues[number];
    const [button] = row.children;
    const [times, speaker, speed, text, warnings] = button.children;
    button.dataset.cue = number;
    button.tabIndex = id === (this.current ?? transcript.cues[0].id) ? 0 : -1;
    button.toggleAttribute("aria-current", id === this.current);
    row.classList.toggle("chosen", id === this.chosen);
    times.textContent = `${clock(cue.start / 1000)} – ${clock(cue.end / 1000)}`;
    const name = speakerOf(cue);
    speaker.replaceChildren(...(name === null ? [] : [speakerLabel(name, this.colourOf(name))]));
    const shown = transcript.text(number);
    const { rate, allowed } = readingSpeed(shown.split("\n"), cue.end - cue.start, transcript.wrapping);
    speed.textContent = `${rate.toFixed(rate < 9.95 ? 1 : 0)} cps`;
    speed.classList.toggle("fast", rate > allowed);
    text.textContent = shown || "(no text)";
    warnings.textContent = transcript.breaches(number).map(breachText).join(" · ");
    if (id === this.chosen && this.edit.parentElement !== row) row.append(this.edit);
  }

  /** Mark the cue on the screen; -1 for none. */
  mark(number, { reveal = false } = {}) {
    const id = this.transcript.cues[number]?.id ?? null;
    if (id === this.current) return;
    const before = this.current;
    this.current = id;
    for (const changed of [before, id, this.transcript.cues[0]?.id]) {
      const row = this.list.drawn.get(changed);
      if (row) this.updateRow(row, changed);
    }
    if (reveal && id !== null && before !== null) this.list.reveal(id);
  }

  /** Put the fields into a cue's row. */
  choose(number, { reveal = false } = {}) {
    const id = this.transcript.cues[number]?.id ?? null;
    if (id !== this.chosen) {
      this.chosen = this.list.pinned = id;
      this.edit.remove();
      this.show();
    }
    if (reveal) this.list.reveal(id);
  }
}

function cueRow() {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "cue";
  for (const name of ["times", "name", "speed", "text", "warnings"]) {
    const span = document.createElement("span");
    span.className = `cue-${name}`;
    if (name === "text") span.dir = "auto";
    button.append(span);
  }
  item.append(button);
  return item;
}
