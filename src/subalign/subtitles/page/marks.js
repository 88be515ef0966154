"use strict";

/** Marks words below a probability, and words whose times are estimated. */
class Marks {
  constructor(form, transcript, view) {
    this.slider = form.querySelector("#threshold");
    this.output = form.querySelector("#threshold-value");
    this.estimated = form.querySelector("#mark-estimated");
    this.count = form.querySelector("#mark-count");
    this.transcript = transcript;
    this.view = view;
    this.shown = new Array(transcript.pieces.length).fill("");
    form.addEventListener("input", () => this.update());
    transcript.addEventListener("change", (event) => this.update(event.detail));
    this.update();
  }

  /** Mark all pieces, or those given, touching only what comes out differently. */
  update(indices = this.shown.keys()) {
    for (const index of indices) {
      const mark = this.markOf(this.transcript.pieces[index]);
      const before = this.shown[index];
      if (mark === before) continue;
      const { classList } = this.view.spans[index];
      if (before) classList.remove(before);
      if (mark) classList.add(mark);
      this.shown[index] = mark;
    }
    this.output.textContent = percent(this.slider.value / 100);
    const count = this.shown.reduce((sum, mark) => sum + (mark ? 1 : 0), 0);
    this.count.textContent = `${count.toLocaleString("en")} marked`;
  }

  markOf(piece) {
    if (this.estimated.checked && piece.estimated) return "estimated";
    return piece.probability < this.slider.value / 100 ? "doubtful" : "";
  }
}
