"use strict";

/**
 * The fields for the chosen word: its text, start and end.
 *
 * The text of a segment that nobody says ("[music]") stays as it is, as the cues hold it as given.
 */
class Editor {
  constructor(form, transcript, isInCues) {
    this.isInCues = isInCues;
    this.text = form.querySelector("#word-text");
    this.start = form.querySelector("#word-start");
    this.end = form.querySelector("#word-end");
    this.note = form.querySelector("#word-note");
    this.transcript = transcript;
    this.index = -1;
    this.text.addEventListener("change", () => this.edit({ text: this.text.value }));
    this.start.addEventListener("change", () => this.edit({ start: seconds(this.start) }));
    this.end.addEventListener("change", () => this.edit({ end: seconds(this.end) }));
    form.addEventListener("submit", (event) => event.preventDefault());
    transcript.addEventListener("change", (event) => {
      if (event.detail.has(this.index)) this.show(this.index);
    });
  }

  edit(wanted) {
    const invalid = Object.values(wanted).some((value) => Number.isNaN(value));
    if (this.index >= 0 && !invalid) this.transcript.edit(this.index, wanted);
    this.show(this.index);
  }

  show(index) {
    const piece = this.transcript.pieces[index];
    if (!piece) return;
    this.index = index;
    this.text.value = piece.text;
    this.text.readOnly = !this.isInCues(index);
    this.start.value = piece.start.toFixed(3);
    this.end.value = piece.end.toFixed(3);
    const given = piece.text === piece.given.text ? "" : `was “${piece.given.text}”`;
    const removed = piece.text ? "" : "removed";
    this.note.textContent = [sureness(piece), removed, given].filter(Boolean).join(", ");
  }
}

function sureness(piece) {
  if (piece.estimated) return "time estimated";
  return piece.facts.word === undefined ? "words not timed" : `probability ${percent(piece.probability)}`;
}

function seconds(field) {
  return field.value.trim() === "" ? NaN : Number(field.value);
}
