"use strict";

/** Columns of text beside a word from which lines may break within it. */
const LONG_ASIDE = 16;

/** More lines are never tried, however long a cue is. */
const MOST_LINES = 12;

/**
 * Where lines break, by subalign's own rules: those of what may part, of what a break costs, and of
 * what a line costs. `subtitles/layout/break_costs.py` and `segmenter.py` say what they mean.
 */
class Wrapping {
  constructor(rules) {
    this.rules = rules;
    this.layout = rules.layout;
    this.limits = rules.limits;
    this.widths = new Widths(rules);
    this.tags = new Tags(rules);
    this.sets = new Map(Object.entries(rules.sets).map(([name, values]) => [name, new Set(values)]));
    const patterns = Object.entries(rules.patterns);
    this.patterns = new Map(patterns.map(([name, pattern]) => [name, new RegExp(pattern, "u")]));
    this.turns = rules.turns.map((pattern) => new RegExp(`^(?:${pattern})`, "u"));
  }

  holds(name, text) {
    if (this.sets.has(name)) return this.sets.get(name).has(text);
    if (this.patterns.has(name)) return this.patterns.get(name).test(text);
    return !this.holds(name.replace("not ", ""), text);
  }

  /** The value of the first rule that holds. */
  first(rules, sides) {
    const holds = ([, tests]) => Object.entries(tests).every(([side, name]) => this.holds(name, sides[side]));
    return rules.find(holds)[0];
  }

  gap(last, first, spaced) {
    if (spaced) return "space";
    return [first, last].some((char) => this.holds("unspaced", char)) ? "script" : "none";
  }

  canBreak(before, after, spaced) {
    const [tail, head] = [lastOf(before), firstOf(after)];
    const sides = { gap: this.gap(tail, head, spaced), tail, head, before, after };
    return this.first(this.rules.parts, sides) === 1;
  }

  breakCost(before, after, spaced) {
    const { closers, openers } = this.rules;
    const ending = trimEnd(before, closers) || before;
    const beginning = trimStart(after, openers) || after;
    const [last, first] = [lastOf(ending), firstOf(beginning)];
    return this.first(this.rules.costs, {
      gap: this.gap(last, first, spaced),
      last,
      end: trimStart(ending.toLowerCase(), openers),
      begin: firstOf(trimStart(ending, openers)),
      closed: ending === before ? "" : lastOf(before),
      first,
      beginning,
      next: trimEnd(beginning.toLowerCase(), ".,;:?!"),
    });
  }

  /** What is seen of a token. */
  shown({ before, text, after }) {
    return this.tags.plain(before) + text + this.tags.plain(after);
  }

  /** Tokens that no line break may part. */
  chunks(tokens) {
    const chunks = [];
    tokens.forEach((token, at) => {
      const [shown, chunk] = [this.shown(token), chunks.at(-1)];
      const turns = this.turnsAt(tokens, at);
      const stays =
        chunk && !turns && (this.isBound(tokens, at) || !this.canBreak(chunk.text, shown, !!token.space));
      if (stays) chunk.text += token.space ? ` ${shown}` : shown;
      else chunks.push({ first: at, text: shown, spaced: !!token.space, turns });
    });
    let before = { columns: 0, wide: 0, words: 0 }; // of all chunks before, with the spaces between
    chunks.forEach((chunk, at) => {
      const { columns, wide } = this.widths.measure(chunk.text);
      const words = chunk.text.split(/\s+/).filter(Boolean).length;
      chunk.before = before;
      chunk.until = before = {
        columns: before.columns + columns + (chunk.spaced ? 1 : 0),
        wide: before.wide + wide,
        words: before.words + words,
      };
      chunk.cost = at ? this.breakCost(chunks[at - 1].text, chunk.text, chunk.spaced) : 0;
    });
    return chunks;
  }

  /** Whether another speaker begins with a token: at a dash, a name, or `>>`. */
  turnsAt(tokens, at) {
    const { word, text, before } = tokens[at];
    const said = tokens.slice(0, at).findLast((token) => token.word.speaker !== null)?.word.speaker;
    const isLabelled = tokens[at - 1]?.isLabel;
    if (said !== undefined && word.speaker !== null && word.speaker !== said && !isLabelled) return true;
    if (text) return text.startsWith(">>") || this.beginsTurn(before);
    if (tokens[at - 1] && !tokens[at - 1].text && tokens[at - 1].word.id === word.id) return false;
    let beside = "";
    for (const token of tokens.slice(at)) {
      if (token.text || token.word.id !== word.id) break;
      beside += (beside && token.space) + this.shown(token);
    }
    return this.beginsTurn(beside);
  }

  /** Whether text begins as where another speaker does. */
  beginsTurn(text) {
    return text !== "" && this.turns.some((turn) => turn.test(text) || turn.test(this.tags.plain(text)));
  }

  /** Whether what stands beside a word stays with it: all where it is short, else its nearest part. */
  isBound(tokens, at) {
    const [before, after] = [tokens[at - 1], tokens[at]];
    if (before.word.id !== after.word.id || (before.text && after.text)) return false;
    if (after.text) return !this.tags.plain(after.before);
    if (before.text) return !this.tags.plain(before.after);
    const beside = tokens.filter((token) => !token.text && token.word.id === after.word.id);
    const columns = beside.map((token) => this.widths.columns(this.shown(token)) + 1);
    return columns.reduce((sum, size) => sum + size, 0) < LONG_ASIDE;
  }

  /** The numbers of the tokens that begin lines, the first among them. */
  lineStarts(tokens) {
    if (!tokens.length) return [];
    const chunks = this.chunks(tokens);
    return this.bestLines(chunks).starts.map((start) => chunks[start].first);
  }

  /** The cheapest lines: within the profile's number of them if that can be. */
  bestLines(chunks) {
    const { balance, widest, never } = this.layout;
    const total = Math.min(this.lineSize(chunks, 0, chunks.length).columns, widest);
    const found = { cost: 2 * never, starts: [0] };
    const known = new Map();
    for (let count = 1; count <= Math.min(MOST_LINES, chunks.length); count++) {
      if (count > (this.limits.lines ?? Infinity) && found.cost < never / 2) break;
      const { cost, starts } = this.cheapest(chunks, chunks.length, count, true, known);
      const above = Math.max(cost - Math.floor((total * total) / (balance * count)), 0);
      if (above < found.cost) Object.assign(found, { cost: above, starts });
    }
    return found;
  }

  /** The cheapest way to put the chunks before `end` into so many lines. */
  cheapest(chunks, end, count, isLast, known) {
    if (count === 1) return { cost: this.lineCost(chunks, 0, end, isLast), starts: [0] };
    const key = `${end} ${count} ${isLast}`;
    if (known.has(key)) return known.get(key);
    let found = { cost: this.layout.never, starts: [0] };
    for (let start = Math.max(count - 1, this.firstThatFits(chunks, end)); start < end; start++) {
      const own = this.lineCost(chunks, start, end, isLast) + this.lineBreakCost(chunks[start]);
      if (own >= found.cost) continue;
      const above = this.cheapest(chunks, start, count - 1, false, known);
      const cost = own + above.cost;
      if (cost < found.cost) found = { cost, starts: [...above.starts, start] };
    }
    known.set(key, found);
    return found;
  }

  lineBreakCost({ cost }) {
    if (cost !== this.rules.sentence) return cost;
    return cost - (this.layout.sentence_inside - this.layout.sentence_at_line);
  }

  lineCost(chunks, first, end, isLast) {
    const { balance, breach, never, upper, widest } = this.layout;
    const line = this.lineSize(chunks, first, end);
    const isOver = this.isTooWide(line) || line.words > (this.limits.words ?? Infinity);
    let cost = Math.floor(Math.min(line.columns, widest) ** 2 / balance);
    if (end - first === 1) cost += isOver ? breach : 0;
    else if (isOver || chunks.slice(first + 1, end).some(({ turns }) => turns)) cost = never;
    return isLast ? cost : Math.min(Math.floor((cost * upper[0]) / upper[1]), never);
  }

  /** The first chunk of the longest line before `end` that may fit: longer ones are never taken. */
  firstThatFits(chunks, end) {
    const widest = Math.max(this.limits.width ?? Infinity, this.limits.wideWidth ?? Infinity);
    let first = end - 1;
    while (first > 0 && this.lineSize(chunks, first - 1, end).columns <= widest) first -= 1;
    return first;
  }

  /** Columns, wide ones among them, and words from a chunk to before another. */
  lineSize(chunks, first, end) {
    const [from, until] = [chunks[first].before, chunks[end - 1].until];
    return {
      columns: until.columns - from.columns - (chunks[first].spaced ? 1 : 0),
      wide: until.wide - from.wide,
      words: until.words - from.words,
    };
  }

  isTooWide(line) {
    return line.columns > this.widthFor(line);
  }

  widthFor(line) {
    return (isMostlyWide(line) ? this.limits.wideWidth : this.limits.width) ?? Infinity;
  }

  /** The token before which a cue is best split in two, or 0 where it has but one. */
  splitPlace(tokens) {
    const chunks = this.chunks(tokens);
    const { balance, cue_break } = this.layout;
    const costs = chunks.slice(1).map((chunk, index) => {
      const sizes = [chunks.slice(0, index + 1), chunks.slice(index + 1)].map(
        (part) => this.lineSize(part, 0, part.length).columns ** 2,
      );
      return (sizes[0] + sizes[1]) / (2 * balance) + cue_break * chunk.cost;
    });
    return costs.length ? chunks[costs.indexOf(Math.min(...costs)) + 1].first : 0;
  }
}

function firstOf(text) {
  return text ? String.fromCodePoint(text.codePointAt(0)) : "";
}

function lastOf(text) {
  return [...text.slice(-2)].at(-1) ?? "";
}

/** Text without certain characters at its beginning. */
function trimStart(text, characters) {
  let at = 0;
  while (at < text.length && characters.includes(text[at])) at += 1;
  return text.slice(at);
}

function trimEnd(text, characters) {
  let at = text.length;
  while (at > 0 && characters.includes(text[at - 1])) at -= 1;
  return text.slice(0, at);
}
