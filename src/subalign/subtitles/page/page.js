"use strict";

const ANSWER = 250; // milliseconds between updates of what only tells the time

/** The whole page: its parts, and what each tells the others. */
class Page {
  constructor() {
    this.facts = readJSON("page-facts");
    const result = readJSON("result");
    this.transcript = new Transcript(result, this.facts.asides);
    this.cues = new Cues(this.facts.cues, this.transcript);
    this.player = new Player(element("media"), this.transcript.duration);
    const { paragraphs } = this.facts;
    const manner = { language: result.language ?? "", paragraphs };
    this.words = new WordsView(element("words"), this.transcript, manner);
    this.marks = new Marks(element("tools"), this.transcript, this.words);
    this.cueList = new CuesView(element("cues"), this.cues, this.facts);
    const peaks = fromBase64(element("peaks").textContent.trim());
    this.waveform = new Waveform(element("waveform"), this.transcript, this.player, peaks);
    this.waveform.isMarked = (index) => this.marks.shown[index] !== "";
    const isShown = (index) => this.cues.byPiece.has(index);
    this.editor = new Editor(element("word-form"), this.transcript, isShown);
    this.search = new Search(element("tools"), this.transcript, this.words, (index) =>
      this.choose(index, { reveal: true }),
    );
    this.told = -Infinity;
    this.saved = 0;
    this.describe(result);
    this.connect();
    this.connectControls();
    this.loadMedia();
    if (this.transcript.pieces.length) this.choose(0);
    this.showTime();
    this.showState();
  }

  describe(result) {
    const words = this.transcript.pieces.filter((piece) => piece.facts.word !== undefined).length;
    const count = `${words.toLocaleString("en")} ${words === 1 ? "word" : "words"}`;
    const parts = [clock(this.transcript.duration, false), languageName(result.language), count];
    element("facts").textContent = [...parts, result.model].filter(Boolean).join(" · ");
    element("words-empty").hidden = this.transcript.pieces.length > 0;
  }

  connect() {
    const { player, transcript } = this;
    player.addEventListener("time", () => this.showTime());
    player.addEventListener("state", () => this.showState());
    player.addEventListener("open", () => this.showMedia());
    player.addEventListener("fail", () => this.missMedia());
    transcript.addEventListener("change", (event) => this.takeChanges(event.detail));
    this.words.addEventListener("hear", (event) => this.hear(event.detail));
    this.words.addEventListener("seek", (event) => this.seek(event.detail));
    this.cueList.addEventListener("hear", (event) => this.hearCue(event.detail));
    this.waveform.addEventListener("seek", (event) => this.seek(event.detail));
    document.addEventListener("keydown", (event) => pressKey(this, event));
    window.addEventListener("beforeunload", (event) => {
      if (transcript.done.length !== this.saved) event.preventDefault();
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
      undo: () => this.transcript.undo(),
      redo: () => this.transcript.redo(),
      "word-play": () => this.playWord(),
      "show-words": () => this.showView("words"),
      "show-cues": () => this.showView("cues"),
      "help-open": () => element("help").showModal(),
      "help-close": () => element("help").close(),
      "media-choose": () => element("media-file").click(),
      "save-srt": () => this.save("srt", toSRT(this.cues), "application/x-subrip"),
      "save-vtt": () => this.save("vtt", toVTT(this.cues), "text/vtt"),
      "save-json": () => this.save("json", toJSON(this.transcript), "application/json"),
    };
    for (const [id, action] of Object.entries(actions)) element(id).addEventListener("click", action);
    element("position").addEventListener("input", (event) => this.seek(Number(event.target.value)));
    element("speed").addEventListener("change", (event) => {
      player.media.playbackRate = Number(event.target.value);
      player.media.defaultPlaybackRate = player.media.playbackRate;
    });
    element("tools").addEventListener("input", () => this.waveform.invalidate());
    element("media-file").addEventListener("change", (event) => {
      const [file] = event.target.files;
      if (file) player.load(URL.createObjectURL(file));
    });
    const roomy = matchMedia("(min-width: 56rem)");
    const arrange = () => (element("editor").open = roomy.matches);
    roomy.addEventListener("change", arrange);
    arrange();
  }

  loadMedia() {
    const { href, embedded, type } = this.facts;
    if (embedded) this.player.load(embeddedAddress(element("embedded"), type));
    else if (href) this.player.load(href);
    else this.missMedia();
  }

  showMedia() {
    element("notice").hidden = true;
    this.player.media.hidden = !this.player.media.videoWidth;
    this.showTime();
  }

  missMedia() {
    const { href, name } = this.facts;
    element("notice-text").textContent = href
      ? `${name} is not where this page looks for it (${href}), or this browser cannot play it.`
      : "This page does not hold the recording.";
    element("notice").hidden = false;
    this.player.media.hidden = true;
  }

  /** Runs once a frame while the recording plays: touches only what has changed. */
  showTime() {
    const { time } = this.player;
    const said = this.transcript.at(time);
    if (said !== this.words.said) {
      this.words.say(said);
      if (said >= 0 && this.player.playing && element("follow").checked) {
        this.words.reveal(said, { gently: true });
      }
    }
    this.cueList.show(this.cueAt(time), { reveal: element("follow").checked });
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
    button.classList.toggle("playing", playing);
    button.setAttribute("aria-label", playing ? "Pause" : "Play");
    for (const id of ["play", "word-play"]) element(id).disabled = !ready;
    element("speed").value = String(media.playbackRate);
    if (!playing) this.showPosition(this.player.time);
  }

  cueAt(time) {
    const number = this.cues.byPiece.get(this.transcript.near(time)) ?? -1;
    if (number < 0) return -1;
    const { start, end } = this.cues.span(number);
    return time * 1000 >= start && time * 1000 < end ? number : -1;
  }

  takeChanges(changed) {
    for (const index of changed) this.words.refresh(index);
    this.cueList.update(this.cues.update(changed));
    element("undo").disabled = !this.transcript.done.length;
    element("redo").disabled = !this.transcript.undone.length;
    this.words.say(this.transcript.at(this.player.time));
  }

  /** Choose a word: for the editor, the arrow keys, and the waveform. */
  choose(index, { focus = false, reveal = false } = {}) {
    this.words.choose(index, { focus });
    this.editor.show(index);
    this.waveform.chosen = index;
    const { start } = this.transcript.pieces[index];
    if (reveal) {
      this.words.reveal(index);
      this.waveform.follow(start);
    }
    this.waveform.invalidate();
  }

  hear(index) {
    if (index < 0) return;
    this.choose(index, { focus: true });
    this.player.seek(this.transcript.pieces[index].start);
    this.player.play();
  }

  hearCue(number) {
    const [first] = this.cues.cues[number].pieces;
    if (first !== undefined) this.choose(first, { reveal: true });
    this.player.seek(this.cues.span(number).start / 1000);
    this.player.play();
  }

  seek(time) {
    this.player.seek(time);
    const index = this.transcript.near(time);
    if (index >= 0) this.choose(index, { reveal: true });
  }

  /** Choose the word `step` words on, and go there. */
  stepWord(step) {
    const { pieces } = this.transcript;
    const from = this.player.playing ? this.transcript.near(this.player.time) : this.words.chosen;
    const index = clamp(from + step, 0, pieces.length - 1);
    if (!pieces[index]) return;
    this.player.seek(pieces[index].start);
    this.choose(index, { focus: true, reveal: true });
  }

  stepCue(step) {
    const current = this.cues.byPiece.get(this.words.chosen) ?? 0;
    let number = current + step;
    while (this.cues.cues[number] && !this.cues.cues[number].pieces.length) number += step;
    const first = this.cues.cues[number]?.pieces[0];
    if (first === undefined) return;
    this.player.seek(this.transcript.pieces[first].start);
    this.choose(first, { focus: true, reveal: true });
  }

  playWord() {
    const piece = this.transcript.pieces[this.editor.index];
    if (piece) this.player.playSpan(piece.start, piece.end);
  }

  editWord() {
    element("editor").open = true;
    element("word-text").focus();
    element("word-text").select();
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
  }

  save(extension, text, type) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = `${this.facts.stem}.${extension}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    this.saved = this.transcript.done.length;
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
