"use strict";

/**
 * How speakers are told apart: by a dash, a name or a colour, as subalign does it (`speakers.py`).
 *
 * Labels are made of who speaks, so that they are right after every edit; they are no tokens of a
 * cue, but are shown, measured and written with them.
 */
class Labels {
  constructor(transcript) {
    this.transcript = transcript;
    this.kind = transcript.rules.labels;
  }

  /** Who speaks, in the order in which they first do, and where another one begins. */
  index() {
    const names = new Set();
    this.turns = new Set();
    let last = null;
    this.transcript.cues.forEach((cue, number) => {
      const { keepsLines } = this.transcript.rules;
      cue.tokens.forEach(({ word }, place) => {
        const speaker = keepsLines ? keptSpeaker(cue) : word.speaker;
        if (word.speaker !== null) names.add(word.speaker);
        if (speaker === null || speaker === last || (keepsLines && place)) return;
        last = speaker;
        this.turns.add(this.transcript.firstToken[number] + place);
      });
    });
    this.names = [...names];
    this.transcript.wrapping.tags.hasVoices = this.names.length > 0;
    if (this.names.length < 2) this.turns.clear();
  }

  colourOf(name) {
    const { colours } = this.transcript.rules;
    return this.transcript.colours[name] ?? colours[Math.max(0, this.names.indexOf(name)) % colours.length];
  }

  /** A cue's tokens with its labels. */
  shown(number) {
    const { tokens } = this.transcript.cues[number];
    const isNeedless = this.kind === "dash" && speakerOf({ tokens }) !== null;
    return isNeedless ? tokens : this.measured(number, tokens);
  }

  /** Tokens in the place of a cue's, with labels: for a dash there is room though one alone speaks. */
  measured(number, tokens) {
    if (!this.turns.size || (this.kind !== "name" && this.kind !== "dash")) return tokens;
    return tokens.flatMap((token, place) => this.labelled(token, this.labelAt(number, tokens, place)));
  }

  /** The labels of a cue, in one string. */
  of(number) {
    const { tokens } = this.transcript.cues[number];
    if (!this.turns.size) return "";
    return tokens.map((_, place) => this.labelAt(number, tokens, place)).join("");
  }

  labelAt(number, tokens, place) {
    const token = tokens[place];
    const own = this.transcript.cues[number].tokens;
    const at = this.transcript.firstToken[number] + own.indexOf(token);
    const isTurn =
      tokens === own || own.includes(token) ? this.turns.has(at) : this.isTurn(number, tokens, place);
    if (!isTurn || this.transcript.wrapping.beginsTurn(token.before || token.text)) return "";
    const { keepsLines } = this.transcript.rules;
    if (this.kind === "name")
      return this.nameLabel(keepsLines ? keptSpeaker({ tokens }) : token.word.speaker);
    return this.kind === "dash" && !keepsLines ? "-" : "";
  }

  /** Whether another speaker begins with a token that is not in the transcript yet. */
  isTurn(number, tokens, place) {
    const { speaker } = tokens[place].word;
    const before = tokens.slice(0, place).findLast(({ word }) => word.speaker !== null);
    return speaker !== null && speaker !== (before?.word.speaker ?? this.speakerBefore(number));
  }

  speakerBefore(number) {
    for (let cue = number - 1; cue >= 0; cue--) {
      const last = this.transcript.cues[cue].tokens.findLast(({ word }) => word.speaker !== null);
      if (last) return last.word.speaker;
    }
    return null;
  }

  nameLabel(name) {
    const isUnspaced = this.transcript.wrapping.holds("unspaced", lastOf(name));
    return `${name.toUpperCase()}${isUnspaced ? "：" : ":"}`;
  }

  /** A token behind its label, whose words are tokens as well. */
  labelled(token, label) {
    if (!label) return [token];
    if (label.endsWith("：")) return [{ ...token, before: label + token.before }];
    const { word, gap, space } = token;
    const parts = label.split(/\s+/).map((part, at) => ({
      word,
      text: "",
      before: part,
      after: "",
      gap: at ? " " : gap,
      space: at ? " " : space,
      isLabel: true,
    }));
    return [...parts, { ...token, gap: " ", space: " " }];
  }

  /** What a format has before and after a speaker's words, `alone` where nobody else has the cue. */
  voice(name, form, alone) {
    if (form === 1) return [`<v ${escapeMarkup(oneLine(name))}>`, alone ? "" : "</v>"];
    if (form === 0 && this.kind === "colour") return [`<font color="${this.colourOf(name)}">`, "</font>"];
    return ["", ""];
  }

  /** The speakers' colours, none where they are not told apart by them. */
  get colours() {
    return this.kind === "colour" ? this.names.map((name) => [name, this.colourOf(name)]) : [];
  }
}

/** The speaker of a cue whose lines are kept: who says most of its segment. */
function keptSpeaker({ tokens }) {
  const { word } = tokens[0];
  return word.changed ? word.speaker : (word.segment.speaker ?? word.speaker);
}

/** A name without control characters. */
function oneLine(name) {
  return strip(name.replace(/\s+/g, " "));
}
