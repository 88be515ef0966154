"""The sets of clips: clean, made harder by noise, pauses, other sentences around; joined."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from truth import (
    HUMAN,
    LANGUAGES,
    SAMPLE_RATE,
    VOICES,
    Clip,
    Span,
    clean_set,
    coloured_noise,
    read_aloud,
    telephone,
)

__all__ = ["SETS", "ClipSet", "joined", "with_noise", "with_pauses"]

_CLIPS = 40  # of each voice, at most; half as many as of people, where both are asked for

_SEED = 5
_MIXED = ("festival kal", "espeak", "flite kal16")  # the model was trained on none of these voices
_NOISE = (20, 10, 5)  # decibels below the speech

_WINDOW_SECONDS = 30.0
_PAUSE = (0.5, 3.0)  # seconds
_PAUSED_SHARE = 0.3  # of the places between words
_GAP = (0.2, 1.5)  # seconds between sentences
_FADE = round(0.005 * SAMPLE_RATE)


@dataclass(frozen=True, slots=True)
class ClipSet:
    """What makes clips, given about how many people's sentences, and what is done with them.

    `make` raises `MissingError` where a synthesiser or the recordings are not there. Clips whose
    text is `given` fit into a window; others are `transcribed`, or both.
    """

    make: Callable[[int], list[Clip]]
    given: bool = True
    transcribed: bool = False
    language: str = "en"


def _sets() -> dict[str, ClipSet]:
    sets = {
        HUMAN: ClipSet(partial(clean_set, HUMAN), transcribed=True),
        f"{HUMAN}, 30 s": ClipSet(lambda count: _windows(clean_set(HUMAN, _CLIPS), count)),
        f"{HUMAN}, joined": ClipSet(_one_recording, given=False, transcribed=True),
        "wuw2": ClipSet(lambda count: telephone(2 * count), transcribed=True),
    }
    for language in LANGUAGES:
        sets[f"udhr {language}"] = ClipSet(
            lambda _, language=language: read_aloud(language),
            given=False,
            transcribed=True,
            language=language,
        )
    for name in VOICES:
        sets[name] = ClipSet(lambda count, name=name: clean_set(name, _CLIPS)[: count // 2])
    for decibels in _NOISE:
        sets[f"mixed, noise {decibels} dB"] = ClipSet(partial(_noisy, decibels))
    sets["mixed, pauses"] = ClipSet(_paused)
    sets["mixed, 30 s"] = ClipSet(lambda count: _windows(_mixed(len(_MIXED) * _CLIPS), count))
    return sets


def _noisy(decibels: float, count: int) -> list[Clip]:
    return [
        with_noise(clip, decibels, np.random.default_rng([_SEED, n]))
        for n, clip in enumerate(_mixed(count // 2))
    ]


def _paused(count: int) -> list[Clip]:
    return [
        with_pauses(clip, np.random.default_rng([_SEED, n]))
        for n, clip in enumerate(_mixed(count // 2))
    ]


def _one_recording(count: int) -> list[Clip]:
    """Clips of the human reader one after the other, with 0.2 to 1.5 s between them."""
    rng = np.random.default_rng(_SEED)
    clips = clean_set(HUMAN, count * 5 // 4)
    return [_end_to_end([_with_silence(clip, [(0.0, rng.uniform(*_GAP))]) for clip in clips])]


def _mixed(count: int) -> list[Clip]:
    """Clips of several voices in turns, each with another sentence."""
    turns = zip(*(clean_set(voice, _CLIPS)[n:] for n, voice in enumerate(_MIXED)), strict=False)
    return [clip for turn in turns for clip in turn][:count]


def _windows(clips: Sequence[Clip], count: int) -> list[Clip]:
    """A quarter as many, for each holds several clips."""
    return joined(clips, np.random.default_rng(_SEED))[: max(2, count // 4)]


def with_noise(clip: Clip, decibels: float, rng: np.random.Generator) -> Clip:
    """Noise so far below the speech; its spectrum falls with frequency in a random manner."""
    known = [span for span in clip.spans if span is not None]
    first, last = _sample(known[0][0]), _sample(known[-1][1])
    level = float(np.sqrt(np.square(clip.samples[first:last]).mean()))
    noise = coloured_noise(clip.samples.size, rng) * (level * 10 ** (-decibels / 20))
    return Clip(np.clip(clip.samples + noise, -1.0, 1.0).astype(np.float32), clip.words, clip.spans)


def with_pauses(clip: Clip, rng: np.random.Generator) -> Clip:
    """Silence of 0.5 to 3 s before, after, and at three in ten of the places between words.

    Words are cut apart halfway between the one's end and the other's start, never where either is
    not known, and the recording stays within a window.
    """
    places = [
        (before[1] + after[0]) / 2
        for before, after in pairwise(clip.spans)
        if before is not None and after is not None
    ]
    n_chosen = min(len(places), max(1, round(_PAUSED_SHARE * len(places))))
    chosen = sorted(rng.permutation(places)[:n_chosen].tolist())
    room = _WINDOW_SECONDS - 1.0 - clip.seconds
    cuts: list[tuple[float, float]] = []
    for at in (0.0, *chosen, clip.seconds):
        pause = float(rng.uniform(*_PAUSE))
        if pause <= room:
            cuts.append((at, pause))
            room -= pause
    return _with_silence(clip, cuts)


def _with_silence(clip: Clip, cuts: Sequence[tuple[float, float]]) -> Clip:
    """Silence at (seconds, how long), in order; later words move by all before them."""
    pieces: list[np.ndarray] = []
    at = 0
    for place, pause in cuts:
        pieces += [_faded(clip.samples[at : _sample(place)]), np.zeros(_sample(pause), np.float32)]
        at = _sample(place)
    pieces.append(_faded(clip.samples[at:]))
    spans = tuple(_moved(span, cuts) for span in clip.spans)
    return Clip(np.concatenate(pieces), clip.words, spans)


def _moved(span: Span | None, cuts: Sequence[tuple[float, float]]) -> Span | None:
    if span is None:
        return None
    shift = sum(pause for place, pause in cuts if place <= sum(span) / 2)
    return span[0] + shift, span[1] + shift


def joined(clips: Sequence[Clip], rng: np.random.Generator) -> list[Clip]:
    """Windows of several clips each, in order, with 0.2 to 1.5 s between them."""
    windows: list[Clip] = []
    parts: list[Clip] = []
    seconds = 0.0
    for clip in clips:
        gap = float(rng.uniform(*_GAP))
        if parts and seconds + gap + clip.seconds > _WINDOW_SECONDS:
            windows.append(_end_to_end(parts))
            parts, seconds = [], 0.0
        parts.append(_with_silence(clip, [(0.0, gap)]))
        seconds += gap + clip.seconds
    return windows


def _end_to_end(clips: Sequence[Clip]) -> Clip:
    spans: list[Span | None] = []
    seconds = 0.0
    for clip in clips:
        spans += [s and (s[0] + seconds, s[1] + seconds) for s in clip.spans]
        seconds += clip.seconds
    return Clip(
        np.concatenate([clip.samples for clip in clips]),
        tuple(word for clip in clips for word in clip.words),
        tuple(spans),
    )


def _faded(samples: np.ndarray) -> np.ndarray:
    """Both ends brought to silence within 5 ms, against clicks."""
    width = min(_FADE, samples.size // 2)
    faded = samples.copy()
    if width:
        ramp = np.linspace(0.0, 1.0, width, dtype=np.float32)
        faded[:width] *= ramp
        faded[-width:] *= ramp[::-1]
    return faded


def _sample(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)


SETS = _sets()
