"use strict";

/**
 * The transcript as cues, and what has been changed in it.
 *
 * A cue is {id, start, end, tokens, tail}: milliseconds, and its text. A token is {word, text,
 * before, after, gap, space, opens}: text without space in it, tags and marks that touch it, the
 * space before it in its cue and in running text, and whether it opens a paragraph. A word is
 * {id, segment, facts, start, end, probability, estimated, speaker, timed, changed}: seconds, and
 * the result's own objects; a segment whose words were not timed is one word of many tokens.
 *
 * None of these is ever changed: an edit puts others in their place, so that undoing is exact and
 * what is unchanged is the same object as before. Every change is told by a "change" event.
 */
class Transcript extends EventTarget {
  constructor(result, facts) {
    super();
    this.result = result;
    this.rules = facts.rules;
    this.wrapping = new Wrapping(facts.rules);
    this.ids = 0;
    this.given = givenCues(result, facts, () => this.newId());
    this.cues = this.given;
    this.done = [];
    this.undone = [];
    this.draft = null;
    this.colours = {}; // of speakers, where they were chosen
    this.found = new WeakMap(); // each cue's broken limits, and the start of the cue after it
    this.labels = new Labels(this);
    this.index();
    this.duration = Math.max(result.duration ?? 0, ...this.tokens.slice(-100).map(({ word }) => word.end));
  }

  newId() {
    this.ids += 1;
    return this.ids;
  }

  /** Where everything is: all tokens in a row, each with its cue's number, and words by their starts. */
  index() {
    this.tokens = [];
    this.cueAt = [];
    this.firstToken = [];
    this.numbers = new Map();
    const heads = []; // the first token of each word
    let last = null;
    this.cues.forEach((cue, number) => {
      this.numbers.set(cue.id, number);
      this.firstToken.push(this.tokens.length);
      for (const token of cue.tokens) {
        if (token.word.id !== last) heads.push(this.tokens.length);
        last = token.word.id;
        this.tokens.push(token);
        this.cueAt.push(number);
      }
    });
    const start = (at) => this.tokens[at].word.start;
    this.heads = heads;
    this.labels.index();
    this.order = heads.every((at, place) => !place || start(heads[place - 1]) <= start(at))
      ? heads
      : [...heads].sort((one, other) => start(one) - start(other) || one - other);
  }

  get isEdited() {
    return this.isChanged || Object.keys(this.colours).length > 0;
  }

  get isChanged() {
    return this.cues.length !== this.given.length || this.cues.some((cue, at) => cue !== this.given[at]);
  }

  /** How many words start at `time` or before, as a position in `order`. */
  startedBy(time) {
    return countUpTo(this.order, (at) => this.tokens[at].word.start <= time);
  }

  /** The first token of the word that is said at `time`, else -1. */
  at(time) {
    const at = this.order[this.startedBy(time) - 1] ?? -1;
    return at >= 0 && time < this.tokens[at].word.end ? at : -1;
  }

  /** The first token of the word that is said at `time`, or of the last one before. */
  near(time) {
    return this.order[Math.max(0, this.startedBy(time) - 1)] ?? -1;
  }

  /** The number of the cue that is shown at `time`, else -1. */
  cueShownAt(time) {
    const moment = time * 1000;
    const last = countUpTo(this.cues, (cue) => cue.start <= moment) - 1;
    for (let number = last; number >= Math.max(0, last - 3); number--) {
      if (moment < this.cues[number].end) return number;
    }
    return -1;
  }

  /** The token of the word before or after that of a token, else -1. */
  neighbour(at, step) {
    const { id } = this.tokens[at].word;
    let found = at;
    while (this.tokens[found]?.word.id === id) found += step;
    return this.tokens[found] ? found : -1;
  }

  /** A cue's text in a form: 0 SubRip, 1 WebVTT, 2 SubStation Alpha, -1 plain; without blank lines. */
  text(number, form = -1, escape = undefined) {
    const cue = this.cues[number];
    const { tags } = this.wrapping;
    const alone = speakerOf(cue);
    const part = ({ before, text, after }) =>
      tags.render(before, form, escape) + (escape ? escape(text) : text) + tags.render(after, form, escape);
    let [text, speaker, closing] = ["", null, ""];
    for (const token of this.labels.shown(number)) {
      const own = alone ?? token.word.speaker;
      const isNew = own !== speaker;
      text += isNew ? closing + token.gap : token.gap;
      if (isNew) {
        const voice = own === null ? ["", ""] : this.labels.voice(own, form, alone !== null);
        text += voice[0];
        [speaker, closing] = [own, voice[1]];
      }
      text += part(token);
    }
    text += closing + cue.tail;
    const lines = (this.rules.strips ? strip(text) : text).split(/\r\n|\r|\n/);
    return lines.filter((line) => strip(line)).join("\n");
  }

  /** The limits that a cue breaks. */
  breaches(number) {
    const cue = this.cues[number];
    const next = this.cues[number + 1]?.start ?? Infinity;
    if (this.found.get(cue)?.next !== next || this.found.get(cue).labelled !== this.labels.of(number)) {
      const lines = this.text(number).split("\n");
      this.found.set(cue, {
        next,
        labelled: this.labels.of(number),
        breaches: findBreaches({ ...cue, lines, next }, this.wrapping),
      });
    }
    return this.found.get(cue).breaches;
  }

  /** Put cues in the place of others: only within `change` or `try`. */
  replace(at, count, cues) {
    const before = this.cues.slice(at, at + count);
    this.cues = [...this.cues.slice(0, at), ...cues, ...this.cues.slice(at + count)];
    this.draft.push({ at, before, after: cues });
  }

  /** Make an edit that can be undone in one step. */
  change(edit) {
    this.try(edit);
    this.keep();
  }

  /** Make an edit in the place of the one that was tried before. */
  try(edit) {
    if (this.draft?.length) {
      this.revert(this.draft);
      this.index();
    }
    this.draft = [];
    edit();
    this.announce();
  }

  /** Keep what was tried as a step that can be undone. */
  keep() {
    const step = this.draft;
    this.draft = null;
    if (!step?.length) return;
    this.done.push(step);
    this.undone = [];
    this.dispatchEvent(new Event("keep"));
  }

  undo() {
    this.keep();
    const step = this.done.pop();
    if (!step) return;
    this.revert(step);
    this.undone.push(step);
    this.announce();
    this.dispatchEvent(new Event("keep"));
  }

  redo() {
    const step = this.undone.pop();
    if (!step) return;
    for (const { at, before, after } of step) this.exchange(at, before, after);
    this.done.push(step);
    this.announce();
    this.dispatchEvent(new Event("keep"));
  }

  revert(step) {
    for (const { at, before, after } of [...step].reverse()) this.exchange(at, after, before);
  }

  exchange(at, before, after) {
    this.cues = [...this.cues.slice(0, at), ...after, ...this.cues.slice(at + before.length)];
  }

  /** Give a speaker a colour, which no step undoes. */
  setColour(speaker, colour) {
    this.colours = { ...this.colours, [speaker]: colour };
    this.announce();
    this.dispatchEvent(new Event("keep"));
  }

  announce() {
    this.index();
    this.dispatchEvent(new Event("change"));
  }
}

/** The one speaker of a cue, else null. */
function speakerOf({ tokens }) {
  const names = new Set(tokens.map(({ word }) => word.speaker).filter((name) => name !== null));
  return names.size === 1 ? [...names][0] : null;
}

/** The cues as subalign laid them out. */
function givenCues(result, { cues, paragraphs }, newId) {
  const words = result.segments.flatMap(wordsOf).map((word) => ({ id: newId(), ...word }));
  const opening = new Set(paragraphs);
  const taken = new Map(); // how much of a piece's text stands in tokens already
  return cues.map(([start, end, ...parts]) => {
    const tokens = [];
    let gap = "";
    let tail = "";
    for (const part of parts) {
      if (typeof part === "string") {
        gap = tail = part;
        continue;
      }
      const share = shareOf(part, words);
      const isAtEdge = !tokens.length || /[\r\n]/.test(gap);
      const space = isAtEdge ? spaceBefore(share, words, taken) : gap && " ";
      const opens = !taken.has(share.piece) && opening.has(share.piece);
      taken.set(share.piece, (taken.get(share.piece) ?? 0) + share.text.length);
      const { text, before, after } = share;
      tokens.push({ word: words[share.piece], text, before, after, gap, space, opens });
      [gap, tail] = [" ", ""];
    }
    return { id: newId(), start, end, tokens, tail };
  });
}

/** A token as the page's facts have it: the number of a piece, or [piece, text, before, after]. */
function shareOf(part, words) {
  if (typeof part === "number") {
    const { facts, segment } = words[part];
    return { piece: part, text: strip(facts?.word ?? segment.text), before: "", after: "" };
  }
  const [piece, text, before, after] = part;
  return { piece, text, before, after };
}

/** The space before a token that begins its line, as it is in the result. */
function spaceBefore({ piece, text, before }, words, taken) {
  const written = words[piece].facts?.word ?? words[piece].segment.text;
  if (before) return " ";
  if (!text || !taken.has(piece)) return !text || isSpace(written[0] ?? " ") ? " " : "";
  let [at, left] = [0, taken.get(piece)];
  for (; at < written.length && left > 0; at++) if (!isSpace(written[at])) left -= 1;
  return isSpace(written[at] ?? "") ? " " : "";
}

/** A segment's words, or all of it as one word where it has text but none. */
function wordsOf(segment) {
  const start = segment.start ?? 0;
  const whole = { start, end: segment.end ?? start, probability: 1, timed: false };
  const rest = { segment, facts: null, estimated: false, speaker: segment.speaker ?? null, changed: false };
  if (!segment.words?.length) return segment.text.trim() ? [{ ...rest, ...whole }] : [];
  return segment.words.map((facts) => ({
    ...rest,
    facts,
    start: facts.start ?? 0,
    end: facts.end ?? facts.start ?? 0,
    probability: facts.probability ?? 1,
    estimated: facts.estimated === true,
    speaker: facts.speaker ?? null,
    timed: true,
  }));
}
