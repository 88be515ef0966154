"use strict";

/** The cue over the picture, in the style that was chosen for subtitles. */
class Captions {
  constructor(stage, transcript, style) {
    this.box = stage.querySelector("#caption");
    this.transcript = transcript;
    this.style = style;
    this.shown = null; // the cue, and the id of the word that is said
    const set = (name, value) => stage.style.setProperty(`--caption-${name}`, value);
    set("font", `"${style.font}", system-ui, sans-serif`);
    set("size", style.size);
    set("outline", style.outline);
    set("color", style.color);
    set("highlight", style.highlight);
  }

  /** Show a cue, -1 for none, and the word that is said in it. */
  show(number, said) {
    const cue = this.transcript.cues[number] ?? null;
    const word = this.style.words ? (this.transcript.tokens[said]?.word.id ?? null) : null;
    const colours = this.transcript.colours;
    if (this.shown?.cue === cue && this.shown.word === word && this.shown.colours === colours) return;
    this.shown = { cue, word, colours };
    this.box.replaceChildren(...(cue ? [this.text(number, word)] : []));
    const place = cue && /\{\\an([1-9])\}/.exec(cue.tokens.map(({ before }) => before).join(""));
    this.box.classList.toggle("top", place ? place[1] > 6 : this.style.position === "top");
  }

  text(number, word) {
    const { labels, wrapping } = this.transcript;
    const tokens = labels.shown(number);
    const text = document.createElement("span");
    text.dir = "auto";
    const open = new Set();
    let isPast = tokens.some((token) => token.word.id === word);
    for (const token of tokens) {
      text.append(token.gap);
      this.follow(token.before, open);
      const span = document.createElement("span");
      const isSaid = token.word.id === word;
      if (isSaid) isPast = false;
      const isLit = this.style.words === "karaoke" ? isSaid || isPast : isSaid;
      span.className = [...open, isLit ? `lit ${this.style.words}` : ""].join(" ");
      span.textContent = wrapping.shown(token);
      if (labels.kind === "colour" && token.word.speaker !== null)
        span.style.color = isLit ? "" : labels.colourOf(token.word.speaker);
      text.append(span);
      this.follow(token.after, open);
    }
    return text;
  }

  /** Which of italics, bold and underline are on after some tags. */
  follow(beside, open) {
    for (const [, slash, name] of beside.matchAll(/<(\/?)([biu])>/g)) {
      if (slash) open.delete(`caption-${name}`);
      else open.add(`caption-${name}`);
    }
  }
}
