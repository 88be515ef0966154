"use strict";

/** Seconds; no word that subalign times is shorter. */
const SHORTEST_WORD = 0.02;

/** Edges closer than this, in seconds, are one boundary. */
const TOUCHING = 0.0015;

/** Milliseconds that a new cue lasts where there is room, and that one needs at least. */
const NEW_CUE = 2000;
const LEAST_CUE = 500;

/** What is done to cues and words; each edit is one step that can be undone. */
class Edits {
  constructor(transcript) {
    this.transcript = transcript;
  }

  get gap() {
    return this.transcript.rules.limits.gap;
  }

  /** A cue of other tokens, wrapped anew; where lines are kept as they are, or `lines` say so, not. */
  laid(number, cue, tokens, lines = null) {
    const { rules } = this.transcript;
    const starts = new Set(lines ?? (rules.wraps ? this.lineStarts(number, tokens) : linesOf(tokens)));
    const placed = this.withWholeWords(tokens).map((token, at) => {
      const gap = at === 0 ? "" : starts.has(at) ? "\n" : token.space;
      return gap === token.gap ? token : { ...token, gap };
    });
    const isSame =
      !cue.tail &&
      cue.tokens.length === placed.length &&
      placed.every((token, at) => token === cue.tokens[at]);
    return isSame ? cue : { ...cue, tokens: placed, tail: "" };
  }

  /** Tokens of which those of one word have the same one; what others cut off is another word. */
  withWholeWords(tokens) {
    const words = new Map(); // by the id that they had
    for (const { word } of tokens) if (word.changed || !words.has(word.id)) words.set(word.id, word);
    const seen = new Set();
    return tokens.map((token, at) => {
      const { id, timed } = token.word;
      if (timed && seen.has(id) && tokens[at - 1].word.id !== id) {
        words.set(id, { ...words.get(id), id: this.transcript.newId(), facts: null, estimated: true });
      }
      seen.add(id);
      const word = words.get(id);
      return word === token.word ? token : { ...token, word };
    });
  }

  /** Where lines break: measured with the labels of speakers, of which none is one of the tokens. */
  lineStarts(number, tokens) {
    const { labels, wrapping } = this.transcript;
    const shown = labels.measured(number, tokens);
    const own = shown.map((_, at) => at - shown.slice(0, at).filter((token) => token.isLabel).length);
    return wrapping.lineStarts(shown).map((at) => own[at]);
  }

  /** Give a cue another text; words that stay keep their times. */
  typedCue(number, typed) {
    const cue = this.transcript.cues[number];
    const { tokens, lines } = new Typed(this.transcript, number).tokens(typed);
    const same =
      tokens.length === cue.tokens.length && tokens.every((token, at) => token.word === cue.tokens[at].word);
    return this.laid(number, cue, tokens, same || !this.transcript.rules.wraps ? lines : null);
  }

  setCueText(number, typed) {
    if (strip(typed) === this.writtenText(number)) return;
    this.transcript.replace(number, 1, [this.typedCue(number, typed)]);
  }

  /** A cue's text as it is typed, tags and all. */
  writtenText(number) {
    const { tokens } = this.transcript.cues[number];
    return strip(tokens.map(({ gap, before, text, after }) => gap + before + text + after).join(""));
  }

  /** Give a token another text, as it is: no tag in it means anything. Without text it goes. */
  setWordText(at, typed) {
    const { transcript } = this;
    const number = transcript.cueAt[at];
    const cue = transcript.cues[number];
    const place = at - transcript.firstToken[number];
    if (strip(typed) === cue.tokens[place].text) return;
    this.replaceTokens(number, withText(cue.tokens, place, typed.split(/\s+/).filter(Boolean)));
  }

  /** Put text as it is typed in the place of some of a cue's tokens. */
  setTokens(number, first, end, typed) {
    const { tokens } = this.transcript.cues[number];
    const tagged = strip(typed) && tokens[first].before + strip(typed) + tokens[end - 1].after;
    const fresh = new Typed(this.transcript, number).between(first, end, tagged);
    const after = [...fresh, ...tokens.slice(end)];
    if (tokens[first].opens && after.length) after[0] = { ...after[0], opens: true };
    this.replaceTokens(number, [...tokens.slice(0, first), ...after]);
  }

  /** A cue without text goes. */
  replaceTokens(number, tokens) {
    const cue = this.transcript.cues[number];
    this.transcript.replace(number, 1, tokens.length ? [this.laid(number, cue, tokens)] : []);
  }

  /** Move a word's start and end as far as its neighbours let it, and its cue with them. */
  setWordTimes(at, { start, end }) {
    const { word } = this.transcript.tokens[at];
    const times = this.fitted(at, start ?? word.start, end ?? word.end);
    this.replaceWord(at, { ...word, ...times, estimated: false, changed: true });
  }

  /** The nearest times that leave a word its shortest length and do not touch its neighbours. */
  fitted(at, start, end) {
    const { transcript } = this;
    const { word } = transcript.tokens[at];
    const [before, after] = [-1, 1].map((step) => transcript.tokens[transcript.neighbour(at, step)]?.word);
    const low = Math.min(word.start, before?.end ?? 0);
    const high = Math.max(word.end, after?.start ?? transcript.duration);
    const first = clamp(start, low, high - SHORTEST_WORD);
    return { start: thousandths(first), end: thousandths(clamp(end, first + SHORTEST_WORD, high)) };
  }

  /** The boundaries at a word's two ends: `left` ends there, `right` starts there, or -1. */
  boundaries(at) {
    const { transcript } = this;
    const { start, end } = transcript.tokens[at].word;
    const [previous, next] = [-1, 1].map((step) => transcript.neighbour(at, step));
    const edge = (token, key) => transcript.tokens[token]?.word[key] ?? NaN;
    const touches = (one, other) => Math.abs(one - other) < TOUCHING;
    return [
      { time: start, left: touches(edge(previous, "end"), start) ? previous : -1, right: at },
      { time: end, left: at, right: touches(edge(next, "start"), end) ? next : -1 },
    ];
  }

  /** Move a boundary towards `time`, at most as far as its words allow. */
  moveBoundary({ left, right }, time) {
    const { transcript } = this;
    const wordOf = (at) => transcript.tokens[at]?.word;
    const before = wordOf(left < 0 ? transcript.neighbour(right, -1) : left);
    const after = wordOf(right < 0 ? transcript.neighbour(left, 1) : right);
    const low = left < 0 ? (before?.end ?? 0) : before.start + SHORTEST_WORD;
    const high = right < 0 ? (after?.start ?? transcript.duration) : after.end - SHORTEST_WORD;
    if (low > high) return;
    const moved = { estimated: false, changed: true };
    const at = thousandths(clamp(time, low, high));
    if (left >= 0) this.replaceWord(left, { ...before, ...moved, end: at });
    if (right >= 0) this.replaceWord(right, { ...after, ...moved, start: at });
  }

  /** Put a word in the place of another in all its tokens; its cues move with their ends. */
  replaceWord(at, word) {
    const { transcript } = this;
    const before = transcript.tokens[at].word;
    const isOfIt = (number) => transcript.cues[number]?.tokens.some((token) => token.word.id === word.id);
    let first = transcript.cueAt[at];
    while (isOfIt(first - 1)) first -= 1;
    for (let number = first; isOfIt(number); number++) {
      const cue = transcript.cues[number];
      const tokens = cue.tokens.map((token) => (token.word.id === word.id ? { ...token, word } : token));
      let { start, end } = cue;
      const isFirst = number === first && tokens[0].word === word;
      const isLast = !isOfIt(number + 1) && tokens.at(-1).word === word;
      if (isFirst) start += Math.round((word.start - before.start) * 1000);
      if (isLast) end += Math.round((word.end - before.end) * 1000);
      this.replaceTimed(number, { ...cue, tokens }, Math.max(0, start), end);
    }
  }

  /** Put a cue with other times in its place; cues that were apart do not grow over one another. */
  replaceTimed(number, cue, start, end) {
    const { cues } = this.transcript;
    const [previous, next] = [cues[number - 1], cues[number + 1]];
    const room = (one, other) =>
      one && other && one.end <= other.start ? Math.min(this.gap, other.start - one.end) : NaN;
    const [roomBefore, roomAfter] = [room(previous, cue), room(cue, next)];
    if (roomAfter >= 0) end = Math.min(end, next.start - roomAfter);
    const moved = { ...cue, start, end: Math.max(start + 1, end) };
    if (previous && previous.end > start - roomBefore) {
      const shorter = { ...previous, end: Math.max(previous.start + 1, start - roomBefore) };
      this.transcript.replace(number - 1, 2, [shorter, moved]);
    } else {
      this.transcript.replace(number, 1, [moved]);
    }
  }

  /** Show a cue from one time to another, in milliseconds; words without measured times follow. */
  setCueTimes(number, start, end) {
    const cue = this.transcript.cues[number];
    const times = { start: Math.max(0, Math.round(start)), end: Math.round(end) };
    if (times.end <= times.start || (times.start === cue.start && times.end === cue.end)) return;
    const isLoose = cue.tokens.length > 0 && cue.tokens.every(({ word }) => !word.facts);
    const tokens = isLoose ? spread(cue.tokens, times.start / 1000, times.end / 1000) : cue.tokens;
    this.transcript.replace(number, 1, [{ ...cue, ...times, tokens }]);
  }

  /** Split a cue before one of its tokens, or where it is best if that is its first. */
  split(number, place = 0) {
    const { cues, wrapping } = this.transcript;
    const cue = cues[number];
    const at = place > 0 && place < cue.tokens.length ? place : wrapping.splitPlace(cue.tokens);
    if (!at) return false;
    const [head, rest] = [cue.tokens.slice(0, at), cue.tokens.slice(at)];
    const start = this.splitTime(cue, head, rest[0].word);
    const end = Math.max(cue.start + 1, start - this.gap);
    this.transcript.replace(number, 1, [
      { ...this.laid(number, cue, head), end },
      {
        ...this.laid(number, cue, rest),
        id: this.transcript.newId(),
        start,
        end: Math.max(start + 1, cue.end),
      },
    ]);
    return true;
  }

  /** When the second half of a cue starts: with its first word, else by its share of the text. */
  splitTime(cue, head, word) {
    const time = Math.round(word.start * 1000);
    const isInside =
      head.every((token) => token.word.id !== word.id) && time > cue.start + 1 && time < cue.end;
    if (isInside) return time;
    const length = (tokens) =>
      tokens.reduce((sum, { text, before }) => sum + text.length + before.length + 1, 0);
    const share = length(head) / length(cue.tokens);
    return clamp(Math.round(cue.start + share * (cue.end - cue.start)), cue.start + 2, cue.end - 1);
  }

  /** Make one cue of a cue and the next one. */
  merge(number) {
    const [cue, next] = this.transcript.cues.slice(number, number + 2);
    if (!next) return false;
    const merged = { ...cue, end: Math.max(cue.end, next.end) };
    const gap = this.transcript.rules.keepsLines ? "\n" : "";
    const added = next.tokens.map((token, at) => (at || !cue.tokens.length ? token : { ...token, gap }));
    this.transcript.replace(number, 2, [this.laid(number, merged, [...cue.tokens, ...added])]);
    return true;
  }

  /** Put an empty cue after another one, -1 for none, which gives way where there is no room. */
  insert(number) {
    const { transcript } = this;
    const [cue, next] = [transcript.cues[number], transcript.cues[number + 1]];
    const until = next
      ? next.start - this.gap
      : Math.max(transcript.duration * 1000, (cue?.end ?? 0) + NEW_CUE);
    let start = cue ? cue.end + this.gap : 0;
    const given = [];
    if (cue && until - start < LEAST_CUE) {
      start = Math.round((cue.start + cue.end) / 2);
      given.push({ ...cue, end: Math.max(cue.start + 1, start - this.gap) });
    }
    const end = Math.max(start + 1, Math.min(Math.round(until), start + NEW_CUE));
    const fresh = { id: transcript.newId(), start, end, tokens: [], tail: "" };
    transcript.replace(number + 1 - given.length, given.length, [...given, fresh]);
    return fresh.id;
  }

  remove(number) {
    this.transcript.replace(number, 1, []);
  }

  /** Say who speaks in cues, null for nobody; with `before`, only where that one spoke. */
  setSpeaker(numbers, speaker, before) {
    const { transcript } = this;
    const stays = ({ word }) => word.speaker === speaker || (before !== undefined && word.speaker !== before);
    const changed = numbers.filter((number) => !transcript.cues[number].tokens.every(stays));
    for (const number of changed) {
      const cue = transcript.cues[number];
      const words = new Map();
      const tokens = cue.tokens.map((token) => {
        if (stays(token)) return token;
        const word = words.get(token.word.id) ?? { ...token.word, speaker, changed: true };
        words.set(word.id, word);
        return { ...token, word };
      });
      transcript.replace(number, 1, [{ ...cue, tokens }]);
    }
    transcript.index();
    // labels come, go and change there, and in the cues behind
    for (const number of new Set(changed.flatMap((at) => [at, at + 1]))) {
      const cue = transcript.cues[number];
      if (cue?.tokens.length) transcript.replace(number, 1, [this.laid(number, cue, cue.tokens)]);
    }
  }

  /** Everything as it was given. */
  discard() {
    const { transcript } = this;
    transcript.replace(0, transcript.cues.length, transcript.given);
  }
}

/** The numbers of the tokens that begin lines now. */
function linesOf(tokens) {
  return tokens.map((token, at) => (at === 0 || token.gap.includes("\n") ? at : -1)).filter((at) => at >= 0);
}

/** Tokens of which one has other texts, or is not there any more. */
function withText(tokens, place, texts) {
  const token = tokens[place];
  const word = { ...token.word, probability: 1, estimated: false, changed: true };
  const fresh = texts.map((text, at) => ({
    ...token,
    word,
    text,
    before: at ? "" : token.before,
    after: at < texts.length - 1 ? "" : token.after,
    space: at ? " " : token.space,
    opens: !at && token.opens,
  }));
  const [head, rest] = [tokens.slice(0, place), tokens.slice(place + 1)];
  if (!fresh.length) passOn(token, head, rest);
  return [...head, ...fresh, ...rest];
}

/** Give the tags of a token that goes to its neighbours, and its place as a paragraph's first. */
function passOn({ before, after, opens, text }, head, rest) {
  const tags = text ? before + after : "";
  if (rest.length) rest[0] = { ...rest[0], before: tags + rest[0].before, opens: opens || rest[0].opens };
  else if (head.length) head[head.length - 1] = { ...head.at(-1), after: head.at(-1).after + tags };
}

/** Tokens whose words share a time by the length of their text. */
function spread(tokens, start, end) {
  const total = tokens.reduce((sum, { text }) => sum + text.length + 1, 0);
  const at = (length) => thousandths(start + ((end - start) * length) / total);
  const words = new Map();
  let done = 0;
  for (const { word, text } of tokens) {
    const from = words.get(word.id)?.start ?? (word.timed ? at(done) : start);
    done += text.length + 1;
    words.set(word.id, { ...word, start: from, end: word.timed ? at(done) : end });
  }
  return tokens.map((token) => ({ ...token, word: words.get(token.word.id) }));
}
