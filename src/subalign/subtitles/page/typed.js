"use strict";

/** A cue's text as somebody types it, made into tokens: what stays keeps its word and its times. */
class Typed {
  constructor(transcript, number) {
    this.transcript = transcript;
    this.cue = transcript.cues[number];
    this.old = this.cue.tokens;
    const { tokens, firstToken } = transcript;
    this.previous = tokens[firstToken[number] - 1]?.word;
    this.next = tokens[firstToken[number] + this.old.length]?.word;
  }

  /** The tokens, and the numbers of those that begin lines as typed. */
  tokens(typed) {
    const items = this.items(strip(typed));
    const lines = items.map((item, at) => (item.isLine || !at ? at : -1)).filter((at) => at >= 0);
    const tokens = [];
    let [from, at] = [0, 0];
    for (const [kept, item] of [...this.pairs(items), [this.old.length, items.length]]) {
      tokens.push(
        ...this.changed(this.old.slice(from, kept), items.slice(at, item), tokens.at(-1), this.old[kept]),
      );
      if (item < items.length) tokens.push({ ...this.old[kept], space: items[item].space });
      [from, at] = [kept + 1, item + 1];
    }
    if (tokens.length && this.old[0]?.opens && !tokens[0].opens) tokens[0] = { ...tokens[0], opens: true };
    return { tokens: this.sameWhereSame(tokens), lines };
  }

  /** Tokens for text typed in the place of some. */
  between(first, end, typed) {
    const items = this.items(strip(typed));
    if (items.length) items[0].space = this.old[first].space;
    return this.changed(this.old.slice(first, end), items, this.old[first - 1], this.old[end]);
  }

  /** Typed text apart at its spaces, and between characters of scripts that have none. */
  items(typed) {
    const items = [];
    let [at, space] = [0, ""];
    const add = (text) => {
      for (const part of this.parts(text)) {
        items.push({ text: part, space: space ? " " : "", isLine: space.includes("\n") });
        space = "";
      }
    };
    for (const found of typed.matchAll(new RegExp(`${this.transcript.rules.tag}|\\s+`, "gu"))) {
      if (!/^\s/.test(found[0])) continue;
      add(typed.slice(at, found.index));
      space = found[0];
      at = found.index + found[0].length;
    }
    add(typed.slice(at));
    if (items.length) items[0].space = this.old[0]?.space ?? " ";
    return items;
  }

  /** The old tokens that a text without space begins with, or its characters, as far as they part. */
  parts(text) {
    const { wrapping } = this.transcript;
    if (!text) return [];
    const written = new Set(this.old.map(writtenToken));
    if (written.has(text) || ![...text].some((char) => wrapping.holds("unspaced", char))) return [text];
    const parts = [];
    for (let at = 0; at < text.length;) {
      const known = [...written].filter((part) => part && text.startsWith(part, at));
      const part = known.sort((one, other) => other.length - one.length)[0];
      const char = firstOf(text.slice(at));
      const next = part ?? char;
      const joins =
        !part && parts.length && !parts.at(-1).known && !wrapping.canBreak(parts.at(-1).text, char, false);
      if (joins) parts.at(-1).text += char;
      else parts.push({ text: next, known: part !== undefined });
      at += next.length;
    }
    return parts.map((part) => part.text);
  }

  /** Old tokens and items that are the same, in order: as many as there can be. */
  pairs(items) {
    const same = (one, other) => writtenToken(this.old[one]) === items[other].text;
    const [rows, columns] = [this.old.length, items.length];
    const most = Array.from({ length: rows + 1 }, () => new Uint16Array(columns + 1));
    for (let one = rows - 1; one >= 0; one--) {
      for (let other = columns - 1; other >= 0; other--) {
        const skipped = Math.max(most[one + 1][other], most[one][other + 1]);
        most[one][other] = same(one, other) ? 1 + most[one + 1][other + 1] : skipped;
      }
    }
    const pairs = [];
    for (let [one, other] = [0, 0]; one < rows && other < columns;) {
      if (same(one, other)) pairs.push([one++, other++]);
      else if (most[one + 1][other] >= most[one][other + 1]) one += 1;
      else other += 1;
    }
    return pairs;
  }

  /** Tokens for typed items in the place of old tokens; `before` and `after` are those around them. */
  changed(old, items, before, after) {
    if (!items.length) return [];
    if (old.length === items.length) return items.map((item, at) => this.corrected(old[at], item));
    const untimed = [...old, before, after].find((token) => token && !token.word.timed);
    if (untimed) return items.map((item) => this.token(item, { ...untimed.word, changed: true }));
    const [start, end] = this.room(old, items.length, before, after);
    const { segment, speaker } = (old[0] ?? before ?? after)?.word ?? this.neighbour();
    const tokens = items.map((item) => {
      const word = { id: this.transcript.newId(), segment, speaker, facts: null, start, end };
      return this.token(item, { ...word, probability: 1, estimated: true, timed: true, changed: true });
    });
    return spread(tokens, start, end);
  }

  /** An old token with another text; its word keeps its time and counts as certain. */
  corrected(token, item) {
    const word = { ...token.word, probability: 1, estimated: false, changed: true };
    if (!token.text) return { ...token, word, before: item.text, space: item.space };
    return { ...this.token(item, word), opens: token.opens };
  }

  token({ text, space }, word) {
    const [before, said, after] = this.transcript.wrapping.tags.apart(text);
    return { word, text: said, before, after, gap: space, space, opens: false };
  }

  /** The seconds that new words have: those of the old ones, else between the words around them. */
  room(old, count, before, after) {
    const [starts, ends] = [old.map(({ word }) => word.start), old.map(({ word }) => word.end)];
    if (old.length) return [Math.min(...starts), Math.max(...ends)];
    const start = before?.word.end ?? this.cue.start / 1000;
    const end = after?.word.start ?? this.cue.end / 1000;
    if (end - start >= count * SHORTEST_WORD) return [start, end];
    // nothing is between them: as subtitles have it, they are said while a neighbour is
    const near = before?.word ?? after?.word;
    return near ? [near.start, near.end] : [this.cue.start / 1000, this.cue.end / 1000];
  }

  /** Whose segment words of a new cue belong to. */
  neighbour() {
    const { rules } = this.transcript;
    const { start, end } = this.cue;
    const near = this.previous ?? this.next;
    if (near && !rules.keepsLines && near.timed) return { segment: near.segment, speaker: null };
    return { segment: { ...EMPTY_SEGMENT, start: start / 1000, end: end / 1000 }, speaker: null };
  }

  /** Tokens that are as they were are the same objects. */
  sameWhereSame(tokens) {
    return tokens.map((token) => {
      const was = this.old.find((old) => old.word === token.word && old.text === token.text);
      return was && was.space === token.space && was.opens === token.opens ? was : token;
    });
  }
}

/** What the result says of a segment that nobody transcribed. */
const EMPTY_SEGMENT = Object.freeze({
  id: 0,
  seek: 0,
  start: 0,
  end: 0,
  text: "",
  tokens: [],
  temperature: 0,
  avg_logprob: null,
  compression_ratio: null,
  no_speech_prob: null,
  words: [],
});

function writtenToken({ before, text, after }) {
  return before + text + after;
}
