"use strict";

/** Milliseconds for which a reader's own scrolling is left alone. */
const SCROLLED_RECENTLY = 4000;

/**
 * The transcript as text. Only words whose state changes are touched: the one that is said, the
 * chosen one (the only one that the Tab key reaches), and what marks and searches name.
 */
class WordsView extends EventTarget {
  constructor(container, transcript, { language, paragraphs }) {
    super();
    this.container = container;
    this.transcript = transcript;
    this.spans = [];
    this.said = -1;
    this.chosen = -1;
    this.scrolled = -Infinity;
    this.build(language, new Set(paragraphs));
    container.addEventListener("click", (event) => this.click(event));
    for (const name of ["wheel", "touchmove"]) {
      const listen = () => (this.scrolled = performance.now());
      container.addEventListener(name, listen, { passive: true });
    }
  }

  /** A paragraph for each of the pieces that begin one, and chapters before what they begin with. */
  build(language, starts) {
    const all = document.createDocumentFragment();
    const chapters = [...(this.transcript.result.chapters ?? [])];
    let text = null;
    let speaker = null;
    for (const piece of this.transcript.pieces) {
      if (starts.has(piece.index) || text === null) {
        const middle = (piece.start + piece.end) / 2;
        while (chapters.length && chapters[0].start <= middle) chapter(all, chapters.shift());
        text = paragraph(all, piece, language, piece.speaker === speaker ? null : piece.speaker);
        speaker = piece.speaker;
      }
      this.spans.push(this.wordSpan(text, piece));
    }
    for (const one of chapters) chapter(all, one);
    this.container.replaceChildren(all);
  }

  wordSpan(text, piece) {
    const isFirst = !text.hasChildNodes();
    if (piece.before) text.append(asideSpan(isFirst ? piece.before.trimStart() : piece.before));
    if (piece.lead && (piece.before || !isFirst)) text.append(piece.lead);
    const span = document.createElement("span");
    span.className = "word";
    span.dataset.piece = piece.index;
    span.textContent = piece.text;
    text.append(span, piece.tail);
    if (piece.after) text.append(asideSpan(piece.after));
    return span;
  }

  click(event) {
    const heading = event.target.closest(".chapter");
    if (heading) {
      this.dispatchEvent(new CustomEvent("seek", { detail: Number(heading.dataset.start) }));
      return;
    }
    const time = event.target.closest(".time");
    const word = time ? time.parentElement.querySelector(".word") : event.target.closest(".word");
    if (!word || String(getSelection())) return;
    this.dispatchEvent(new CustomEvent("hear", { detail: Number(word.dataset.piece) }));
  }

  /** Light up the word that is said; -1 for none. */
  say(index) {
    if (index === this.said) return;
    this.spans[this.said]?.classList.remove("said");
    this.spans[index]?.classList.add("said");
    this.said = index;
  }

  /** Make a word the one that the editor shows and the Tab key reaches. */
  choose(index, { focus = false } = {}) {
    if (index !== this.chosen) {
      this.release(this.spans[this.chosen]);
      this.chosen = index;
      const span = this.spans[index];
      span.classList.add("chosen");
      span.setAttribute("role", "button");
      span.tabIndex = 0;
      this.describe(index);
    }
    if (focus) this.spans[index].focus({ preventScroll: true });
  }

  release(span) {
    if (!span) return;
    span.classList.remove("chosen");
    for (const name of ["role", "tabindex", "aria-description"]) span.removeAttribute(name);
  }

  describe(index) {
    this.spans[index].setAttribute("aria-description", description(this.transcript.pieces[index]));
  }

  /** Show a piece as it is now. */
  refresh(index) {
    const piece = this.transcript.pieces[index];
    const span = this.spans[index];
    const text = piece.text || piece.given.text;
    if (span.textContent !== text) span.textContent = text;
    span.classList.toggle("removed", !piece.text);
    span.classList.toggle("changed", isChanged(piece));
    if (index === this.chosen) this.describe(index);
  }

  /** Bring a word into view, in the middle, unless it is in view; `gently` respects a reader. */
  reveal(index, { gently = false } = {}) {
    if (gently && performance.now() - this.scrolled < SCROLLED_RECENTLY) return;
    revealWithin(this.container, this.spans[index], 0.15);
  }
}

/** `speaker` is the name of who begins to speak, else null. */
function paragraph(parent, piece, language, speaker) {
  const row = document.createElement("div");
  row.className = "segment";
  const time = document.createElement("button");
  time.type = "button";
  time.className = "time";
  time.tabIndex = -1;
  time.textContent = clock(piece.start, false);
  time.setAttribute("aria-label", `Play from ${time.textContent}`);
  const text = document.createElement("p");
  text.dir = "auto";
  text.lang = language;
  row.append(time, text);
  if (speaker !== null) parent.append(speakerHeading(speaker));
  parent.append(row);
  return text;
}

function speakerHeading(name) {
  const heading = document.createElement("div");
  heading.className = "speaker";
  heading.textContent = name;
  return heading;
}

function chapter(parent, { start, title }) {
  const heading = document.createElement("h3");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "chapter";
  button.dataset.start = start ?? 0;
  const time = document.createElement("span");
  time.className = "chapter-time";
  time.textContent = clock(start ?? 0, false);
  button.append(time, ` ${title || "Chapter"}`);
  heading.append(button);
  parent.append(heading);
}

function asideSpan(text) {
  const span = document.createElement("span");
  span.className = "aside";
  span.textContent = text;
  return span;
}

function description(piece) {
  const parts = [`${piece.start.toFixed(2)} to ${piece.end.toFixed(2)} seconds`];
  parts.push(piece.estimated ? "time estimated" : `probability ${percent(piece.probability)}`);
  if (isChanged(piece)) parts.push("changed");
  return parts.join(", ");
}

function percent(share) {
  return `${Math.round(share * 100)} %`;
}

function scrollBehavior() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
}
