"use strict";

/** Finds words and phrases; what is found is marked, and one after the other chosen. */
class Search {
  constructor(form, transcript, view, onFound) {
    this.field = form.querySelector("#search");
    this.count = form.querySelector("#search-count");
    this.transcript = transcript;
    this.view = view;
    this.onFound = onFound;
    this.found = [];
    this.at = -1;
    transcript.addEventListener("change", () => (this.text = null));
    this.field.addEventListener("input", () => this.run());
    this.field.addEventListener("keydown", (event) => this.key(event));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.querySelector("#search-next").addEventListener("click", () => this.go(1));
    form.querySelector("#search-previous").addEventListener("click", () => this.go(-1));
  }

  key(event) {
    if (event.key === "Enter") this.go(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape" && this.field.value) this.clear();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  clear() {
    this.field.value = "";
    this.run();
  }

  run() {
    this.mark(false);
    this.found = this.matches(normal(this.field.value).trim());
    this.mark(true);
    this.at = -1;
    if (this.found.length) this.go(1);
    else this.count.textContent = this.field.value.trim() ? "Not found" : "";
  }

  /** The pieces of each place where the text is, which may begin and end within a word. */
  matches(wanted) {
    if (!wanted) return [];
    this.index();
    const found = [];
    for (let at = this.text.indexOf(wanted); at >= 0; at = this.text.indexOf(wanted, at + 1)) {
      const [first, last] = [this.pieceAt(at), this.pieceAt(at + wanted.length - 1)];
      if (found.at(-1)?.[0] !== first) found.push([first, last]);
    }
    return found;
  }

  /** The whole text in one string, and where in it each piece starts. */
  index() {
    if (this.text) return;
    this.starts = [];
    this.text = "";
    const parts = [];
    let length = 0;
    for (const piece of this.transcript.pieces) {
      const gap = piece.lead || piece.before ? " " : "";
      const part = gap + normal(piece.text);
      this.starts.push(length);
      parts.push(part);
      length += part.length;
    }
    this.text = parts.join("");
  }

  pieceAt(offset) {
    let low = 0;
    let high = this.starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.starts[middle] <= offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  mark(on) {
    for (const [first, last] of this.found) {
      for (let index = first; index <= last; index++) {
        this.view.spans[index].classList.toggle("match", on);
      }
    }
  }

  go(step) {
    const { length } = this.found;
    if (!length) return;
    this.at = (this.at + step + length) % length;
    this.count.textContent = `${this.at + 1} of ${length.toLocaleString("en")}`;
    this.onFound(this.found[this.at][0]);
  }
}

/** Text as it is compared: case and composition do not matter, and all spaces are one. */
function normal(text) {
  return text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ");
}
