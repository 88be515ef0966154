"""Where speech is found: Silero VAD and loudness, in silence, noise, music, quiet and by telephone.

    python bench/speech_detection.py                     frames missed and frames taken for speech
    python bench/speech_detection.py --model tiny.en     word errors of transcriptions too
    python bench/speech_detection.py --sounds "music, 0 dB" "noise, 0 dB"    these recordings alone

Sentences of one human reader, 0.2 to 6 s apart, whose words an aligner has timed; telephone speech
is theirs between 300 and 3400 Hz. Frames of words that are not heard as speech are missed; frames
more than half a second from any word that are heard as speech are taken for it.
"""

import argparse
from collections.abc import Callable, Iterator

import numpy as np
import torch

from machine import THREADS, machine
from subalign.audio.voice_activity import CHUNK_SAMPLES, speech_detector
from subalign.mel import FRAMES_PER_SECOND, LogMel, log_mel
from subalign.mel.speech import Speech
from subalign.model import load_whisper
from subalign.options import TranscriptionOptions
from subalign.pipeline.recordings import transcribe_recording
from tables import heading, table_row
from truth import HUMAN, SAMPLE_RATE, Clip, clean_set, coloured_noise, music
from word_errors import word_errors

_SEED = 7
_CLIPS = 40
_GAP = (0.2, 6.0)  # seconds between sentences
_FAR = 0.5  # seconds from any word, beyond which there is no speech
_BAND = (300.0, 3400.0)  # Hz
_KINDS = ("silero", "loudness", "none")
_HEADING = heading("recording", "found by", "missed", "taken for speech", "word errors")


def reading() -> Clip:
    """The sentences in one recording with silence between them."""
    rng = np.random.default_rng(_SEED)
    samples, words, spans, at = [], [], [], 0.0
    for clip in clean_set(HUMAN, _CLIPS):
        gap = np.zeros(round(rng.uniform(*_GAP) * SAMPLE_RATE), np.float32)
        samples += [clip.samples, gap]
        words += clip.words
        spans += [span and (at + span[0], at + span[1]) for span in clip.spans]
        at += (clip.samples.size + gap.size) / SAMPLE_RATE
    return Clip(np.concatenate(samples), tuple(words), tuple(spans))


def with_sound(clip: Clip, sound: np.ndarray, decibels: float) -> np.ndarray:
    """The recording with other sound so far below its speech."""
    loud = np.abs(clip.samples) > 0.01
    level = float(np.sqrt(np.square(clip.samples[loud]).mean()))
    sound = sound / float(np.sqrt(np.square(sound).mean()))
    return np.clip(clip.samples + sound * level * 10 ** (-decibels / 20), -1.0, 1.0)


def by_telephone(samples: np.ndarray) -> np.ndarray:
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(samples.size, 1 / SAMPLE_RATE)
    spectrum[(hertz < _BAND[0]) | (hertz > _BAND[1])] = 0.0
    return np.fft.irfft(spectrum, samples.size).astype(np.float32)


def recordings(clip: Clip) -> Iterator[tuple[str, Callable[[], np.ndarray]]]:
    size = clip.samples.size
    rng = np.random.default_rng(_SEED)
    noise, tune = coloured_noise(size, rng), music(size, rng)
    yield "clean", lambda: clip.samples
    yield "60 dB quieter", lambda: clip.samples / 1000
    yield "by telephone", lambda: by_telephone(clip.samples)
    for decibels in (20, 10, 0):
        yield f"noise, {decibels} dB", lambda decibels=decibels: with_sound(clip, noise, decibels)
    for decibels in (20, 10, 0):
        yield f"music, {decibels} dB", lambda decibels=decibels: with_sound(clip, tune, decibels)


def heard_ranges(kind: str, samples: np.ndarray, mel: LogMel) -> np.ndarray:
    """Which frames (frames,) are decoded."""
    detector = speech_detector(kind)
    if detector is None:
        speech = Speech.by_loudness(mel, everything=kind == "none")
    else:
        for _ in detector.listen([samples]):
            pass
        speech = Speech.of_chunks(detector.probabilities(), CHUNK_SAMPLES, mel, 0.5)
    heard = np.zeros(mel.n_frames, bool)
    for first, end in speech.ranges(0, mel.n_frames):
        heard[first:end] = True
    return heard


def spoken_frames(clip: Clip, n_frames: int, margin: float = 0.0) -> np.ndarray:
    spoken = np.zeros(n_frames, bool)
    for span in clip.spans:
        if span is not None:
            first, end = (
                round(t * FRAMES_PER_SECOND) for t in (span[0] - margin, span[1] + margin)
            )
            spoken[max(0, first) : end] = True
    return spoken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="a checkpoint, to transcribe with as well")
    parser.add_argument("--sounds", nargs="*", help="which recordings; default: all")
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)
    model = arguments.model and load_whisper(arguments.model, device="cpu", compute="float32")
    print(f"{machine()}\n{arguments.model or ''}\n\n{_HEADING}")
    clip = reading()
    for name, make in recordings(clip):
        if arguments.sounds is not None and name not in arguments.sounds:
            continue
        samples = make()
        mel = log_mel([samples], n_mels=80)
        spoken = spoken_frames(clip, mel.n_frames)
        still = ~spoken_frames(clip, mel.n_frames, _FAR)
        for kind in _KINDS:
            heard = heard_ranges(kind, samples, mel)
            rate = ""
            if model:
                options = TranscriptionOptions(language="en", vad=kind)
                found = transcribe_recording(samples, model=model, options=options).transcript()
                rate = f"{word_errors([(clip.text, found.text)], 'en').rate:.1%}"
            cells = f"{(~heard)[spoken].mean():.2%}", f"{heard[still].mean():.1%}", rate
            print(table_row(name, kind, *cells), flush=True)


if __name__ == "__main__":
    main()
