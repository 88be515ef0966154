"use strict";

/** Finds words and phrases, marks them, goes from one to the next, and puts others in their place. */
class Search {
  constructor(form, transcript, edits, onFound) {
    Object.assign(this, { transcript, edits, onFound });
    this.field = form.querySelector("#search");
    this.other = form.querySelector("#replace");
    this.count = form.querySelector("#search-count");
    this.matchCase = form.querySelector("#match-case");
    this.wholeWords = form.querySelector("#whole-words");
    this.found = [];
    this.tokens = new Set();
    this.at = -1;
    const on = (id, action) => form.querySelector(id).addEventListener("click", action);
    on("#search-next", () => this.go(1));
    on("#search-previous", () => this.go(-1));
    on("#replace-one", () => this.replaceOne());
    on("#replace-all", () => this.replaceAll());
    for (const field of [this.field, this.matchCase, this.wholeWords])
      field.addEventListener("input", () => this.run());
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.other.addEventListener("keydown", (event) => event.key === "Enter" && this.replaceOne());
    form.addEventListener("submit", (event) => event.preventDefault());
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

  /** Find anew, and go to the first place. */
  run() {
    this.find();
    this.at = -1;
    this.dispatchFound();
    if (this.found.length) this.go(1);
  }

  /** Find anew in what was changed, and stay. */
  find() {
    this.index();
    this.found = this.matches(this.normal(this.field.value).trim());
    this.tokens = new Set();
    for (const { first, last } of this.found) for (let at = first; at <= last; at++) this.tokens.add(at);
    this.at = Math.min(this.at, this.found.length - 1);
    this.tell();
  }

  tell() {
    const { length } = this.found;
    const place = this.at < 0 ? "" : `${this.at + 1} of `;
    const none = this.field.value.trim() ? "Not found" : "";
    this.count.textContent = length ? `${place}${length.toLocaleString("en")}` : none;
  }

  dispatchFound() {
    this.onFound(this.found[this.at]?.first ?? -1);
  }

  /** Text as it is compared: composition does not matter, nor does case unless it is asked for. */
  normal(text) {
    const composed = text.normalize("NFKC").replace(/\s+/g, " ");
    return this.matchCase.checked ? composed : composed.toLowerCase();
  }

  /** The whole text in one string, and where in it each token starts. */
  index() {
    this.starts = [];
    const parts = [];
    let length = 0;
    for (const { space, text } of this.field.value.trim() ? this.transcript.tokens : []) {
      length += text ? space.length : 0;
      this.starts.push(length);
      const part = this.normal(text);
      parts.push((text && space) + part);
      length += part.length;
    }
    this.text = parts.join("");
  }

  /** Each place where the text is, which may begin and end within a word. */
  matches(wanted) {
    const found = [];
    let after = 0;
    for (let at = wanted ? this.text.indexOf(wanted) : -1; at >= 0; at = this.text.indexOf(wanted, after)) {
      const end = at + wanted.length;
      after = end;
      if (this.wholeWords.checked && this.isWithinWord(at, end)) {
        after = at + 1;
        continue;
      }
      found.push({ at, end, first: this.tokenAt(at), last: this.tokenAt(end - 1) });
    }
    return found;
  }

  isWithinWord(at, end) {
    const [before, after] = [
      lastOf(this.text.slice(Math.max(0, at - 2), at)),
      firstOf(this.text.slice(end, end + 2)),
    ];
    return /[\p{L}\p{N}]/u.test(before) || /[\p{L}\p{N}]/u.test(after);
  }

  tokenAt(offset) {
    return countUpTo(this.starts, (start) => start <= offset) - 1;
  }

  go(step) {
    const { length } = this.found;
    if (!length) return;
    this.at = (this.at + step + length) % length;
    this.tell();
    this.dispatchFound();
  }

  replaceOne() {
    const match = this.found[Math.max(0, this.at)];
    if (!match) return;
    const at = Math.max(0, this.at);
    this.transcript.change(() => this.replace(match));
    this.at = Math.min(at, this.found.length - 1);
    this.tell();
    this.dispatchFound();
  }

  replaceAll() {
    const found = this.found;
    // from the end, so that what is before stays where it is
    if (found.length)
      this.transcript.change(() => [...found].reverse().forEach((match) => this.replace(match)));
    this.count.textContent = `${found.length.toLocaleString("en")} replaced`;
  }

  replace({ at, end, first, last }) {
    const { tokens, cueAt, firstToken } = this.transcript;
    const [head, tail] = [tokens[first].text, tokens[last].text];
    const kept = head.slice(0, this.rawLength(head, at - this.starts[first]));
    const rest = tail.slice(this.rawLength(tail, end - this.starts[last]));
    const number = cueAt[first];
    // what the match has in later cues goes
    for (let cue = cueAt[last]; cue > number; cue--) {
      const place = Math.min(last + 1 - firstToken[cue], this.transcript.cues[cue].tokens.length);
      this.edits.setTokens(cue, 0, place, "");
    }
    const until = cueAt[last] === number ? last + 1 : (firstToken[number + 1] ?? tokens.length);
    const place = (token) => token - firstToken[number];
    this.edits.setTokens(number, place(first), place(until), kept + this.other.value + rest);
  }

  /** How many characters of a text are `length` characters of the text as it is compared. */
  rawLength(text, length) {
    let found = 0;
    let raw = 0;
    for (const char of text) {
      if (found >= length) break;
      found += this.normal(char).length;
      raw += char.length;
    }
    return raw;
  }
}
