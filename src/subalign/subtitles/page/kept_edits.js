"use strict";

/** The form in which edits are stored; those of another one are left alone. */
const STORED_FORM = 1;

/** Milliseconds after an edit in which another one may come before they are written. */
const KEEP_AFTER = 300;

/**
 * Edits in the browser's storage, by the fingerprint of the recording's transcript.
 *
 * What is unchanged is named by its number, so that little is written. A "failed" event tells that
 * the browser does not keep them.
 */
class KeptEdits extends EventTarget {
  constructor(transcript, fingerprint) {
    super();
    this.transcript = transcript;
    this.key = `subalign ${STORED_FORM} ${fingerprint}`;
    this.waiting = 0;
    this.isKept = true;
    transcript.addEventListener("keep", () => {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.write(), KEEP_AFTER);
    });
    window.addEventListener("pagehide", () => this.flush());
  }

  /** Write at once what waits to be written. */
  flush() {
    if (!this.waiting) return;
    clearTimeout(this.waiting);
    this.write();
  }

  write() {
    this.waiting = 0;
    try {
      if (this.transcript.isEdited) localStorage.setItem(this.key, JSON.stringify(this.stored()));
      else localStorage.removeItem(this.key);
      this.isKept = true;
    } catch {
      this.isKept = false;
      this.dispatchEvent(new Event("failed"));
    }
  }

  stored() {
    const { transcript } = this;
    const places = new Map(transcript.given.map((cue, at) => [cue, at]));
    const segments = new Map(transcript.result.segments.map((segment, at) => [segment, at]));
    const fresh = [];
    const segment = (found) => {
      if (!segments.has(found)) segments.set(found, -fresh.push(found));
      return segments.get(found);
    };
    const cues = transcript.cues.map((cue) => places.get(cue) ?? storedCue(cue, segment));
    return { at: Date.now(), ids: transcript.ids, colours: transcript.colours, fresh, cues };
  }

  /** Put back what was stored, if something was: the time at which, else null. */
  restore() {
    const stored = this.read();
    if (!stored) return null;
    const { transcript } = this;
    const words = new Map();
    for (const cue of transcript.given) for (const { word } of cue.tokens) words.set(word.id, word);
    const segment = (at) => (at < 0 ? stored.fresh[-at - 1] : transcript.result.segments[at]);
    const cues = stored.cues.map((cue) =>
      typeof cue === "number" ? transcript.given[cue] : givenBack(cue, words, segment),
    );
    transcript.ids = Math.max(transcript.ids, stored.ids);
    transcript.colours = stored.colours;
    transcript.cues = cues;
    transcript.announce();
    return new Date(stored.at);
  }

  read() {
    try {
      return JSON.parse(localStorage.getItem(this.key));
    } catch {
      return null;
    }
  }
}

function storedCue(cue, segment) {
  const tokens = cue.tokens.map(({ word, text, before, after, gap, space, opens }) => {
    const { id, start, end, probability, estimated, speaker, timed, changed } = word;
    const said = {
      id,
      segment: segment(word.segment),
      start,
      end,
      probability,
      estimated,
      speaker,
      timed,
      changed,
    };
    return [said, text, before, after, gap, space, opens];
  });
  return { ...cue, tokens };
}

/** A stored cue; words that were given have their facts, and those that are one are one object. */
function givenBack(cue, words, segment) {
  const own = new Map();
  const tokens = cue.tokens.map(([stored, text, before, after, gap, space, opens]) => {
    const said = { ...stored, segment: segment(stored.segment), facts: words.get(stored.id)?.facts ?? null };
    const given = words.get(said.id);
    const isGiven = given && Object.keys(given).every((key) => given[key] === said[key]);
    if (!own.has(said.id)) own.set(said.id, isGiven ? given : said);
    return { word: own.get(said.id), text, before, after, gap, space, opens };
  });
  return { ...cue, tokens };
}
