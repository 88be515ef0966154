"use strict";

/** What Python's str.strip() takes for space. */
const SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const FLAG = /[\u{1f1e6}-\u{1f1ff}]{2}/gu;
const EMOJI_TAIL = /[\u{1f3fb}-\u{1f3ff}]|\u200d[\u2190-\u2bff\u{1f000}-\u{1faff}]/gu;
const UNREAD = /[\p{Mn}\p{Me}\p{Cf}\p{Cc}\p{Zl}\p{Zp}]/gu;
const JOINER = "\u200d";
const EMOJI_SELECTOR = "\ufe0f";

/** How wide text is on the screen, by the widths of characters that subalign has. */
class Widths {
  constructor({ widths, viramas }) {
    this.zero = firstAndLast(widths.zero);
    this.wide = firstAndLast(widths.wide);
    this.viramas = new Set(viramas);
  }

  ofCharacter(char) {
    const code = char.codePointAt(0);
    if (isWithin(this.zero, code)) return 0;
    return isWithin(this.wide, code) ? 2 : 1;
  }

  /** Columns, columns of wide characters among them, and characters to read. */
  measure(text) {
    if (/^[\x20-\x7e]*$/.test(text)) return { columns: text.length, wide: 0, characters: text.length };
    const pictures = text.replace(FLAG, "\u{1f3f4}").replace(EMOJI_TAIL, "");
    let wide = 0;
    for (const char of pictures) if (this.ofCharacter(char) === 2) wide += 2;
    const columns = this.columns(text);
    return { columns, wide: Math.min(wide, columns), characters: [...pictures.replace(UNREAD, "")].length };
  }

  /** Letters that a sign joins, an emoji of several characters and a pair that is a flag are one. */
  columns(text) {
    let [total, cluster, joins, measured, flags] = [0, 0, false, "", 0];
    const characters = [...text];
    for (let at = 0; at < characters.length; at++) {
      const char = characters[at];
      flags = /[\u{1f1e6}-\u{1f1ff}]/u.test(char) ? flags + 1 : 0;
      if (char === JOINER) {
        if (!joins) at += 1;
      } else if (char === EMOJI_SELECTOR && measured) {
        if (/\p{Emoji}/u.test(measured)) cluster = 2;
        measured = "";
      } else if (flags && flags % 2 === 0) {
        measured = char;
      } else if (!/[\u{1f3fb}-\u{1f3ff}]/u.test(char) || !/\p{Emoji}/u.test(measured)) {
        const width = /\p{Cc}/u.test(char) ? 0 : this.ofCharacter(char);
        if (width && !joins) total += cluster;
        if (width) cluster = joins ? 2 : width;
        else if (measured && /\p{Mc}/u.test(char) && !this.viramas.has(char)) cluster = 2;
        if (width) measured = char;
        else if (/\p{Mc}/u.test(char)) measured = "";
        joins = !width && this.viramas.has(char);
      }
    }
    return total + cluster;
  }
}

/** Whether half of the columns or more are those of wide characters. */
function isMostlyWide({ columns, wide }) {
  return columns > 0 && 2 * wide >= columns;
}

/** Ranges from how far each is from the one before, and how long it is. */
function firstAndLast(steps) {
  const ranges = [];
  let at = 0;
  for (let index = 0; index < steps.length; index += 2) {
    const first = at + steps[index];
    at = first + steps[index + 1];
    ranges.push([first, at - 1]);
  }
  return ranges;
}

function isWithin(ranges, code) {
  const at = countUpTo(ranges, (range) => range[0] <= code);
  return at > 0 && code <= ranges[at - 1][1];
}

/** How many items at the beginning of a list pass; those after them all do not. */
function countUpTo(items, passes) {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (passes(items[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Formatting tags beside words: which there are, and what each format writes for them. */
class Tags {
  constructor({ tag, tags }) {
    this.pattern = new RegExp(tag, "gu");
    this.known = new Map(Object.entries(tags));
    this.hasVoices = false; // of known speakers, before which those of a given transcript give way
  }

  /** Text with its tags as a format has them: 0 SubRip, 1 WebVTT, 2 SubStation Alpha, else none. */
  render(text, form, escape = (plain) => plain) {
    if (!/[<{]/.test(text)) return escape(text);
    let [found, at] = ["", 0];
    for (const match of text.matchAll(this.pattern)) {
      const tag = this.known.get(match[0]);
      if (!tag) continue;
      const isVoice = form === 1 && this.hasVoices && /^<\/?v[.\s>]/i.test(match[0]);
      found += escape(text.slice(at, match.index)) + (isVoice ? "" : (tag[form] ?? ""));
      at = match.index + match[0].length;
    }
    return found + escape(text.slice(at));
  }

  plain(text) {
    return this.render(text, -1);
  }

  /** A word as typed, without the tags at its beginning and end: [before, text, after]. */
  apart(typed) {
    const tags = [...typed.matchAll(this.pattern)].filter((match) => this.known.has(match[0]));
    let [first, last] = [0, typed.length];
    for (const match of tags) if (match.index === first) first += match[0].length;
    for (const match of tags.reverse()) {
      if (match.index >= first && match.index + match[0].length === last) last = match.index;
    }
    return [typed.slice(0, first), typed.slice(first, last), typed.slice(last)];
  }
}

function isSpace(char) {
  return SPACE.test(char);
}

/** Text without space at either end, as Python strips it. */
function strip(text) {
  let [first, last] = [0, text.length];
  while (first < last && isSpace(text[first])) first += 1;
  while (last > first && isSpace(text[last - 1])) last -= 1;
  return text.slice(first, last);
}

function escapeMarkup(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function isRightToLeft(text) {
  return /^\P{L}*[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u.test(text);
}

function clamp(value, low, high) {
  return Math.max(low, Math.min(value, high));
}

function thousandths(seconds) {
  return Math.round(seconds * 1000) / 1000;
}

function percent(share) {
  return `${Math.round(share * 100)} %`;
}

/** `0:00:12.3`; with 0 or 3 digits `0:00:12`, `0:00:12.345`. */
function clock(seconds, digits = 1) {
  const unit = 10 ** digits;
  const all = Math.floor(Math.max(0, seconds) * unit + 1e-6);
  const two = (value) => String(value).padStart(2, "0");
  const [whole, rest] = [Math.floor(all / unit), all % unit];
  const fraction = digits ? `.${String(rest).padStart(digits, "0")}` : "";
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}${fraction}`;
}

/** Seconds of a time as people type it (`1:02:03.5`, `62,5`); NaN for what is none. */
function secondsOf(typed) {
  const parts = strip(typed).replace(",", ".").split(":");
  if (parts.length > 3 || !parts.every((part) => /^\d+(?:\.\d*)?$/.test(part))) return NaN;
  return parts.reduce((sum, part) => sum * 60 + Number(part), 0);
}
