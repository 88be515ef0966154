"use strict";

/** What keys do wherever no field takes them. */
const KEYS = {
  " ": (page) => page.player.toggle(),
  k: (page) => page.player.toggle(),
  j: (page) => page.player.skip(-STEP),
  l: (page) => page.player.skip(STEP),
  ArrowLeft: (page) => page.stepWord(-1),
  ArrowRight: (page) => page.stepWord(1),
  ArrowUp: (page) => page.stepCue(-1),
  ArrowDown: (page) => page.stepCue(1),
  Enter: (page) => page.hear(page.words.chosen),
  r: (page) => page.repeatCue(),
  e: (page) => page.editWord(page.words.chosen),
  t: (page) => page.editCue(),
  i: (page) => page.setCueEdge("start"),
  o: (page) => page.setCueEdge("end"),
  s: (page) => page.splitCue(),
  m: (page) => page.mergeCue(),
  n: (page) => page.insertCue(),
  Delete: (page) => page.removeCue(),
  "/": () => element("search").focus(),
  "<": (page) => page.changeSpeed(-1),
  ">": (page) => page.changeSpeed(1),
  "+": (page) => page.waveform.zoom(0.5),
  "-": (page) => page.waveform.zoom(2),
  "?": () => element("help").showModal(),
};

function pressKey(page, event) {
  if (event.defaultPrevented || event.isComposing || element("help").open) return;
  const { target } = event;
  const typing = target.matches("input:not([type=range], [type=checkbox], [type=color]), select, textarea");
  if (event.key === "Escape" && typing) {
    target.blur();
    page.focusWord();
  } else if (event.altKey || typing) {
    return;
  } else if (event.ctrlKey || event.metaKey) {
    if (!undoKey(page, event)) return;
  } else {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!KEYS[key] || isOwnKey(target, key)) return;
    KEYS[key](page);
  }
  event.preventDefault();
}

/** Whether a control does something of its own at a key. */
function isOwnKey(target, key) {
  if (target.matches("button, summary, a, [type=checkbox], [type=color]"))
    return key === " " || key === "Enter";
  return target.matches("[type=range]") && key.startsWith("Arrow");
}

function undoKey(page, event) {
  const key = event.key.toLowerCase();
  if (key === "y" || (key === "z" && event.shiftKey)) page.transcript.redo();
  else if (key === "z") page.transcript.undo();
  else return false;
  return true;
}
