"use strict";

/** Milliseconds for which a reader's own scrolling is left alone. */
const SCROLLED_RECENTLY = 4000;

/** About how high a line of the transcript is, and how many characters it holds. */
const LINE_HEIGHT = 32;
const LINE_LENGTH = 70;

/**
 * The transcript as text in paragraphs. Words have states: the one that is said, the chosen one
 * (the only one that the Tab key reaches), those found, and those that are unsure or estimated.
 */
class WordsView extends EventTarget {
  constructor(container, transcript, { language, colourOf }) {
    super();
    this.container = container;
    this.transcript = transcript;
    this.language = language;
    this.colourOf = colourOf;
    this.spans = new Map(); // by the number of the token
    this.said = null; // a word's id
    this.chosen = -1;
    this.isFound = () => false;
    this.markOf = () => "";
    this.scrolled = -Infinity;
    this.list = new WindowedList(container, container.querySelector(".canvas"), {
      create: (key) => this.createItem(key),
      update: (element, key) => this.updateItem(element, this.items.get(key)),
      estimate: (key) => this.estimate(this.items.get(key)),
    });
    container.addEventListener("click", (event) => this.click(event));
    container.addEventListener("dblclick", (event) => this.doubleClick(event));
    for (const name of ["wheel", "touchmove"]) {
      const listen = () => (this.scrolled = performance.now());
      container.addEventListener(name, listen, { passive: true });
    }
  }

  /** Show the transcript as it is now. */
  show() {
    this.items = new Map();
    for (const item of this.paragraphs()) this.items.set(item.key, item);
    const keys = [...this.items.keys()];
    this.starts = [...this.items.values()].filter((item) => !item.chapter);
    this.keepingFocus(() => this.list.show(keys));
  }

  refresh() {
    this.keepingFocus(() => this.list.refresh());
  }

  keepingFocus(draw) {
    const hasFocus =
      this.container.contains(document.activeElement) && document.activeElement.matches(".word");
    this.spans.clear();
    draw();
    if (hasFocus) this.spans.get(this.chosen)?.focus({ preventScroll: true });
  }

  /** Runs of tokens: a paragraph at each that opens one and at each speaker; chapters between them. */
  paragraphs() {
    const { tokens, result } = this.transcript;
    const chapters = [...(result.chapters ?? [])];
    const items = [];
    const keys = new Set();
    let open = null;
    const chapterUntil = (middle) => {
      while (chapters.length && (chapters[0].start ?? 0) <= middle) {
        items.push({ key: `chapter ${chapters.length}`, chapter: chapters.shift() });
      }
    };
    tokens.forEach(({ word, opens }, at) => {
      if (open && !opens && word.speaker === open.speaker) return (open.end = at + 1);
      chapterUntil((word.start + word.end) / 2);
      const key = keys.has(word.id) ? `${word.id} ${at}` : word.id;
      const isNew = open?.speaker !== word.speaker;
      open = { key, first: at, end: at + 1, speaker: word.speaker, isNew };
      keys.add(key);
      items.push(open);
    });
    chapterUntil(Infinity);
    return items;
  }

  estimate({ chapter, first, end }) {
    if (chapter) return 2 * LINE_HEIGHT;
    let length = 0;
    for (let at = first; at < end; at++) length += this.transcript.tokens[at].text.length + 1;
    return LINE_HEIGHT * Math.ceil(length / LINE_LENGTH) + 6;
  }

  createItem(key) {
    const { chapter } = this.items.get(key);
    return chapter ? chapterHeading(chapter) : paragraphRow(this.language);
  }

  updateItem(element, { chapter, first, end, speaker, isNew }) {
    if (chapter) return;
    const { tokens } = this.transcript;
    const [time, text] = element.children;
    time.textContent = clock(tokens[first].word.start, 0);
    time.setAttribute("aria-label", `Play from ${time.textContent}`);
    time.dataset.token = first;
    const all = document.createDocumentFragment();
    if (speaker !== null && isNew) all.append(speakerLabel(speaker, this.colourOf(speaker)));
    for (let at = first; at < end; at++) this.appendToken(all, at, at === first);
    text.replaceChildren(all);
  }

  appendToken(parent, at, isFirst) {
    const { tokens, wrapping } = this.transcript;
    const { word, text, before, after, space } = tokens[at];
    if (space && !isFirst) parent.append(" ");
    const [lead, tail] = [before, after].map((beside) => wrapping.tags.plain(beside));
    if (lead) parent.append(asideSpan(lead));
    if (text) {
      const span = document.createElement("span");
      span.dataset.token = at;
      span.textContent = text;
      this.spans.set(at, span);
      this.paint(span, at, word);
      parent.append(span);
    }
    if (tail) parent.append(asideSpan(tail));
  }

  /** Show a word's states. */
  paint(span, at, word) {
    const states = [
      word.id === this.said && "said",
      at === this.chosen && "chosen",
      this.isFound(at) && "match",
    ];
    states.push(word.changed && "changed", this.markOf(word));
    span.className = ["word", ...states.filter(Boolean)].join(" ");
    const isChosen = at === this.chosen;
    for (const [name, value] of [
      ["role", "button"],
      ["tabindex", "0"],
      ["aria-description", isChosen && description(word)],
    ]) {
      if (isChosen) span.setAttribute(name, value);
      else span.removeAttribute(name);
    }
  }

  repaint(at) {
    const span = this.spans.get(at);
    if (span?.isConnected) this.paint(span, at, this.transcript.tokens[at].word);
  }

  click(event) {
    const heading = event.target.closest(".chapter");
    if (heading) {
      this.dispatchEvent(new CustomEvent("seek", { detail: Number(heading.dataset.start) }));
      return;
    }
    const word = event.target.closest(".time, .word");
    if (!word || String(getSelection())) return;
    this.dispatchEvent(new CustomEvent("hear", { detail: Number(word.dataset.token) }));
  }

  doubleClick(event) {
    const word = event.target.closest(".word");
    if (word) this.dispatchEvent(new CustomEvent("edit", { detail: Number(word.dataset.token) }));
  }

  /** Put a field in a word's place; `taken` is called with its text. */
  editInPlace(at, taken) {
    getSelection().removeAllRanges();
    const span = this.spans.get(at);
    if (!span?.isConnected) return;
    const field = document.createElement("input");
    field.className = "word-field";
    field.value = span.textContent;
    field.size = Math.max(4, field.value.length + 2);
    field.dir = "auto";
    field.setAttribute("aria-label", "Text of the word");
    let isDone = false;
    const finish = (isKept) => {
      if (isDone) return;
      isDone = true;
      if (isKept) taken(field.value);
      this.refresh();
      this.spans.get(this.chosen)?.focus({ preventScroll: true });
    };
    field.addEventListener("blur", () => finish(true));
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === "Escape") finish(event.key === "Enter");
      event.stopPropagation();
    });
    span.replaceWith(field);
    field.select();
  }

  /** Light up the word that a token is of; -1 for none. */
  say(at) {
    const id = this.transcript.tokens[at]?.word.id ?? null;
    if (id === this.said) return;
    const before = [...this.container.querySelectorAll(".said")].map((span) => Number(span.dataset.token));
    this.said = id;
    before.forEach((token) => this.repaint(token));
    for (let token = at; token >= 0 && this.transcript.tokens[token]?.word.id === id; token++)
      this.repaint(token);
  }

  /** Make a word the one that the fields show and the Tab key reaches. */
  choose(at, { focus = false } = {}) {
    const before = this.chosen;
    this.chosen = at;
    this.list.pinned = this.keyOf(at);
    this.list.draw(false);
    this.repaint(before);
    this.repaint(at);
    if (focus) this.spans.get(at)?.focus({ preventScroll: true });
  }

  /** The key of the paragraph that a token is in. */
  keyOf(at) {
    const place = countUpTo(this.starts, ({ first }) => first <= at) - 1;
    return this.starts[place]?.key ?? null;
  }

  /** Bring a word into view, in the middle, unless it is in view; `gently` respects a reader. */
  reveal(at, { gently = false } = {}) {
    if (gently && performance.now() - this.scrolled < SCROLLED_RECENTLY) return;
    this.list.reveal(this.keyOf(at), 0.15);
    const span = this.spans.get(at);
    if (span?.isConnected) revealWithin(this.container, span, 0.05);
  }
}

/** Scroll a box, and nothing around it, so that an item is in view, `margin` of it from the edge. */
function revealWithin(box, item, margin) {
  const room = box.getBoundingClientRect();
  const place = item.getBoundingClientRect();
  const edge = room.height * margin;
  if (place.top >= room.top + edge && place.bottom <= room.bottom - edge) return;
  box.scrollTop += place.top - room.top - (room.height - place.height) / 2;
}

function paragraphRow(language) {
  const row = document.createElement("div");
  row.className = "segment";
  const time = document.createElement("button");
  time.type = "button";
  time.className = "time";
  time.tabIndex = -1;
  const text = document.createElement("p");
  text.dir = "auto";
  text.lang = language;
  row.append(time, text);
  return row;
}

function chapterHeading({ start, title }) {
  const heading = document.createElement("h3");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "chapter";
  button.dataset.start = start ?? 0;
  const time = document.createElement("span");
  time.className = "chapter-time";
  time.textContent = clock(start ?? 0, 0);
  button.append(time, ` ${title || "Chapter"}`);
  heading.append(button);
  return heading;
}

function asideSpan(text) {
  const span = document.createElement("span");
  span.className = "aside";
  span.textContent = text;
  return span;
}

/** A speaker's name after a spot of their colour. */
function speakerLabel(name, colour) {
  const label = document.createElement("span");
  label.className = "speaker";
  const spot = document.createElement("span");
  spot.className = "spot";
  spot.style.background = colour;
  label.append(spot, name);
  return label;
}

function description(word) {
  const parts = [`${clock(word.start, 2)} to ${clock(word.end, 2)}`, sureness(word)];
  if (word.changed) parts.push("changed");
  return parts.join(", ");
}

function sureness(word) {
  if (!word.timed) return "words not timed";
  return word.estimated ? "time estimated" : `probability ${percent(word.probability)}`;
}
