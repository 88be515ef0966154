"use strict";

/** Screens above and below what is seen that are drawn too. */
const MARGIN = 0.75;

/**
 * A list of which only what is in view is drawn, so that its length does not matter.
 *
 * Items have keys. `create` makes an element for one, `update` fills it, also after each change,
 * and `estimate` is about how high it will be. The item `pinned` stays drawn wherever it is.
 */
class WindowedList {
  constructor(box, canvas, { create, update, estimate }) {
    Object.assign(this, { box, canvas, create, update, estimate });
    this.keys = [];
    this.places = new Map();
    this.heights = new Map();
    this.tops = [0];
    this.drawn = new Map();
    this.pinned = null;
    this.waiting = false;
    box.addEventListener("scroll", () => this.schedule(), { passive: true });
    this.width = 0;
    new ResizeObserver(() => this.resize()).observe(box);
  }

  /** Show the items of these keys; those that are drawn already are updated. */
  show(keys) {
    const anchor = this.anchor();
    this.keys = keys;
    this.places = new Map(keys.map((key, place) => [key, place]));
    this.lay();
    this.hold(anchor);
    this.draw(true);
  }

  /** Update what is drawn. */
  refresh() {
    this.draw(true);
  }

  resize() {
    if (this.box.clientWidth !== this.width) this.heights.clear();
    this.width = this.box.clientWidth;
    this.schedule();
  }

  schedule() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw(false);
    });
  }

  /** Where each item stands, by what is known of the heights. */
  lay() {
    let top = 0;
    this.tops = [0];
    for (const key of this.keys) {
      top += this.heights.get(key) ?? this.estimate(key);
      this.tops.push(top);
    }
    this.canvas.style.height = `${top}px`;
  }

  /** The first item in view, and how far it is scrolled out. */
  anchor() {
    const place = this.placeAt(this.box.scrollTop);
    return { key: this.keys[place], offset: this.box.scrollTop - this.tops[place] };
  }

  /** Scroll so that an item stands where it was. */
  hold({ key, offset }) {
    if (!this.places.has(key) || !this.box.scrollTop) return;
    const top = this.tops[this.places.get(key)] + offset;
    if (Math.abs(top - this.box.scrollTop) > 0.5) this.box.scrollTop = top;
  }

  placeAt(top) {
    return clamp(countUpTo(this.tops, (start) => start <= top) - 1, 0, Math.max(0, this.keys.length - 1));
  }

  draw(isStale) {
    if (!this.box.clientHeight) return;
    this.drawItems(isStale);
    // heights that come out otherwise move other items into view
    for (let round = 0; round < 3 && this.measure(); round++) this.drawItems(false);
  }

  drawItems(isStale) {
    const { scrollTop, clientHeight } = this.box;
    const first = this.placeAt(scrollTop - MARGIN * clientHeight);
    const last = this.placeAt(scrollTop + (1 + MARGIN) * clientHeight);
    const wanted = new Set(this.keys.slice(first, last + 1));
    if (this.places.has(this.pinned)) wanted.add(this.pinned);
    for (const [key, element] of this.drawn) {
      if (wanted.has(key)) continue;
      this.drawn.delete(key);
      element.remove();
    }
    const places = [...wanted].map((key) => this.places.get(key)).sort((one, other) => one - other);
    let previous = null;
    for (const place of places) previous = this.drawItem(this.keys[place], place, previous, isStale);
  }

  drawItem(key, place, previous, isStale) {
    const known = this.drawn.get(key);
    const element = known ?? this.create(key);
    if (!known) this.drawn.set(key, element);
    if (!known || isStale) this.update(element, key);
    element.style.transform = `translateY(${this.tops[place]}px)`;
    const next = previous ? previous.nextSibling : this.canvas.firstChild;
    if (element !== next) this.canvas.insertBefore(element, next);
    return element;
  }

  /** Take over the heights of what is drawn; whether something moved. */
  measure() {
    const anchor = this.anchor();
    let moved = false;
    for (const [key, element] of this.drawn) {
      const height = element.getBoundingClientRect().height;
      if (Math.abs((this.heights.get(key) ?? -1) - height) < 0.5) continue;
      this.heights.set(key, height);
      moved = true;
    }
    if (moved) this.lay();
    if (moved) this.hold(anchor);
    return moved;
  }

  /** Bring an item into view, in the middle unless it is within `margin` of the edges already. */
  reveal(key, margin = 0) {
    const { box } = this;
    if (!this.places.has(key) || !box.clientHeight) return;
    for (let round = 0; round < 3; round++) {
      const place = this.places.get(key);
      const [top, bottom] = [this.tops[place], this.tops[place + 1]];
      const edge = box.clientHeight * margin;
      if (top >= box.scrollTop + edge && bottom <= box.scrollTop + box.clientHeight - edge) return;
      const wanted = Math.max(0, top - Math.max(0, (box.clientHeight - (bottom - top)) / 2));
      if (Math.abs(box.scrollTop - wanted) < 1) return;
      box.scrollTop = wanted;
      this.draw(false);
    }
  }
}
