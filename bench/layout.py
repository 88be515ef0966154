"""Layout against other tools' writers: the same timed words, and what becomes of them.

    python bench/layout.py [--whisperx WHEEL] [--excerpt FROM TO]

The words are LJ Speech's human reader (../shared/data), clip after clip with half a second between,
each clip a segment. A table: cues a minute, the share of cues that break a limit of the profile
broadcast, of cues that are shorter than a second, faster than it allows, wider or of more lines,
and the share of line ends after an article, preposition or conjunction or within a number or name.
Then the time for ten hours of words, in every format. WhisperX needs its whole environment to be
installed; its writer alone runs from the wheel (`pip download whisperx --no-deps`), and is left out
without it.
`--excerpt` shows instead what becomes of the words between two times, in seconds.
"""

import argparse
import gzip
import io
import json
import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from subalign.options import LayoutOptions
from subalign.results import Segment, Transcript, Word
from subalign.subtitles import FORMATS, SRTWriter, TextSpan, get_writer, lay_out
from subalign.subtitles.layout.break_costs import break_cost
from subalign.subtitles.layout.limits import find_breaches
from subalign.subtitles.layout.profiles import PROFILES

SHARED = Path(__file__).parents[2] / "shared" / "data"
PROFILE = PROFILES["broadcast"]
BAD_BREAK = 280  # From here on a break parts what belongs together.
PAUSE = 0.5  # Seconds between clips.
TIMECODE = re.compile(r"(\d+):(\d\d):(\d\d)[,.](\d{3})")

Options = dict[str, Any]

NARROW: Options = {"max_line_width": 42, "max_line_count": 2, "highlight_words": False}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--whisperx", metavar="WHEEL")
    parser.add_argument("--excerpt", metavar=("FROM", "TO"), nargs=2, type=float)
    arguments = parser.parse_args()
    transcript = human_speech()
    if arguments.excerpt:
        show_excerpt(transcript, *arguments.excerpt)
        return
    minutes = transcript.duration / 60
    print(f"{sum(1 for _ in transcript.words)} words, {minutes:.1f} minutes\n")
    print("| layout | cues/min | break a limit | speed | short | width | lines | gap | bad ends |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, cues in layouts(transcript, arguments.whisperx):
        print(f"| {name} | {len(cues) / minutes:.1f} | {figures(cues)} |")
    print()
    time_ten_hours()


def show_excerpt(transcript: Transcript, start: float, end: float) -> None:
    """The cues of openai-whisper, held to 42 columns and 2 lines, and ours, as SubRip."""
    from whisper.utils import get_writer as openai_writer

    theirs = written_by(openai_writer, openai_result(transcript), NARROW)
    options = LayoutOptions(profile=PROFILE.name)
    ours = SRTWriter(options).rendered(transcript)
    for name, cues in (("openai-whisper, 42 × 2", theirs), (f"subalign, {PROFILE.name}", ours)):
        print(f"{name}\n")
        shown = (cue for cue in cues if start * 1000 <= cue.start_ms < end * 1000)
        for number, cue in enumerate(shown, start=1):
            print(SRTWriter().block(number, cue), end="")


def human_speech() -> Transcript:
    """The clips whose words an aligner timed, with the punctuation of the transcript."""
    timed = json.loads((SHARED / "lj" / "words_hmm.json").read_text("utf-8"))
    rows = (SHARED / "lj" / "transcripts.tsv").read_text("utf-8").splitlines()
    texts = dict(row.split("\t", 1) for row in rows)
    segments, offset = [], 0.0
    for clip, words in timed.items():
        pieces = re.findall(r"[^\s-]+-?|-", texts.get(clip, ""))
        if len(pieces) != len(words):
            continue
        placed, joins = [], False
        for piece, entry in zip(pieces, words, strict=True):
            start, end = entry[-2:] if isinstance(entry, list) else (entry["start"], entry["end"])
            text = piece if joins else f" {piece}"
            placed.append(Word(text, round(offset + start, 3), round(offset + end, 3), 1.0))
            joins = piece.endswith("-")
        segments.append(segment(placed))
        offset = placed[-1].end + PAUSE
    return Transcript("", "en", tuple(segments), offset, "", "")


def segment(words: list[Word]) -> Segment:
    text = "".join(word.text for word in words)
    return Segment(0, 0, words[0].start, words[-1].end, text, (), 0.0, 0.0, 1.0, 0.0, tuple(words))


def layouts(transcript: Transcript, whisperx: str | None) -> Iterator[tuple[str, list[TextSpan]]]:
    for name in PROFILES:
        options = LayoutOptions(profile=name)
        duration = transcript.duration
        laid_out = lay_out(transcript.segments, options, language="en", duration=duration)
        cues = [TextSpan(cue.start_ms, cue.end_ms, cue.text) for cue in laid_out]
        label = f"subalign, {name}"
        if name == PROFILE.name:
            yield label, cues
        else:
            own = len({breach.cue for breach in find_breaches(cues, PROFILES[name])})
            yield f"{label} ({share(own, len(cues))} break its own)", cues
    result = openai_result(transcript)
    from whisper.utils import get_writer as openai_writer

    plain = {"max_line_width": None, "max_line_count": None, "highlight_words": False}
    yield "openai-whisper", written_by(openai_writer, result, plain)
    yield "openai-whisper, 42 × 2", written_by(openai_writer, result, NARROW)
    yield "stable-ts, its default grouping", stable_ts(result)
    if whisperx:
        sys.path.insert(0, whisperx)
        from whisperx.utils import get_writer as whisperx_writer

        spaceless = json.loads(json.dumps(result))
        for part in spaceless["segments"]:
            for word in part["words"]:
                word["word"] = word["word"].strip()
        yield "WhisperX", written_by(whisperx_writer, spaceless, plain)
        yield "WhisperX, 42 × 2", written_by(whisperx_writer, spaceless, NARROW)
    else:
        print("WhisperX's writer was left out: give its wheel as --whisperx.", file=sys.stderr)


def openai_result(transcript: Transcript) -> Options:
    segments = [
        {
            "start": part.start,
            "end": part.end,
            "text": part.text,
            "words": [
                {"word": word.text, "start": word.start, "end": word.end, "probability": 1.0}
                for word in part.words or ()
            ],
        }
        for part in transcript.segments
    ]
    return {"text": transcript.text, "segments": segments, "language": "en"}


def written_by(writers: Callable[..., Any], result: Options, options: Options) -> list[TextSpan]:
    file = io.StringIO()
    writers("srt", ".").write_result(result, file, options)
    return read_srt(file.getvalue())


def stable_ts(result: Options) -> list[TextSpan]:
    from tools import stable_whisper_module

    grouped = stable_whisper_module().WhisperResult(json.loads(json.dumps(result))).regroup()
    return read_srt(grouped.to_srt_vtt(word_level=False, vtt=False))


def read_srt(text: str) -> list[TextSpan]:
    cues = []
    for block in re.split(r"\n\n+", text.strip()):
        _, times, *lines = block.split("\n")
        start, end = (
            ((int(h) * 60 + int(m)) * 60 + int(s)) * 1000 + int(ms)
            for h, m, s, ms in TIMECODE.findall(times)
        )
        cues.append(TextSpan(start, end, "\n".join(lines)))
    return cues


def figures(cues: list[TextSpan]) -> str:
    breaches = find_breaches(cues, PROFILE)
    kinds = (("speed",), ("short",), ("width",), ("lines",), ("gap", "overlap"))
    broken = [len({breach.cue for breach in breaches})]
    broken += (len({breach.cue for breach in breaches if breach.limit in kind}) for kind in kinds)
    lines = [line for cue in cues for line in cue.text.split("\n")]
    bad = sum(
        break_cost(above.split()[-1], below.split()[0], "en", True) >= BAD_BREAK
        for above, below in pairwise(lines)
    )
    shares = [share(count, len(cues)) for count in broken]
    return " | ".join([*shares, share(bad, len(lines) - 1)])


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def time_ten_hours() -> None:
    rng = random.Random(5)
    with gzip.open(SHARED / "sentences.tsv.gz", "rt", encoding="utf-8") as rows:
        sentences = [row.rstrip("\n").split("\t")[1] for row in rows]
    rng.shuffle(sentences)
    segments, now, count = [], 0.0, 0
    for sentence in sentences:
        words = []
        for text in sentence.split():
            end = now + 0.12 + 0.045 * len(text) * rng.uniform(0.7, 1.3)
            words.append(Word(f" {text}", round(now, 2), round(end, 2), 1.0))
            now = end + (rng.uniform(0, 0.8) if rng.random() < 0.1 else 0.0)
        if words:
            segments.append(segment(words))
            count += len(words)
        now += rng.expovariate(2.5)
        if now > 36_000:
            break
    transcript = Transcript("", "en", tuple(segments), now, "", "")
    print(f"{now / 3600:.1f} hours, {count} words, laid out and written (the best of 3):\n")
    print("| format | layout | processor time |")
    print("| --- | --- | --- |")
    colored = LayoutOptions(highlight_words=True, highlight_style="color")
    cases = [(name, LayoutOptions(), PROFILE.name) for name in FORMATS]
    cases += [(name, colored, "each word in colour") for name in ("srt", "vtt", "ass", "ttml")]
    others = [name for name in (*PROFILES, "openai") if name != PROFILE.name]
    cases += [("srt", LayoutOptions(profile=name), name) for name in others]
    cases.append(("srt", LayoutOptions(fps=23.976), f"{PROFILE.name}, 23.976 fps"))
    for name, options, label in cases:
        best = min(time_once(transcript, name, options) for _ in range(3))
        print(f"| {name} | {label} | {best:.2f} s |")


def time_once(transcript: Transcript, format: str, options: LayoutOptions) -> float:
    processor = time.process_time()
    get_writer(format, options).write(transcript, io.StringIO())
    return time.process_time() - processor


if __name__ == "__main__":
    main()
