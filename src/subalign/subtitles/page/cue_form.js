"use strict";

/**
 * The fields of the chosen cue: its times and who speaks, what is done with it, and in its row
 * (`place`) its text.
 */
class CueForm {
  constructor(form, place, transcript, edits, page) {
    Object.assign(this, { form, transcript, edits, page });
    this.text = place.querySelector("#cue-text");
    this.start = form.querySelector("#cue-start");
    this.end = form.querySelector("#cue-end");
    this.speaker = form.querySelector("#cue-speaker");
    this.warnings = place.querySelector("#cue-warnings");
    this.id = null;
    this.caret = -1;
    this.isTyping = false;
    this.text.addEventListener("input", () => this.type());
    this.text.addEventListener("blur", () => this.leave());
    this.text.addEventListener("keydown", (event) => this.key(event));
    for (const field of [this.start, this.end]) {
      field.addEventListener("change", () => this.retime());
      field.addEventListener("keydown", (event) => nudge(event, field));
    }
    this.speaker.addEventListener("change", () => this.page.speakers.assign(this.number, this.speaker.value));
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  /** The number of the cue, -1 where there is none. */
  get number() {
    return this.transcript.numbers.get(this.id) ?? -1;
  }

  /** Show the cue as it is now. */
  show(number) {
    const cue = this.transcript.cues[number];
    if (cue?.id !== this.id) this.caret = -1;
    this.id = cue?.id ?? null;
    this.form.hidden = !cue;
    if (!cue) return;
    if (!this.isTyping) this.text.value = this.edits.writtenText(number);
    this.start.value = clock(cue.start / 1000, 3);
    this.end.value = clock(cue.end / 1000, 3);
    this.text.rows = Math.max(1, this.text.value.split("\n").length);
    this.warnings.textContent = this.transcript.breaches(number).map(breachText).join(" · ");
    this.page.speakers.fill(this.speaker, cue.tokens[0]?.word.speaker ?? null);
    this.speaker.disabled = !cue.tokens.length;
    this.form.querySelector("#cue-merge").disabled = number === this.transcript.cues.length - 1;
    this.form.querySelector("#cue-split").disabled = cue.tokens.length < 2;
  }

  /** Each letter is seen everywhere at once; the whole of them is one step to undo. */
  type() {
    if (!this.isTyping) this.transcript.keep();
    this.isTyping = true;
    const { id } = this;
    this.transcript.try(() => this.edits.setCueText(this.transcript.numbers.get(id), this.text.value));
  }

  leave() {
    this.caret = this.text.selectionStart;
    if (!this.isTyping) return;
    this.isTyping = false;
    this.transcript.keep();
    this.show(this.number);
  }

  key(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      this.text.blur();
      this.page.splitCue();
    } else if ((event.key === "Enter" && !event.shiftKey) || event.key === "Escape") {
      this.text.blur();
      this.page.focusWord();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  retime() {
    const { number } = this;
    const [start, end] = [this.start, this.end].map((field) => secondsOf(field.value) * 1000);
    if (start >= 0 && end > start) this.transcript.change(() => this.edits.setCueTimes(number, start, end));
    this.show(number);
  }

  /** How many of the cue's tokens stand before the caret. */
  get tokenAtCaret() {
    const typed = this.text.value.slice(0, Math.max(0, this.caret));
    const { tokens } = this.transcript.cues[this.number];
    let length = 0;
    const letters = typed.replace(/\s/g, "").length;
    const place = tokens.findIndex(
      (token) => (length += writtenToken(token).replace(/\s/g, "").length) > letters,
    );
    return place < 0 ? 0 : place;
  }
}

/** The arrow keys move a time by hundredths of a second, with Shift by tenths. */
function nudge(event, field) {
  const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  const time = secondsOf(field.value);
  if (!way || Number.isNaN(time)) return;
  field.value = clock(Math.max(0, time + way * (event.shiftKey ? 0.1 : 0.01)), 3);
  field.dispatchEvent(new Event("change"));
  event.preventDefault();
}
