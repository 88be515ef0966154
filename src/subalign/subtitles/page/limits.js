"use strict";

/**
 * The limits that a cue breaks, as `subalign check` finds them: [name, value, allowed].
 *
 * `next` is when the cue after it starts, in milliseconds; Infinity after the last one.
 */
function findBreaches({ start, end, lines, next }, wrapping) {
  return [
    ...textBreaches(lines, wrapping),
    ...timeBreaches(end - start, lines, wrapping),
    ...gapBreaches(next - end, wrapping.limits),
  ];
}

/** Times of files are whole milliseconds, so durations and gaps may be off by one. */
const ROUNDING = 1;

function textBreaches(lines, wrapping) {
  const { limits, widths } = wrapping;
  const found = [];
  if (lines.length > (limits.lines ?? Infinity)) found.push(["lines", lines.length, limits.lines]);
  const wide = lines
    .map((line) => widths.measure(strip(line)))
    .filter((line) => wrapping.isTooWide(line))
    .sort((one, other) => other.columns - one.columns);
  if (wide.length) found.push(["width", wide[0].columns, wrapping.widthFor(wide[0])]);
  const words = Math.max(0, ...lines.map((line) => line.split(/\s+/).filter(Boolean).length));
  if (words > (limits.words ?? Infinity)) found.push(["words", words, limits.words]);
  return found;
}

function timeBreaches(duration, lines, wrapping) {
  const { limits } = wrapping;
  if (duration <= 0) return [["reversed", duration / 1000, limits.shortest / 1000]];
  const found = [];
  const { rate, allowed } = readingSpeed(lines, duration, wrapping);
  if (rate * duration > allowed * (duration + ROUNDING)) found.push(["speed", rate, allowed]);
  const { shortest, longest } = limits;
  if (duration + ROUNDING < shortest) found.push(["short", duration / 1000, shortest / 1000]);
  if (duration - ROUNDING > (longest ?? Infinity)) found.push(["long", duration / 1000, longest / 1000]);
  return found;
}

/** Characters a second, and how many there may be. */
function readingSpeed(lines, duration, wrapping) {
  const { limits, widths } = wrapping;
  const isUnspaced = (char) => wrapping.holds("unspaced", char);
  const text = lines.reduce((above, line) => {
    const touches = isUnspaced(lastOf(above)) && isUnspaced(firstOf(line));
    return above + (touches ? "" : " ") + line;
  }, "");
  const size = widths.measure(strip(text));
  const allowed = (isMostlyWide(size) ? limits.wideSpeed : limits.speed) ?? Infinity;
  return { rate: (size.characters * 1000) / duration, allowed };
}

function gapBreaches(gap, limits) {
  if (gap < 0) return [["overlap", gap / 1000, limits.gap / 1000]];
  return gap + ROUNDING < limits.gap ? [["gap", gap / 1000, limits.gap / 1000]] : [];
}

/** A broken limit in a few words. */
function breachText([limit, value, allowed]) {
  const number = (of) => String(Math.round(of * 100) / 100);
  switch (limit) {
    case "lines":
      return `${value} lines, not ${allowed}`;
    case "width":
      return `${value} columns, not ${allowed}`;
    case "words":
      return `${value} words in a line, not ${allowed}`;
    case "speed":
      return `${number(value)} characters a second, not ${number(allowed)}`;
    case "short":
      return `${number(value)} s, not ${number(allowed)} or more`;
    case "long":
      return `${number(value)} s, not ${number(allowed)} or less`;
    case "gap":
      return `${number(value)} s to the next cue, not ${number(allowed)}`;
    case "overlap":
      return `${number(-value)} s into the next cue`;
    default:
      return "ends before it starts";
  }
}
