"use strict";

/** The fields for the chosen word: its text, start and end. */
class WordForm {
  constructor(form, transcript, edits) {
    this.text = form.querySelector("#word-text");
    this.start = form.querySelector("#word-start");
    this.end = form.querySelector("#word-end");
    this.note = form.querySelector("#word-note");
    this.transcript = transcript;
    this.edits = edits;
    this.at = -1;
    this.text.addEventListener("change", () => this.edit((at) => edits.setWordText(at, this.text.value)));
    for (const [key, field] of Object.entries({ start: this.start, end: this.end })) {
      field.addEventListener("change", () => this.retime(key, secondsOf(field.value)));
      field.addEventListener("keydown", (event) => nudge(event, field));
    }
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  edit(change) {
    if (this.at >= 0) this.transcript.change(() => change(this.at));
    this.show(this.at);
  }

  retime(key, time) {
    if (Number.isNaN(time)) this.show(this.at);
    else this.edit((at) => this.edits.setWordTimes(at, { [key]: time }));
  }

  show(at) {
    const token = this.transcript.tokens[at];
    this.at = token ? at : -1;
    for (const field of [this.text, this.start, this.end]) field.disabled = !token;
    const { word, text } = token ?? {};
    this.text.value = text ?? "";
    this.start.value = token ? clock(word.start, 3) : "";
    this.end.value = token ? clock(word.end, 3) : "";
    const given = word?.facts ? strip(word.facts.word) : text;
    const was = given === text ? "" : `was “${given}”`;
    this.note.textContent = token ? [sureness(word), was].filter(Boolean).join(", ") : "";
  }
}
