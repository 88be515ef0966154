"use strict";

/** Characters that a reader does not read, and those as wide as two letters. */
const FLAG = /[\u{1f1e6}-\u{1f1ff}]{2}/gu;
const EMOJI_TAIL = /[\u{1f3fb}-\u{1f3ff}]|\u200d[\u2190-\u2bff\u{1f000}-\u{1faff}]/gu;
const UNREAD = /[\p{Mn}\p{Me}\p{Cf}\p{Cc}]/gu;
const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff01-\uff60]/gu;

/**
 * The cues as they were laid out, filled with the words as they are now.
 *
 * A cue's parts are piece numbers, shares of a piece ({piece, text, first}), text, or text in the
 * three forms [plain, SubRip, WebVTT]. Its times move with its first and last word.
 */
class Cues {
  constructor(cues, transcript) {
    this.cues = cues.map(([start, end, parts, speaker]) => ({ start, end, parts, speaker }));
    this.transcript = transcript;
    this.byPiece = new Map();
    this.cues.forEach((cue, number) => {
      cue.pieces = cue.parts.map(pieceOf).filter((piece) => piece !== null);
      for (const piece of cue.pieces) {
        if (!this.byPiece.has(piece)) this.byPiece.set(piece, number);
      }
    });
    this.times = this.cues.map((cue) => this.timesOf(cue));
  }

  get length() {
    return this.cues.length;
  }

  /** Take over changed pieces; returns the numbers of the cues that look different. */
  update(changed) {
    const numbers = new Set();
    for (const piece of changed) {
      const number = this.byPiece.get(piece);
      if (number === undefined) continue;
      numbers.add(number);
      this.times[number] = this.timesOf(this.cues[number]);
    }
    return numbers;
  }

  /** Milliseconds from which to which a cue is shown; a cue never grows over the next. */
  span(number) {
    const { start, end } = this.times[number];
    const next = this.times[number + 1];
    const apart = next && this.cues[number].end <= this.cues[number + 1].start;
    return { start, end: Math.max(start + 1, apart ? Math.min(end, next.start) : end) };
  }

  timesOf({ start, end, pieces }) {
    const kept = pieces.map((index) => this.transcript.pieces[index]).filter((piece) => piece.text);
    if (!kept.length) return { start, end };
    const first = this.transcript.pieces[pieces[0]].given.start;
    const last = this.transcript.pieces[pieces.at(-1)].given.end;
    return {
      start: Math.max(0, start + Math.round((kept[0].start - first) * 1000)),
      end: end + Math.round((kept.at(-1).end - last) * 1000),
    };
  }

  /** A cue's text in a form: 0 plain, 1 SubRip, 2 WebVTT; empty where all its words are gone. */
  text(number, form) {
    const { parts, pieces } = this.cues[number];
    const said = pieces.map((index) => this.transcript.pieces[index].text);
    if (said.length && !said.some(Boolean)) return "";
    let text = parts.map((part) => this.partText(part, form)).join("");
    if (!said.every(Boolean)) text = text.replace(/ {2,}/g, " ");
    const lines = text.trim().split(/\r\n|\r|\n/);
    return lines.filter((line) => line.trim()).join("\n");
  }

  partText(part, form) {
    if (typeof part === "string") return part;
    if (Array.isArray(part)) return part[form];
    const text = this.pieceText(part);
    return form === 2 ? escapeMarkup(text) : text;
  }

  /** A share of a piece keeps its text until that is changed; then the first share has all of it. */
  pieceText(part) {
    const { text, given } = this.transcript.pieces[pieceOf(part)];
    if (typeof part === "number") return text;
    if (text === given.text) return part.text;
    return part.first ? text : "";
  }

  /** Characters a second, spaces included, combining marks not, an emoji as one; and whether most are wide. */
  speed(number) {
    const { start, end } = this.span(number);
    const text = this.text(number, 0).replace(/\n/g, " ");
    const pictures = text.replace(FLAG, "x").replace(EMOJI_TAIL, "");
    const characters = [...pictures.replace(UNREAD, "")].length;
    const wide = text.match(WIDE)?.length ?? 0;
    return { rate: characters / ((end - start) / 1000), wide: 3 * wide >= characters && wide > 0 };
  }
}

/** The number of the piece that a part of a cue shows, else null. */
function pieceOf(part) {
  if (typeof part === "number") return part;
  return part.piece ?? null;
}

function escapeMarkup(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
