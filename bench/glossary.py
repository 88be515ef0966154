"""Names that must be right: how many are found with a glossary and without, and errors elsewhere.

    python bench/glossary.py --models tiny.en base      the table, on the half that chose nothing
    python bench/glossary.py --half choose --bonus 0 2 4

Fifty rare names are said in sentences by three synthesisers, and spliced, said by one, into pauses
between the words of a human reader. A third set has none of them. A short glossary is one half of
the names, a long one has 400 other names beside them: the cities of the time zone database.

A name is found where its letters stand in the text as a word. Errors elsewhere are those of words
that are no names, and words added that stand beside none.
"""

import argparse
import re
import sys
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from unittest import mock

import jiwer
import numpy as np

from subalign.model import load_whisper
from subalign.options import Term, TranscriptionOptions
from subalign.pipeline.recordings import transcribe_recording
from subalign.results import Transcript
from subalign.transcription import glossary as decoding
from truth import (
    HUMAN,
    SAMPLE_RATE,
    Clip,
    Espeak,
    MissingError,
    Prosody,
    cached,
    clean_set,
    speak,
)
from word_errors import normaliser

NAMES = (
    "Okonkwo Szymanski Drumnadrochit Halvorn Metoprolol Velmora Kirkcaldy Thibodeaux Quillon "
    "Pembrolizumab Grafana Vandermeer Ostravik Achterberg Rivaroxaban Zamparelli Kessarin "
    "Wojciechowski Ballachulish Thrandor Levetiracetam Lindqvist Tavistry Montefiore Escitalopram "
    "Papadimitriou Caladwyn Nakasone Terraform Zelenograd Brennagh Kowalczyk Olanzapine Ylvanis "
    "Abernathy Morvethan Gewirtz Drosmere Hrdlicka Xarelto Pellworth Tchebotarev Ngozi Zorbeck "
    "Clonakilty Bulgakov Mirtazapine Quillfeather Anantapur Sedgemoor"
).split()
HALVES = {"choose": NAMES[::2], "report": NAMES[1::2]}
SENTENCES = (
    "We talked about {} for most of the morning.",
    "Everybody in the room had heard of {} before.",
    "The report says that {} was never mentioned again.",
    "I think {} is what they were looking for.",
    "In the end it was {} that made the difference.",
    "Nobody told me that {} would be so expensive.",
)
_ACCENTS = ("gmw/en-US", "gmw/en-GB-x-rp", "gmw/en")
VOICES = ("espeak", "flite slt", "festival slt")
PAUSE = 0.5  # seconds between the clips of a recording
_SPLICED_GAP = 0.12  # seconds before and after a spliced name


@dataclass(frozen=True, slots=True)
class Said:
    """A recording of several clips, and the words in it."""

    name: str
    samples: np.ndarray
    text: str


def said_by(voice: str, names: Sequence[str], half: str) -> Said:
    """Each name in a sentence of its own."""
    texts = [SENTENCES[n % len(SENTENCES)].format(name) for n, name in enumerate(names)]
    if voice == "espeak":
        return joined(voice, cached(f"glossary {half} plain espeak", lambda: _plain_espeak(texts)))
    return joined(
        voice, cached(f"glossary {half} {voice}", lambda: speak(voice, texts, len(texts)))
    )


def _plain_espeak(texts: Sequence[str]) -> list[Clip]:
    """Three accents of eSpeak's own voice; of its variants tiny.en understands little."""
    espeak = Espeak()
    speeches = [
        espeak.say(text, _ACCENTS[n % len(_ACCENTS)], Prosody(rate=150))
        for n, text in enumerate(texts)
    ]
    return [Clip(speech.samples, tuple(speech.text.split()), speech.spans) for speech in speeches]


def spliced(names: Sequence[str], half: str) -> Said:
    """Each name, said by a synthesiser, between two words of a human reader."""

    def make() -> list[Clip]:
        carriers = [clip for clip in clean_set(HUMAN, 3 * len(names)) if clip.samples.size < 7e5]
        clips = []
        for name, carrier in zip(names, carriers, strict=False):
            [word] = speak("flite slt", [f"{name}."], 1)
            clips.append(_with_name(carrier, name, word.samples))
        return clips

    return joined("spliced", cached(f"glossary {half} spliced in pauses", make))


def _with_name(carrier: Clip, name: str, said: np.ndarray) -> Clip:
    """The clip with the name in the longest pause between two of its words."""
    spans = [span or (0.0, 0.0) for span in carrier.spans]
    after = max(range(1, len(spans) - 1), key=lambda n: spans[n + 1][0] - spans[n][1])
    at = round((spans[after][1] + spans[after + 1][0]) / 2 * SAMPLE_RATE)
    loudness = np.sqrt(np.mean(carrier.samples**2) / np.mean(said**2))
    gap = np.zeros(round(_SPLICED_GAP * SAMPLE_RATE), np.float32)
    parts = [carrier.samples[:at], gap, said * loudness, gap, carrier.samples[at:]]
    words = (*carrier.words[: after + 1], name, *carrier.words[after + 1 :])
    return Clip(np.concatenate(parts).astype(np.float32), words, (None,) * len(words))


def joined(name: str, clips: Sequence[Clip]) -> Said:
    """All clips in one recording, with pauses between them."""
    pause = np.zeros(round(PAUSE * SAMPLE_RATE), np.float32)
    samples = np.concatenate([part for clip in clips for part in (clip.samples, pause)])
    return Said(name, samples, " ".join(word for clip in clips for word in clip.words))


def recordings(half: str) -> list[Said]:
    """All sets of one half of the names; those that cannot be made here are left out."""
    names = HALVES[half]
    found = []
    for make in (
        *(lambda voice=voice: said_by(voice, names, half) for voice in VOICES),
        lambda: spliced(names, half),
        lambda: joined("no names", clean_set(HUMAN, 40)),
    ):
        try:
            found.append(make())
        except MissingError as error:
            print(error, file=sys.stderr)
    return found


def cities() -> list[str]:
    """Four hundred names beside those of a half."""
    zones = sorted(zone.split("/")[-1] for zone in zoneinfo.available_timezones() if "/" in zone)
    names = [zone.replace("_", " ") for zone in dict.fromkeys(zones)]
    return [name for name in names if re.fullmatch(r"[A-Za-z ]{5,}", name)][:400]


@dataclass
class Score:
    """Names that were said and found; words elsewhere, and errors there."""

    names: int = 0
    found: int = 0
    words: int = 0
    errors: int = 0

    def add(self, said: str, heard: str, names: Sequence[str]) -> None:
        normalised = normaliser(True)
        reference, text = normalised(said).split(), normalised(heard).split()
        wanted = {normalised(name) for name in names}
        out = jiwer.process_words(" ".join(reference), " ".join(text))
        self.words += sum(word not in wanted for word in reference)
        self.names += sum(word in wanted for word in reference)
        places = [n for n, word in enumerate(reference) if word in wanted]
        for chunk in out.alignments[0]:
            own = range(chunk.ref_start_idx, chunk.ref_end_idx)
            if chunk.type == "equal":
                self.found += sum(reference[n] in wanted for n in own)
            elif chunk.type == "insert":
                beside = {chunk.ref_start_idx, chunk.ref_start_idx - 1} & {*places}
                self.errors += 0 if beside else chunk.hyp_end_idx - chunk.hyp_start_idx
            else:
                self.errors += sum(reference[n] not in wanted for n in own)

    def __str__(self) -> str:
        recall = f"{self.found} of {self.names}" if self.names else "-"
        return f"{recall} | {100 * self.errors / max(1, self.words):.2f}"


def heard(model: object, said: Said, terms: Sequence[Term]) -> Transcript:
    options = TranscriptionOptions(language="en", glossary=tuple(terms))
    return transcribe_recording(said.samples, model=model, options=options).transcript()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=["tiny.en"])
    parser.add_argument("--half", choices=sorted(HALVES), default="report")
    parser.add_argument("--glossaries", nargs="+", default=["none", "short", "long"])
    parser.add_argument("--sets", nargs="+")
    usual = decoding.GlossaryThresholds()
    for name in ("bonus", "heard"):
        parser.add_argument(f"--{name}", nargs="+", type=float, default=[getattr(usual, name)])
    parser.add_argument("--prompt", nargs="+", type=int, default=[usual.prompt])
    given = parser.parse_args()
    own = [Term(name) for name in HALVES[given.half]]
    glossaries = {"none": [], "short": own, "long": [*own, *map(Term, cities())]}
    said = [one for one in recordings(given.half) if not given.sets or one.name in given.sets]
    print("| model | glossary | set | names found | errors elsewhere, % |")
    print("| --- | --- | --- | --- | --- |")
    for name in given.models:
        model = load_whisper(name)
        for kind in given.glossaries:
            sweep = [given.bonus, given.heard, given.prompt]
            for bonus, near, prompt in product(*sweep) if kind != "none" else [(0, 0, 0)]:
                numbers = decoding.GlossaryThresholds(bonus=bonus, heard=near, prompt=int(prompt))
                label = kind if kind == "none" else f"{kind} {bonus} {near} {prompt}"
                whole = Score()
                with mock.patch.object(
                    decoding.GlossaryDecoder.__init__, "__defaults__", (numbers,)
                ):
                    for one in said:
                        text = heard(model, one, glossaries[kind]).text
                        score = Score()
                        for total in (score, whole):
                            total.add(one.text, text, HALVES[given.half])
                        print(f"| {name} | {label} | {one.name} | {score} |", flush=True)
                print(f"| {name} | {label} | all | {whole} |", flush=True)


if __name__ == "__main__":
    main()
