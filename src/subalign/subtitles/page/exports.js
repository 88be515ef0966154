"use strict";

/** Facts that are whole numbers; all other numbers are written with a decimal point. */
const WHOLE_NUMBERS = new Set(["id", "seek", "tokens"]);

function toSRT(cues) {
  // whole runs of hyphens: each hyphen of a run without an arrow would else be tried
  const short = (run) => (run.endsWith(">") ? "->" : run);
  const block = ({ number, start, end, text }) =>
    `${number}\n${timecode(start, ",")} --> ${timecode(end, ",")}\n${text.replace(/-{2,}>?/g, short)}\n\n`;
  return cueTexts(cues, 1).map(block).join("");
}

function toVTT(cues) {
  const short = (ms) => (ms < 3_600_000 ? timecode(ms, ".").slice(3) : timecode(ms, "."));
  const block = ({ start, end, text }) => `${short(start)} --> ${short(end)}\n${text}\n\n`;
  return `WEBVTT\n\n${cueTexts(cues, 2).map(block).join("")}`;
}

function cueTexts(cues, form) {
  const found = [];
  for (let cue = 0; cue < cues.length; cue++) {
    const text = cues.text(cue, form);
    if (text) found.push({ number: found.length + 1, ...cues.span(cue), text });
  }
  return found;
}

/** `00:00:01,080` */
function timecode(milliseconds, mark) {
  const two = (value) => String(value).padStart(2, "0");
  const seconds = Math.floor(milliseconds / 1000);
  const fraction = String(milliseconds % 1000).padStart(3, "0");
  const minutes = Math.floor(seconds / 60);
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}${mark}${fraction}`;
}

/** The result with the changes, line by line as subalign writes it. */
function toJSON(transcript) {
  const bySegment = Map.groupBy
    ? Map.groupBy(transcript.pieces, (piece) => piece.segment)
    : groupBySegment(transcript.pieces);
  const given = transcript.result.segments;
  const segments = given.map((segment) => currentSegment(segment, bySegment.get(segment) ?? []));
  const { segments: _, ...facts } = transcript.result;
  if (segments.some((segment, number) => segment.text !== given[number].text)) {
    facts.text = likeBefore(facts.text, segments.map((segment) => segment.text).join(""));
  }
  const head = Object.entries(facts).map(([key, value]) => `  ${dump(key)}: ${dump(value, key)},\n`);
  const body = segments.map(segmentLines).join(",\n");
  return `{\n${head.join("")}  "segments": [\n${body}${body ? "\n" : ""}  ]\n}\n`;
}

function groupBySegment(pieces) {
  const groups = new Map();
  for (const piece of pieces) {
    if (!groups.has(piece.segment)) groups.set(piece.segment, []);
    groups.get(piece.segment).push(piece);
  }
  return groups;
}

/** A segment with its words as they are now; the tokens of another text are left out. */
function currentSegment(segment, pieces) {
  if (!pieces.some(isChanged)) return segment;
  const kept = pieces.filter((piece) => piece.text);
  const times = segmentTimes(segment, pieces, kept);
  if (pieces[0].facts === segment) {
    const text = likeBefore(segment.text, pieces[0].text);
    return { ...segment, ...times, text, tokens: text === segment.text ? segment.tokens : [] };
  }
  const words = kept.map(currentWord);
  const edited = pieces.some((piece) => piece.text !== piece.given.text);
  if (!edited) return { ...segment, ...times, words };
  const text = words.map((word) => (word.before ?? "") + word.word + (word.after ?? "")).join("");
  return { ...segment, ...times, text: likeBefore(segment.text, text), tokens: [], words };
}

/** A segment starts and ends with its words where it did so before, and always covers them. */
function segmentTimes({ start, end }, pieces, kept) {
  if (!kept.length) return { start, end };
  const first = kept[0].start;
  const last = kept.at(-1).end;
  return {
    start: pieces[0].given.start === start ? first : Math.min(start, first),
    end: pieces.at(-1).given.end === end ? last : Math.max(end, last),
  };
}

function currentWord(piece) {
  if (!isChanged(piece)) return piece.facts;
  const { start, end, probability, estimated } = piece;
  const word = piece.lead + piece.text + piece.tail;
  return { ...piece.facts, word, start, end, probability, estimated };
}

/** Text between the spaces that `before` begins and ends with. */
function likeBefore(before, text) {
  const inner = before.trim();
  const [lead, tail] = inner ? before.split(inner) : [before, ""];
  return lead + text.trim() + tail;
}

function segmentLines(segment) {
  const { words, ...facts } = segment;
  const line = `    ${dump(facts)}`;
  if (!words) return line;
  const lines = words.map((word) => `      ${dump(word)}`).join(",\n");
  return `${line.slice(0, -1)}, "words": [\n${lines}${lines ? "\n" : ""}    ]}`;
}

/** JSON as Python writes it: a space after each comma and colon, and numbers as it writes them. */
function dump(value, key = "") {
  if (Array.isArray(value)) return `[${value.map((item) => dump(item, key)).join(", ")}]`;
  if (typeof value === "number") return WHOLE_NUMBERS.has(key) ? String(value) : decimal(value);
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const entries = Object.entries(value).map(([name, item]) => `${dump(name)}: ${dump(item, name)}`);
  return `{${entries.join(", ")}}`;
}

function decimal(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value.toExponential().replace(/e([+-])(\d)$/, (_, sign, digit) => `e${sign}0${digit}`);
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
