"use strict";

/** Seconds; no word that subalign times is shorter. */
const SHORTEST_WORD = 0.02;

/** Edges closer than this, in seconds, are one boundary. */
const TOUCHING = 0.0015;

/**
 * The words of a result, and what is changed about them.
 *
 * A piece is a word, or a whole segment whose words were not timed. `facts` is the result's own
 * object. Changes are announced by a "change" event whose detail is the set of changed pieces.
 */
class Transcript extends EventTarget {
  constructor(result, asides) {
    super();
    this.result = result;
    this.pieces = result.segments.flatMap(piecesOf).map(toPiece);
    for (const [index, before, after] of asides) {
      Object.assign(this.pieces[index], { before, after });
    }
    this.duration = Math.max(result.duration ?? 0, ...lastEnds(this.pieces));
    this.done = [];
    this.undone = [];
    this.sortByStart();
  }

  /** Other programs' words may be out of order: `order` are the pieces by their starts. */
  sortByStart() {
    this.order = this.pieces.map((piece) => piece.index);
    this.order.sort((a, b) => this.pieces[a].start - this.pieces[b].start || a - b);
  }

  /** How many pieces start at `time` or before, as a position in `order`. */
  startedBy(time) {
    let low = 0;
    let high = this.order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.pieces[this.order[middle]].start <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The piece that is said at `time`, else -1. */
  at(time) {
    const position = this.startedBy(time) - 1;
    const index = position < 0 ? -1 : this.order[position];
    return index >= 0 && time < this.pieces[index].end ? index : -1;
  }

  /** The piece that is said at `time`, or the last one before. */
  near(time) {
    return this.order[Math.max(0, this.startedBy(time) - 1)] ?? -1;
  }

  /** Change a piece's text, start or end, as far as its neighbours let it; can be undone. */
  edit(index, wanted) {
    const piece = this.pieces[index];
    const change = { index };
    if (wanted.text !== undefined) {
      Object.assign(change, { text: wanted.text.trim(), probability: 1, estimated: false });
    }
    if (wanted.start !== undefined || wanted.end !== undefined) {
      const start = wanted.start ?? piece.start;
      const end = wanted.end ?? piece.end;
      Object.assign(change, this.fitted(index, start, end), { estimated: false });
    }
    this.commit(this.apply([change]));
  }

  /** The nearest times that leave a word its shortest length and do not touch its neighbours. */
  fitted(index, start, end) {
    const piece = this.pieces[index];
    const low = Math.min(piece.start, this.pieces[index - 1]?.end ?? 0);
    const high = Math.max(piece.end, this.pieces[index + 1]?.start ?? this.duration);
    const first = clamp(start, low, high - SHORTEST_WORD);
    return { start: thousandths(first), end: thousandths(clamp(end, first + SHORTEST_WORD, high)) };
  }

  /** The boundaries at a piece's two ends: `left` ends there, `right` starts there, or null. */
  boundaries(index) {
    const { start, end } = this.pieces[index];
    const previous = this.pieces[index - 1];
    const next = this.pieces[index + 1];
    const touches = (one, other) => Math.abs(one - other) < TOUCHING;
    return [
      { time: start, left: previous && touches(previous.end, start) ? index - 1 : null, right: index },
      { time: end, left: index, right: next && touches(next.start, end) ? index + 1 : null },
    ];
  }

  /** Move a boundary towards `time`, at most as far as its words allow; for `commit`. */
  moveBoundary({ left, right }, time) {
    const before = this.pieces[left ?? right - 1];
    const after = this.pieces[right ?? left + 1];
    const low = left === null ? (before?.end ?? 0) : before.start + SHORTEST_WORD;
    const high = right === null ? (after?.start ?? this.duration) : after.end - SHORTEST_WORD;
    if (low > high) return [];
    const at = thousandths(clamp(time, low, high));
    const changes = [];
    if (left !== null) changes.push({ index: left, end: at, estimated: false });
    if (right !== null) changes.push({ index: right, start: at, estimated: false });
    return this.apply(changes);
  }

  /** Set what the changes name; returns those that made a difference, with what was before. */
  apply(changes) {
    const made = [];
    for (const { index, ...after } of changes) {
      const piece = this.pieces[index];
      const before = {};
      for (const key of Object.keys(after)) before[key] = piece[key];
      if (["text", "start", "end"].every((key) => before[key] === after[key])) continue;
      Object.assign(piece, after);
      made.push({ index, before, after });
    }
    this.announce(made);
    return made;
  }

  /** Remember changes as one step that can be undone. */
  commit(changes) {
    if (!changes.length) return;
    this.done.push(merged(changes));
    this.undone = [];
    this.announce(changes);
  }

  undo() {
    this.step(this.done, this.undone, "before");
  }

  redo() {
    this.step(this.undone, this.done, "after");
  }

  step(from, to, state) {
    const changes = from.pop();
    if (!changes) return;
    for (const change of changes) Object.assign(this.pieces[change.index], change[state]);
    to.push(changes);
    this.announce(changes);
  }

  announce(changes) {
    if (!changes.length) return;
    const detail = new Set(changes.map((change) => change.index));
    this.dispatchEvent(new CustomEvent("change", { detail }));
  }
}

/** Changes in a row as one for each piece: from what was before the first to after the last. */
function merged(changes) {
  const found = new Map();
  for (const { index, before, after } of changes) {
    const { before: first, after: last } = found.get(index) ?? {};
    found.set(index, { index, before: { ...before, ...first }, after: { ...last, ...after } });
  }
  return [...found.values()];
}

/** A segment's words, or the segment itself where it has text but none. */
function piecesOf(segment) {
  if (segment.words?.length) return segment.words.map((word) => ({ segment, facts: word }));
  return segment.text.trim() ? [{ segment, facts: segment }] : [];
}

function toPiece({ segment, facts }, index) {
  const written = facts.word ?? facts.text;
  const text = written.trim();
  const [lead, tail] = text ? written.split(text) : [written, ""];
  const probability = facts.word === undefined ? 1 : (facts.probability ?? 1);
  const { start, end } = facts;
  const timed = { start: start ?? 0, end: end ?? start ?? 0 };
  const speaker = facts.speaker ?? segment.speaker ?? null;
  const piece = { text, ...timed, probability, estimated: facts.estimated === true, speaker };
  return { index, segment, facts, lead, tail, before: "", after: "", ...piece, given: { ...piece } };
}

/** Ends of the last pieces only, as a function takes only so many arguments. */
function lastEnds(pieces) {
  return pieces.slice(-100).map((piece) => piece.end);
}

/** Whether anything about the piece is not as it was given. */
function isChanged(piece) {
  return ["text", "start", "end"].some((key) => piece[key] !== piece.given[key]);
}

function clamp(value, low, high) {
  return Math.max(low, Math.min(value, high));
}

function thousandths(seconds) {
  return Math.round(seconds * 1000) / 1000;
}
