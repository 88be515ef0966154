"use strict";

/** Facts that are whole numbers; all other numbers are written with a decimal point. */
const WHOLE_NUMBERS = new Set(["id", "seek", "tokens"]);

/** What the page can be saved as: by the file's ending, its type and its text. */
const FORMATS = {
  srt: ["application/x-subrip", (transcript) => toSRT(transcript)],
  vtt: ["text/vtt", (transcript) => toVTT(transcript)],
  ass: ["text/x-ssa", (transcript, facts) => toASS(transcript, facts.assHeader)],
  txt: ["text/plain", (transcript) => toTXT(transcript)],
  json: ["application/json", (transcript) => toJSON(transcript)],
};

function toSRT(transcript) {
  // whole runs of hyphens: each hyphen of a run without an arrow would else be tried
  const short = (run) => (run.endsWith(">") ? "->" : run);
  const block = ({ start, end, text }, at) =>
    `${at + 1}\n${timecode(start, ",")} --> ${timecode(end, ",")}\n${text.replace(/-{2,}>?/g, short)}\n\n`;
  return spans(transcript, 0).map(block).join("");
}

function toVTT(transcript) {
  const short = (ms) => (ms < 3_600_000 ? timecode(ms, ".").slice(3) : timecode(ms, "."));
  const block = ({ start, end, text }) => `${short(start)} --> ${short(end)}\n${text}\n\n`;
  const rules = transcript.labels.colours.filter(([name]) => !name.includes("-->")).map(voiceRule);
  const style = rules.length ? `STYLE\n${rules.join("\n")}\n\n` : "";
  return `WEBVTT\n\n${style}${spans(transcript, 1, escapeMarkup).map(block).join("")}`;
}

function voiceRule([name, colour]) {
  const quoted = oneLine(name).replace(/[\\"]/g, "\\$&");
  return `::cue(v[voice="${quoted}"]) { color: ${colour}; }`;
}

function toASS(transcript, header) {
  const found = spans(transcript, 2, escapeASS);
  const turned = found.some(({ text }) => isRightToLeft(text.replace(/\{[^{}]*\}/g, "")));
  const times = inUnits(found, 10);
  const styles = new Map(
    transcript.labels.colours.map(([name, colour], at) => [name, [`Speaker ${at + 1}`, colour]]),
  );
  const lines = found.map(({ text, speaker }, at) => {
    const [start, end] = times[at].map(assTime);
    const style = styles.get(speaker)?.[0] ?? "Default";
    const name = oneLine(speaker ?? "").replace(/,/g, " ");
    return `Dialogue: 0,${start},${end},${style},${name},0,0,0,,${text.replace(/\n/g, "\\N")}\n`;
  });
  const head = header.replace(
    /^Style: Default.*\n/m,
    (line) => line + [...styles.values()].map((look) => styleLike(line, look)).join(""),
  );
  return head.replaceAll("{encoding}", turned ? "-1" : "1") + lines.join("");
}

/** A style like another one, but for its name and the colour of its letters. */
function styleLike(line, [name, colour]) {
  const fields = line.split(",");
  const [red, green, blue] = [1, 3, 5].map((at) => colour.slice(at, at + 2).toUpperCase());
  return [`Style: ${name}`, ...fields.slice(1, 3), `&H00${blue}${green}${red}`, ...fields.slice(4)].join(",");
}

/** SubStation Alpha has no escapes: a word joiner after a backslash, full-width braces. */
function escapeASS(text) {
  return text.replace(/\\/g, "\\\u2060").replace(/\{/g, "\uff5b").replace(/\}/g, "\uff5d");
}

/** The cues that have text in a form. */
function spans(transcript, form, escape) {
  return transcript.cues
    .map((cue, number) => ({
      start: cue.start,
      end: cue.end,
      speaker: speakerOf(cue),
      text: transcript.text(number, form, escape),
    }))
    .filter(({ text }) => text);
}

/** Times in whole units: no cue vanishes, and none begins before the one before it ends. */
function inUnits(cues, unit) {
  const nearest = (ms) => Math.floor((2 * ms + unit) / (2 * unit));
  let [lastStart, lastEnd, before] = [0, 0, { start: 0, end: 0 }];
  return cues.map((cue) => {
    let start = nearest(cue.start);
    if (cue.start >= before.end) start = Math.max(start, lastEnd);
    else if (cue.start >= before.start) start = Math.max(start, lastStart);
    const end = Math.max(nearest(cue.end), start + 1);
    [lastStart, lastEnd, before] = [start, end, { start: cue.start, end: Math.max(cue.start, cue.end) }];
    return [start, end];
  });
}

/** `0:00:01.08`, of hundredths of a second */
function assTime(hundredths) {
  const two = (value) => String(value).padStart(2, "0");
  const seconds = Math.floor(hundredths / 100);
  const minutes = Math.floor(seconds / 60);
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}.${two(hundredths % 100)}`;
}

/** `00:00:01,080` */
function timecode(milliseconds, mark) {
  const two = (value) => String(value).padStart(2, "0");
  const seconds = Math.floor(milliseconds / 1000);
  const fraction = String(milliseconds % 1000).padStart(3, "0");
  const minutes = Math.floor(seconds / 60);
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}${mark}${fraction}`;
}

/** Each segment's text on a line, parted at speakers, of whom each is named once they begin. */
function toTXT(transcript) {
  const { tags } = transcript.wrapping;
  const { keepsLines } = transcript.rules;
  const text = (segment) => {
    const words = segment.words ?? [];
    if (words.some((word) => word.before || word.after)) {
      const plain = (beside) => tags.plain(beside ?? "");
      return words.map((word) => plain(word.before) + word.word + plain(word.after)).join("");
    }
    return keepsLines && !words.length ? tags.plain(segment.text) : segment.text;
  };
  return labelledSegments(transcript)
    .map((segment) => `${strip(text(segment))}\n`)
    .join("");
}

function labelledSegments(transcript) {
  const { labels, rules, wrapping } = transcript;
  const segments = currentSegments(transcript);
  if (labels.names.length < 2) return segments;
  let last = null;
  return (rules.keepsLines ? segments : segments.flatMap(splitAtSpeakers)).map((segment) => {
    const speaker = segment.speaker ?? null;
    if (speaker === null || speaker === last) return segment;
    last = speaker;
    const [first, ...rest] = segment.words ?? [];
    const begins = first ? first.before || first.word : segment.text;
    const isUnlabelled = rules.textLabels === "none" || (rules.textLabels === "dash" && rules.keepsLines);
    if (isUnlabelled || wrapping.beginsTurn(begins)) return segment;
    const name = labels.nameLabel(speaker);
    const label = rules.textLabels === "dash" ? "- " : name + (name.endsWith(":") ? " " : "");
    if (!first) return { ...segment, text: behindSpace(segment.text, label) };
    const labelled = first.before
      ? { ...first, before: behindSpace(first.before, label) }
      : { ...first, before: outerSpace(first.word)[0] + label, word: first.word.trimStart() };
    return { ...segment, words: [labelled, ...rest] };
  });
}

function behindSpace(text, label) {
  const bare = text.trimStart();
  return text.slice(0, text.length - bare.length) + label + bare;
}

/** A segment parted where another speaker begins; words without one go with those before them. */
function splitAtSpeakers(segment) {
  const parts = [];
  for (const word of segment.words ?? []) {
    const speaker = word.speaker ?? null;
    const last = parts.at(-1);
    if (!last || (last.speaker !== null && speaker !== null && speaker !== last.speaker)) {
      parts.push({ speaker, words: [word] });
    } else {
      last.words.push(word);
      last.speaker ??= speaker;
    }
  }
  if (parts.length < 2) return [{ ...segment, speaker: parts[0]?.speaker ?? segment.speaker }];
  return parts.map((part) => ({ ...segment, ...part, text: wordsText(part.words) }));
}

/** The result with the changes, line by line as subalign writes it. */
function toJSON(transcript) {
  const segments = currentSegments(transcript);
  const { segments: given, ...facts } = transcript.result;
  const textOf = (all) => all.map((segment) => segment.text).join("");
  if (textOf(segments) !== textOf(given)) facts.text = likeBefore(facts.text, textOf(segments));
  if (transcript.isChanged) {
    facts.speakers = transcript.labels.names;
    if (!facts.speakers.length) delete facts.speakers;
  }
  const head = Object.entries(facts).map(([key, value]) => `  ${dump(key)}: ${dump(value, key)},\n`);
  const body = segments.map(segmentLines).join(",\n");
  return `{\n${head.join("")}  "segments": [\n${body}${body ? "\n" : ""}  ]\n}\n`;
}

/** The result's segments as they are now: those that nobody changed are the same objects. */
function currentSegments(transcript) {
  const { result } = transcript;
  if (!transcript.isChanged) return result.segments;
  const was = new Map(groups(transcript, transcript.given).map((group) => [group.segment, group]));
  const known = new Set(result.segments);
  const placed = new Map([[null, []]]);
  let last = null;
  for (const group of groups(transcript, transcript.cues)) {
    if (known.has(group.segment)) last = group.segment;
    if (!placed.has(last)) placed.set(last, []);
    placed.get(last).push(group);
  }
  const current = (group, at) => currentSegment(group, at ? null : was.get(group.segment), transcript);
  const found = placed.get(null).map(current);
  for (const segment of result.segments) {
    if (placed.has(segment)) found.push(...placed.get(segment).map(current));
    else if (!was.has(segment)) found.push(segment);
  }
  const isSame =
    found.length === result.segments.length && found.every((one, at) => one.id === result.segments[at].id);
  return isSame ? found : found.map((segment, id) => ({ ...segment, id }));
}

/** The tokens of each segment; where lines are kept, each cue is a segment with its times. */
function groups({ rules }, cues) {
  const found = [];
  for (const { start, end, tokens } of cues) {
    for (const [at, token] of tokens.entries()) {
      const { segment } = rules.keepsLines ? tokens[0].word : token.word;
      const isNew = rules.keepsLines ? at === 0 : found.at(-1)?.segment !== segment;
      if (isNew) found.push({ segment, tokens: [], times: rules.keepsLines ? { start, end } : null });
      found.at(-1).tokens.push(token);
    }
  }
  return found;
}

/** A segment with its tokens as they are now; the model's tokens of another text are left out. */
function currentSegment(group, was, transcript) {
  const { segment, tokens } = group;
  const isMoved =
    group.times && (was?.times.start !== group.times.start || was?.times.end !== group.times.end);
  const isEdited = !was || written(tokens) !== written(was.tokens);
  if (!isMoved && !isEdited && tokens.every((token, at) => token.word === was.tokens[at].word))
    return segment;
  const isTimed = tokens.some(({ word }) => word.timed);
  const words = isTimed ? currentWords(tokens, was?.tokens ?? []) : segment.words;
  const text = !isEdited
    ? segment.text
    : likeBefore(segment.text, isTimed ? wordsText(words) : runningText(tokens, transcript));
  const times = isMoved
    ? { start: group.times.start / 1000, end: group.times.end / 1000 }
    : segmentTimes(segment, tokens, was?.tokens ?? []);
  const { words: _, speaker: __, ...facts } = segment;
  const speaker = mostlySpeaks(tokens);
  const current = { ...facts, ...times, text, tokens: isEdited ? [] : segment.tokens };
  return { ...current, ...(speaker === null ? {} : { speaker }), ...(words ? { words } : {}) };
}

/** Who says most of some tokens, null where that is not known of all: readers would take it for theirs. */
function mostlySpeaks(tokens) {
  const counts = new Map();
  for (const { word } of tokens) counts.set(word.speaker, (counts.get(word.speaker) ?? 0) + 1);
  if (counts.has(null)) return null;
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0] ?? null;
}

function written(tokens) {
  return tokens.map(({ before, text, after }) => before + text + after).join(" ");
}

/** Text without timed words; line breaks stay where cues are kept as they are written. */
function runningText(tokens, { rules }) {
  const gap = ({ gap, space }) => (rules.keepsLines && gap.includes("\n") ? gap : space);
  return tokens.map((token, at) => (at ? gap(token) : "") + token.before + token.text + token.after).join("");
}

function wordsText(words) {
  return words.map((word) => (word.before ?? "") + word.word + (word.after ?? "")).join("");
}

/** A segment starts and ends with its words where it did so before, and always covers them. */
function segmentTimes({ start, end }, tokens, was) {
  const first = Math.min(...tokens.map(({ word }) => word.start));
  const last = Math.max(...tokens.map(({ word }) => word.end));
  return {
    start: was[0]?.word.start === start ? first : Math.min(start, first),
    end: was.at(-1)?.word.end === end ? last : Math.max(end, last),
  };
}

/** The words of tokens; what nobody says any more goes to the word after it, or before. */
function currentWords(tokens, was) {
  const before = byWord(was);
  const found = [];
  let waiting = "";
  for (const own of byWord(tokens).values()) {
    const given = before.get(own[0].word.id);
    const isSame = given?.length === own.length && own.every((token, at) => token.word === given[at].word);
    const isKept = isSame && written(own) === written(given) && own[0].word.facts && !waiting;
    const word = isKept ? own[0].word.facts : currentWord(own, waiting);
    waiting = "";
    if (word) found.push(word);
    else waiting = spacedText(own);
  }
  if (waiting && found.length) found.push({ ...found.pop(), after: (found.at(-1)?.after ?? "") + waiting });
  return found;
}

function byWord(tokens) {
  const found = new Map();
  for (const token of tokens) {
    if (!found.has(token.word.id)) found.set(token.word.id, []);
    found.get(token.word.id).push(token);
  }
  return found;
}

function spacedText(tokens) {
  return tokens.map((token) => token.space + token.before + token.text + token.after).join("");
}

/** A word of tokens, or null where none of them is said. */
function currentWord(tokens, waiting) {
  const { word } = tokens[0];
  const first = tokens.findIndex((token) => token.text);
  if (first < 0) return null;
  const last = tokens.findLastIndex((token) => token.text);
  const said = tokens.slice(first, last + 1);
  const text = said.map(({ text, space }, at) => (at ? space : "") + text).join("");
  const lead = word.facts ? outerSpace(word.facts.word) : [said[0].space, ""];
  const edge = said[0].before;
  const before = waiting + spacedText(tokens.slice(0, first)) + (edge && lead[0]) + edge;
  const after = said.at(-1).after + spacedText(tokens.slice(last + 1));
  const { start, end, probability, estimated, speaker } = word;
  const spoken = (edge ? "" : lead[0]) + text + lead[1];
  const {
    before: _,
    after: __,
    speaker: ___,
    ...facts
  } = { ...word.facts, word: spoken, start, end, probability, estimated };
  return {
    ...facts,
    ...(before ? { before } : {}),
    ...(after ? { after } : {}),
    ...(speaker === null ? {} : { speaker }),
  };
}

function outerSpace(text) {
  const inner = strip(text);
  const at = text.indexOf(inner);
  return inner ? [text.slice(0, at), text.slice(at + inner.length)] : [text, ""];
}

/** Text between the spaces that `before` begins and ends with. */
function likeBefore(before, text) {
  const [lead, tail] = outerSpace(before);
  return lead + strip(text) + tail;
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
