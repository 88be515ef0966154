"use strict";

/** Pixels around a boundary in which a pointer takes hold of it. */
const REACH = { mouse: 6, pen: 10, touch: 18 };

/** As in the Python module `page_media`. */
const PEAKS_PER_SECOND = 100;

/** Seconds that the canvas shows at least and at most. */
const SHORTEST_VIEW = 0.5;
const LONGEST_VIEW = 300;
const LABEL_HEIGHT = 20;
const CUE_BAR = 5;

/**
 * Peaks, words, their boundaries and cues of some seconds of the recording, on a canvas.
 *
 * A press seeks, a drag moves a boundary or, elsewhere, the view. Fingers move only the chosen
 * word's boundaries, as they would hit others unawares. It draws when something has changed.
 */
class Waveform extends EventTarget {
  constructor(canvas, transcript, edits, player, peaks) {
    super();
    this.canvas = canvas;
    this.transcript = transcript;
    this.edits = edits;
    this.player = player;
    this.peaks = peaks;
    this.start = 0;
    this.seconds = 8;
    this.chosen = -1;
    this.waiting = false;
    this.drag = null;
    this.colours = {};
    this.listen();
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.drop(event));
    canvas.addEventListener("pointercancel", () => this.release());
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    new ResizeObserver(() => this.resize()).observe(canvas);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => this.resize());
    this.transcript.addEventListener("change", () => this.invalidate());
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.context = this.canvas.getContext("2d");
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const style = getComputedStyle(this.canvas);
    for (const name of [
      "wave",
      "edge",
      "label",
      "playhead",
      "grip",
      "said",
      "chosen",
      "doubt",
      "word",
      "cue",
    ]) {
      this.colours[name] = style.getPropertyValue(`--wave-${name}`).trim();
    }
    this.font = `12px ${style.fontFamily}`;
    this.invalidate();
  }

  invalidate() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      if (this.width) this.draw();
    });
  }

  x(time) {
    return ((time - this.start) / this.seconds) * this.width;
  }

  timeAt(event) {
    const left = this.canvas.getBoundingClientRect().left;
    return this.start + ((event.clientX - left) / this.width) * this.seconds;
  }

  /** Show `time`: pages on when it leaves the view, so that the picture stands still. */
  follow(time) {
    if (!this.drag && (time < this.start || time > this.start + this.seconds * 0.92)) {
      this.scrollTo(time - this.seconds * 0.12);
    }
    this.invalidate();
  }

  scrollTo(start) {
    const last = Math.max(0, this.player.duration - this.seconds);
    this.start = clamp(start, 0, last);
    this.invalidate();
  }

  zoom(factor, at = this.player.time) {
    const longest = Math.max(SHORTEST_VIEW, Math.min(LONGEST_VIEW, this.player.duration));
    const middle = clamp(at, this.start, this.start + this.seconds);
    const share = (middle - this.start) / this.seconds;
    this.seconds = clamp(this.seconds * factor, SHORTEST_VIEW, longest);
    this.scrollTo(middle - share * this.seconds);
  }

  wheel(event) {
    event.preventDefault();
    const way = Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : event.deltaY;
    if (event.ctrlKey || event.metaKey) this.zoom(Math.exp(way / 300), this.timeAt(event));
    else this.scrollTo(this.start + (way / this.width) * this.seconds);
  }

  /** The words in the view, as the numbers of their first tokens. */
  visible() {
    const { transcript } = this;
    const first = Math.max(0, transcript.startedBy(this.start) - 1);
    const last = transcript.startedBy(this.start + this.seconds);
    return transcript.order.slice(first, last);
  }

  /** The boundary under the pointer, or null. */
  boundaryAt(event) {
    const time = this.timeAt(event);
    const reach = ((REACH[event.pointerType] ?? REACH.mouse) / this.width) * this.seconds;
    const indices =
      event.pointerType === "touch"
        ? [this.chosen].filter((index) => this.transcript.tokens[index])
        : this.visible();
    let nearest = null;
    for (const boundary of indices.flatMap((index) => this.edits.boundaries(index))) {
      const distance = Math.abs(boundary.time - time);
      if (distance <= Math.min(reach, nearest?.distance ?? reach)) nearest = { ...boundary, distance };
    }
    return nearest;
  }

  press(event) {
    if (event.button) return;
    this.canvas.setPointerCapture(event.pointerId);
    const boundary = this.boundaryAt(event);
    const offset = boundary ? boundary.time - this.timeAt(event) : 0;
    this.drag = { boundary, offset, x: event.clientX, start: this.start, moved: false };
    this.transcript.keep();
  }

  move(event) {
    const { drag } = this;
    if (!drag) {
      this.canvas.style.cursor = this.boundaryAt(event) ? "ew-resize" : "pointer";
      return;
    }
    if (Math.abs(event.clientX - drag.x) > 3) drag.moved = true;
    if (!drag.moved) return;
    if (drag.boundary) {
      const time = this.timeAt(event) + drag.offset;
      this.transcript.try(() => this.edits.moveBoundary(drag.boundary, time));
    } else {
      this.scrollTo(drag.start - ((event.clientX - drag.x) / this.width) * this.seconds);
    }
  }

  drop(event) {
    const { drag } = this;
    this.release();
    if (drag && !drag.moved) this.dispatchEvent(new CustomEvent("seek", { detail: this.timeAt(event) }));
  }

  release() {
    this.drag = null;
    this.transcript.keep();
  }

  draw() {
    this.context.clearRect(0, 0, this.width, this.height);
    const { transcript } = this;
    const words = this.visible();
    const said = transcript.at(this.player.time);
    this.drawCues();
    for (const at of words) this.drawWord(at, at === said);
    this.drawPeaks();
    for (const at of words) this.drawEdges(transcript.tokens[at].word, 1);
    if (words.includes(this.chosen)) this.drawEdges(transcript.tokens[this.chosen].word, 2);
    this.drawPlayhead();
  }

  /** A bar below for each cue. */
  drawCues() {
    const { cues } = this.transcript;
    const { context, colours, height } = this;
    context.fillStyle = colours.cue;
    const first = Math.max(0, countUpTo(cues, (cue) => cue.start < this.start * 1000) - 2);
    for (let number = first; number < cues.length; number++) {
      const [left, right] = [this.x(cues[number].start / 1000), this.x(cues[number].end / 1000)];
      if (left > this.width) break;
      context.fillRect(left, height - CUE_BAR, Math.max(1, right - left), CUE_BAR);
    }
  }

  drawWord(at, said) {
    const { context, colours } = this;
    const { word, text } = this.transcript.tokens[at];
    const [left, right] = [this.x(word.start), this.x(word.end)];
    context.fillStyle = said ? colours.said : at === this.chosen ? colours.chosen : colours.word;
    context.fillRect(left, 0, Math.max(1, right - left), this.height - CUE_BAR - 1);
    if (this.isMarked?.(word)) {
      context.fillStyle = colours.doubt;
      context.fillRect(left, this.height - CUE_BAR - 4, Math.max(1, right - left), 3);
    }
    if (right - left > 14) this.drawLabel(text, Math.max(0, left), right);
  }

  drawLabel(text, left, right) {
    const { context } = this;
    context.save();
    context.beginPath();
    context.rect(left, 0, right - left, LABEL_HEIGHT);
    context.clip();
    context.fillStyle = this.colours.label;
    context.font = this.font;
    context.textBaseline = "middle";
    context.textAlign = "left";
    context.direction = isRightToLeft(text) ? "rtl" : "ltr";
    const width = context.measureText(text).width;
    const middle = left + (right - left - width) / 2;
    context.fillText(text, Math.max(left + 3, middle), LABEL_HEIGHT / 2 + 1);
    context.restore();
  }

  drawEdges(word, thickness) {
    const { context, colours } = this;
    const height = this.height - CUE_BAR - 1;
    context.fillStyle = thickness > 1 ? colours.grip : colours.edge;
    for (const time of [word.start, word.end]) {
      context.fillRect(Math.round(this.x(time)) - thickness + 1, 0, thickness, height);
    }
  }

  drawPeaks() {
    if (!this.peaks.length) return;
    const { context, peaks } = this;
    const room = (this.height - LABEL_HEIGHT - CUE_BAR - 6) / 2;
    const middle = LABEL_HEIGHT + room + 1;
    const perPixel = (this.seconds * PEAKS_PER_SECOND) / this.width;
    context.fillStyle = this.colours.wave;
    for (let x = 0; x < this.width; x += 2) {
      const from = (this.start * PEAKS_PER_SECOND + x * perPixel) | 0;
      const to = Math.max(from + 1, (from + 2 * perPixel) | 0);
      let peak = 0;
      for (let at = from; at < to && at < peaks.length; at++) peak = Math.max(peak, peaks[at]);
      const height = Math.max(0.5, (peak / 255) * room);
      context.fillRect(x, middle - height, 1.4, 2 * height);
    }
  }

  drawPlayhead() {
    const x = this.x(this.player.time);
    this.context.fillStyle = this.colours.playhead;
    this.context.fillRect(Math.round(x) - 1, 0, 2, this.height);
  }
}
