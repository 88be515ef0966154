"use strict";

const NEW_SPEAKER = "\n"; // no name has a line break

/** Who speaks: their names and colours, which can be changed, and whose cues are whose. */
class Speakers {
  constructor(panel, transcript, edits) {
    this.panel = panel;
    this.list = panel.querySelector("#speaker-list");
    this.transcript = transcript;
    this.edits = edits;
    this.list.addEventListener("change", (event) => this.change(event.target));
  }

  get names() {
    return this.transcript.labels.names;
  }

  /** How many cues each speaker has. */
  counts() {
    const counts = new Map(this.names.map((name) => [name, 0]));
    for (const { tokens } of this.transcript.cues) {
      for (const name of new Set(tokens.map(({ word }) => word.speaker))) {
        if (name !== null) counts.set(name, counts.get(name) + 1);
      }
    }
    return counts;
  }

  show() {
    this.panel.hidden = !this.names.length;
    this.panel.querySelector("summary").textContent = `Speakers (${this.names.length})`;
    if (this.list.contains(document.activeElement)) return;
    this.list.replaceChildren(...[...this.counts()].map(([name, cues]) => this.row(name, cues)));
  }

  row(name, cues) {
    const row = document.createElement("li");
    const colour = document.createElement("input");
    const field = document.createElement("input");
    const count = document.createElement("span");
    Object.assign(colour, { type: "color", value: this.transcript.labels.colourOf(name) });
    Object.assign(field, { type: "text", value: name });
    colour.setAttribute("aria-label", `Colour of ${name}`);
    field.setAttribute("aria-label", `Name of ${name}`);
    colour.dataset.speaker = field.dataset.speaker = name;
    count.textContent = `${cues.toLocaleString("en")} ${cues === 1 ? "cue" : "cues"}`;
    row.append(colour, field, count);
    return row;
  }

  change(field) {
    const { speaker } = field.dataset;
    if (field.type === "color") this.transcript.setColour(speaker, field.value);
    else this.rename(speaker, strip(field.value.replace(/\s+/g, " ")) || speaker);
  }

  /** Give a speaker another name; one that is taken makes the two one. */
  rename(speaker, name) {
    if (name === speaker) return;
    const { cues, colours } = this.transcript;
    const own = cues
      .map((_, at) => at)
      .filter((at) => cues[at].tokens.some(({ word }) => word.speaker === speaker));
    if (colours[speaker] && !colours[name]) colours[name] = colours[speaker];
    document.activeElement.blur();
    this.transcript.change(() => this.edits.setSpeaker(own, name, speaker));
  }

  /** The choices for a cue's speaker. */
  fill(select, chosen) {
    const names = [...this.names];
    const option = (text, value) => new Option(text, value, false, value === (chosen ?? ""));
    select.replaceChildren(
      option("No speaker", ""),
      ...names.map((name) => option(name, name)),
      option("New speaker", NEW_SPEAKER),
    );
  }

  assign(number, value) {
    const name = value === NEW_SPEAKER ? this.freshName() : value || null;
    this.transcript.change(() => this.edits.setSpeaker([number], name));
  }

  freshName() {
    let number = this.names.length + 1;
    while (this.names.includes(`Speaker ${number}`)) number += 1;
    return `Speaker ${number}`;
  }
}
