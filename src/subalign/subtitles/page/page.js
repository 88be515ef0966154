"use strict";

const ANSWER = 250; // milliseconds between updates of what only tells the time

/** The whole page: its parts, and what each tells the others. */
class Page {
  constructor() {
    this.facts = readJSON("page-facts");
    const result = readJSON("result");
    this.transcript = new Transcript(result, this.facts);
    this.edits = new Edits(this.transcript);
    this.kept = new KeptEdits(this.transcript, this.facts.fingerprint);
    this.player = new Player(element("media"), this.transcript.duration);
    this.speakers = new Speakers(element("speakers"), this.transcript, this.edits);
    this.makeViews(result);
    this.chosenCue = null; // its id
    this.told = -Infinity;
    this.describe(result);
    this.connect();
    this.connectControls();
    this.connectEditing();
    this.restore();
    this.loadMedia();
    this.takeChanges();
    this.chooseCue(0);
    this.showTime();
    this.showState();
  }

  makeViews(result) {
    const { transcript, edits } = this;
    const colourOf = (name) => transcript.labels.colourOf(name);
    this.words = new WordsView(element("words"), transcript, { language: result.language ?? "", colourOf });
    this.words.markOf = (word) => this.markOf(word);
    this.cueForm = new CueForm(element("cue-form"), element("cue-edit"), transcript, edits, this);
    this.cueList = new CuesView(element("cues"), transcript, element("cue-edit"), colourOf);
    this.captions = new Captions(element("stage"), transcript, this.facts.style);
    const peaks = fromBase64(element("peaks").textContent.trim());
    this.waveform = new Waveform(element("waveform"), transcript, edits, this.player, peaks);
    this.waveform.isMarked = (word) => this.markOf(word) !== "";
    this.wordForm = new WordForm(element("word-form"), transcript, edits);
    this.search = new Search(element("tools"), transcript, edits, (at) => this.showFound(at));
    this.words.isFound = (at) => this.search.tokens.has(at);
  }

  describe(result) {
    const words = result.segments.reduce((sum, segment) => sum + (segment.words?.length ?? 0), 0);
    const count = `${words.toLocaleString("en")} ${words === 1 ? "word" : "words"}`;
    const parts = [clock(this.transcript.duration, 0), languageName(result.language), count];
    element("facts").textContent = [...parts, result.model].filter(Boolean).join(" · ");
  }

  connect() {
    const { player, transcript } = this;
    player.addEventListener("time", () => this.showTime());
    player.addEventListener("state", () => this.showState());
    player.addEventListener("open", () => this.showMedia());
    player.addEventListener("fail", () => this.missMedia());
    transcript.addEventListener("change", () => this.takeChanges());
    transcript.addEventListener("keep", () => this.showSteps());
    this.kept.addEventListener("failed", () => this.say("This browser does not keep edits: download them"));
    this.words.addEventListener("hear", (event) => this.hear(event.detail));
    this.words.addEventListener("edit", (event) => this.editWord(event.detail));
    this.words.addEventListener("seek", (event) => this.seek(event.detail));
    this.cueList.addEventListener("hear", (event) => this.hearCue(event.detail));
    this.cueList.addEventListener("edit", () => this.editCue());
    this.waveform.addEventListener("seek", (event) => this.seek(event.detail));
    document.addEventListener("keydown", (event) => pressKey(this, event));
    window.addEventListener("beforeunload", (event) => {
      this.kept.flush();
      if (!this.kept.isKept) event.preventDefault();
    });
  }

  connectControls() {
    const { player } = this;
    const actions = {
      play: () => player.toggle(),
      back: () => player.skip(-STEP),
      forward: () => player.skip(STEP),
      "zoom-in": () => this.waveform.zoom(0.5),
      "zoom-out": () => this.waveform.zoom(2),
      "show-words": () => this.showView("words"),
      "show-cues": () => this.showView("cues"),
      "help-open": () => element("help").showModal(),
      "help-close": () => element("help").close(),
      "media-choose": () => element("media-file").click(),
    };
    onClick(actions);
    element("position").addEventListener("input", (event) => this.seek(Number(event.target.value)));
    element("speed").addEventListener("change", (event) => {
      player.media.playbackRate = Number(event.target.value);
      player.media.defaultPlaybackRate = player.media.playbackRate;
    });
    element("marks").addEventListener("input", () => this.showMarks());
    element("media-file").addEventListener("change", (event) => {
      const [file] = event.target.files;
      if (file) player.load(URL.createObjectURL(file));
    });
    for (const [format, [type, write]] of Object.entries(FORMATS)) {
      const save = () => this.save(format, write(this.transcript, this.facts), type);
      element(`save-${format}`).addEventListener("click", save);
    }
  }

  connectEditing() {
    onClick({
      undo: () => this.transcript.undo(),
      redo: () => this.transcript.redo(),
      "word-play": () => this.playWord(),
      "cue-split": () => this.splitCue(),
      "cue-merge": () => this.mergeCue(),
      "cue-insert": () => this.insertCue(),
      "cue-remove": () => this.removeCue(),
      "cue-in": () => this.setCueEdge("start"),
      "cue-out": () => this.setCueEdge("end"),
      "first-cue": () => this.insertCue(),
      discard: () => this.discard(),
      "restored-close": () => (element("restored").hidden = true),
    });
  }

  /** Put back the edits that this browser has kept, and say so. */
  restore() {
    const time = this.kept.restore();
    element("restored").hidden = time === null;
    if (time)
      element("restored-time").textContent = time.toLocaleString("en", {
        dateStyle: "medium",
        timeStyle: "short",
      });
  }

  discard() {
    element("restored").hidden = true;
    this.transcript.colours = {};
    this.transcript.change(() => this.edits.discard());
    this.say("Edits discarded; Undo brings them back");
  }

  loadMedia() {
    const { href, embedded, type } = this.facts;
    if (embedded) this.player.load(embeddedAddress(element("embedded"), type));
    else if (href) this.player.load(href);
    else this.missMedia();
  }

  showMedia() {
    const { media } = this.player;
    element("notice").hidden = true;
    const isVideo = media.videoWidth > 0;
    element("stage").classList.toggle("video", isVideo);
    if (isVideo) element("stage").style.aspectRatio = `${media.videoWidth} / ${media.videoHeight}`;
    this.showTime();
  }

  missMedia() {
    const { href, name } = this.facts;
    element("notice-text").textContent = href
      ? `${name} is not where this page looks for it (${href}), or this browser cannot play it.`
      : "This page does not hold the recording.";
    element("notice").hidden = false;
    element("stage").classList.remove("video");
  }

  /** Runs once a frame while the recording plays: touches only what has changed. */
  showTime() {
    const { time } = this.player;
    const said = this.transcript.at(time);
    const isNew = this.transcript.tokens[said]?.word.id !== this.words.said;
    this.words.say(said);
    const follows = element("follow").checked;
    if (isNew && said >= 0 && this.player.playing && follows) this.words.reveal(said, { gently: true });
    const number = this.transcript.cueShownAt(time);
    this.cueList.mark(number, { reveal: follows && this.player.playing });
    this.captions.show(number, said);
    this.waveform.follow(time);
    const now = performance.now();
    if (this.player.playing && now - this.told < ANSWER) return;
    this.told = now;
    this.showPosition(time);
  }

  showPosition(time) {
    const slider = element("position");
    slider.max = this.player.duration;
    slider.value = time;
    const [now, all] = [clock(time), clock(this.player.duration)];
    slider.setAttribute("aria-valuetext", `${now} of ${all}`);
    element("time").textContent = now;
    element("length").textContent = all;
  }

  showState() {
    const { playing, ready, media } = this.player;
    const button = element("play");
    button.disabled = !ready;
    button.classList.toggle("playing", playing);
    button.setAttribute("aria-label", playing ? "Pause" : "Play");
    const speed = [...element("speed").options].find((option) => Number(option.value) === media.playbackRate);
    if (speed) speed.selected = true;
    if (!playing) this.showTime();
  }

  /** Show everything as it is after an edit. */
  takeChanges() {
    const { transcript } = this;
    element("words-empty").hidden = transcript.tokens.length > 0;
    element("first-cue").hidden = transcript.cues.length > 0;
    this.speakers.show();
    this.search.find();
    this.words.show();
    this.countMarks();
    const number = transcript.numbers.get(this.chosenCue);
    this.setChosen(number ?? clamp(this.lastNumber ?? 0, 0, transcript.cues.length - 1), this.words.chosen);
    this.cueList.show();
    this.showSteps();
    this.showTime();
    this.waveform.invalidate();
  }

  showSteps() {
    element("undo").disabled = !this.transcript.done.length;
    element("redo").disabled = !this.transcript.undone.length;
  }

  markOf(word) {
    if (element("mark-estimated").checked && word.estimated) return "estimated";
    return word.probability < element("threshold").value / 100 ? "doubtful" : "";
  }

  showMarks() {
    this.words.refresh();
    this.waveform.invalidate();
    this.countMarks();
  }

  countMarks() {
    const { tokens, heads } = this.transcript;
    const count = heads.filter((at) => this.markOf(tokens[at].word)).length;
    element("threshold-value").textContent = percent(element("threshold").value / 100);
    element("mark-count").textContent = `${count.toLocaleString("en")} marked`;
  }

  /** Choose a cue and one of its words, both by their numbers. */
  setChosen(number, at) {
    const { transcript } = this;
    const cue = transcript.cues[number];
    this.chosenCue = cue?.id ?? null;
    this.lastNumber = number;
    const first = transcript.firstToken[number] ?? 0;
    const last = first + (cue?.tokens.length ?? 0) - 1;
    const chosen = last < first ? -1 : clamp(at, first, last);
    this.words.choose(chosen);
    this.wordForm.show(chosen);
    this.waveform.chosen = chosen < 0 ? -1 : this.headOf(chosen);
    this.cueForm.show(number);
    this.cueList.choose(number);
    return chosen;
  }

  /** The first token of the word that a token is of. */
  headOf(at) {
    const { tokens } = this.transcript;
    let head = at;
    while (tokens[head - 1]?.word.id === tokens[at].word.id) head -= 1;
    return head;
  }

  choose(at, { focus = false, reveal = false } = {}) {
    const number = this.transcript.cueAt[at];
    if (number === undefined) return;
    this.setChosen(number, at);
    if (reveal) {
      this.words.reveal(at);
      this.cueList.choose(number, { reveal: true });
      this.waveform.follow(this.transcript.tokens[at].word.start);
    }
    if (focus) this.words.choose(at, { focus: true });
    this.waveform.invalidate();
  }

  chooseCue(number, { reveal = false } = {}) {
    if (!this.transcript.cues[number]) return;
    const at = this.setChosen(number, this.transcript.firstToken[number]);
    this.cueList.choose(number, { reveal });
    if (reveal && at >= 0) this.words.reveal(at);
    this.waveform.invalidate();
  }

  showFound(at) {
    if (at >= 0) this.choose(at, { reveal: true });
    this.words.refresh();
  }

  focusWord() {
    if (this.words.chosen >= 0) this.words.choose(this.words.chosen, { focus: true });
  }

  hear(at) {
    if (!this.transcript.tokens[at]) return;
    this.choose(at, { focus: true });
    this.player.seek(this.transcript.tokens[at].word.start);
    this.player.play();
  }

  hearCue(number) {
    this.chooseCue(number, { reveal: true });
    this.player.seek(this.transcript.cues[number].start / 1000);
    this.player.play();
  }

  repeatCue() {
    const cue = this.transcript.cues[this.transcript.numbers.get(this.chosenCue)];
    if (cue) this.player.playSpan(cue.start / 1000, cue.end / 1000);
  }

  seek(time) {
    this.player.seek(time);
    const at = this.transcript.near(time);
    if (at >= 0) this.choose(at, { reveal: true });
  }

  /** Choose the word `step` words on, and go there. */
  stepWord(step) {
    const { transcript } = this;
    const from = this.player.playing ? transcript.near(this.player.time) : this.words.chosen;
    if (!transcript.tokens[from]) return;
    const at = transcript.neighbour(from, step);
    const head = this.headOf(at < 0 ? from : at);
    this.player.seek(transcript.tokens[head].word.start);
    this.choose(head, { focus: true, reveal: true });
  }

  stepCue(step) {
    const number = (this.transcript.numbers.get(this.chosenCue) ?? 0) + step;
    const cue = this.transcript.cues[number];
    if (!cue) return;
    this.player.seek(cue.start / 1000);
    this.chooseCue(number, { reveal: true });
    this.focusWord();
  }

  playWord() {
    const word = this.transcript.tokens[this.words.chosen]?.word;
    if (word) this.player.playSpan(word.start, word.end);
  }

  editWord(at) {
    if (!this.transcript.tokens[at]) return;
    this.player.pause();
    this.choose(at, { reveal: true });
    this.words.editInPlace(at, (text) => this.transcript.change(() => this.edits.setWordText(at, text)));
  }

  editCue() {
    this.player.pause();
    this.showView("cues");
    if (this.chosenCue === null) return;
    this.cueList.list.reveal(this.chosenCue);
    this.cueForm.text.focus();
  }

  /** Change the chosen cue; `edit` is given its number, and gives the id of the cue to choose. */
  changeCue(edit, done) {
    const number = this.transcript.numbers.get(this.chosenCue) ?? -1;
    let chosen;
    this.transcript.change(() => (chosen = edit(number)));
    if (typeof chosen === "number") this.chooseCue(this.transcript.numbers.get(chosen), { reveal: true });
    if (done) this.say(done);
  }

  setCueEdge(edge) {
    const now = this.player.time * 1000;
    this.changeCue((number) => {
      if (number < 0) return;
      const { start, end } = this.transcript.cues[number];
      if (edge === "start") this.edits.setCueTimes(number, now, end);
      else this.edits.setCueTimes(number, start, now);
    });
  }

  splitCue() {
    const { transcript } = this;
    const inCue = this.words.chosen - transcript.firstToken[this.cueForm.number];
    const place = this.cueForm.tokenAtCaret || inCue;
    this.changeCue((number) => number >= 0 && this.edits.split(number, place), "Cue split");
  }

  mergeCue() {
    this.changeCue((number) => number >= 0 && this.edits.merge(number), "Cues merged");
  }

  insertCue() {
    this.changeCue((number) => this.edits.insert(number), "Cue inserted");
    this.editCue();
  }

  removeCue() {
    this.changeCue((number) => number >= 0 && this.edits.remove(number), "Cue deleted");
  }

  changeSpeed(step) {
    const field = element("speed");
    const index = clamp(field.selectedIndex + step, 0, field.options.length - 1);
    field.selectedIndex = index;
    field.dispatchEvent(new Event("change"));
    this.say(`Speed ${field.options[index].textContent}`);
  }

  showView(name) {
    document.body.dataset.view = name;
    for (const view of ["words", "cues"]) {
      element(`show-${view}`).setAttribute("aria-pressed", String(view === name));
    }
    this.words.list.draw(false);
    this.cueList.list.draw(false);
  }

  save(extension, text, type) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = `${this.facts.stem}.${extension}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    element("saves").hidePopover();
    this.say(`${link.download} saved`);
  }

  /** Tell screen readers. */
  say(text) {
    element("announcer").textContent = text;
  }
}

function element(id) {
  return document.getElementById(id);
}

function onClick(actions) {
  for (const [id, action] of Object.entries(actions)) element(id).addEventListener("click", action);
}

function readJSON(id) {
  return JSON.parse(element(id).textContent);
}

function languageName(code) {
  try {
    return code ? new Intl.DisplayNames(["en"], { type: "language" }).of(code) : "";
  } catch {
    return code;
  }
}

const page = new Page();
