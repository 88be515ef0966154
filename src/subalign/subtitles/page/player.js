"use strict";

/** Seconds that J and L, and the buttons for them, go. */
const STEP = 5;

/**
 * The recording's clock, as "time" events: once a frame while it plays, and after each seek.
 *
 * Where there is no recording, or until one is opened, seeking moves a clock of its own.
 */
class Player extends EventTarget {
  constructor(media, duration) {
    super();
    this.media = media;
    this.duration = duration;
    this.ready = false;
    this.waiting = 0;
    this.stopAt = Infinity;
    media.addEventListener("loadedmetadata", () => this.open());
    media.addEventListener("error", () => this.fail());
    media.addEventListener("play", () => this.follow());
    for (const name of ["play", "pause", "ended", "ratechange"]) {
      media.addEventListener(name, () => this.dispatchEvent(new Event("state")));
    }
    for (const name of ["seeking", "seeked", "pause", "timeupdate"]) {
      media.addEventListener(name, () => this.tell());
    }
  }

  get time() {
    return this.ready ? this.media.currentTime : this.waiting;
  }

  get playing() {
    return this.ready && !this.media.paused && !this.media.ended;
  }

  open() {
    this.ready = true;
    if (Number.isFinite(this.media.duration)) {
      this.duration = Math.max(this.duration, this.media.duration);
    }
    if (this.waiting) this.media.currentTime = this.waiting;
    this.dispatchEvent(new Event("open"));
    this.dispatchEvent(new Event("state"));
  }

  fail() {
    this.waiting = this.time;
    this.ready = false;
    this.dispatchEvent(new Event("fail"));
    this.dispatchEvent(new Event("state"));
  }

  load(address) {
    this.media.src = address;
    this.media.load();
  }

  seek(time) {
    this.stopAt = Infinity;
    this.waiting = clamp(time, 0, this.duration);
    if (this.ready) this.media.currentTime = this.waiting;
    this.tell();
  }

  skip(seconds) {
    this.seek(this.time + seconds);
  }

  play() {
    if (!this.ready) return;
    // refused where the user has touched nothing yet, or a seek comes between
    this.media.play().catch(() => this.dispatchEvent(new Event("state")));
  }

  pause() {
    if (this.playing) this.media.pause();
  }

  /** Play from one time to another. */
  playSpan(start, end) {
    this.seek(start);
    this.stopAt = end;
    this.play();
  }

  toggle() {
    this.stopAt = Infinity;
    if (this.playing) this.media.pause();
    else this.play();
  }

  follow() {
    const frame = () => {
      if (!this.playing) return;
      if (this.time >= this.stopAt) {
        this.stopAt = Infinity;
        this.media.pause();
        return;
      }
      this.tell();
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  tell() {
    this.dispatchEvent(new Event("time"));
  }
}

/** The recording that the page holds, as an address; its text is dropped to free memory. */
function embeddedAddress(element, type) {
  const parts = [];
  for (const line of element.textContent.trim().split("\n")) parts.push(fromBase64(line));
  element.remove();
  return URL.createObjectURL(new Blob(parts, { type }));
}

function fromBase64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}
