"""Recordings cut into windows for measuring heads, each with the words that are spoken in it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import torch

from subalign.alignment.forced import align_script
from subalign.alignment.pauses import cut_long_pauses
from subalign.alignment.script_words import script_words
from subalign.alignment.teacher_forcing import teacher_force, text_room
from subalign.alignment.words import WordTokens
from subalign.decoding import check_language, spoken_language, tokenizer_of
from subalign.errors import InputError
from subalign.heads.attention import Head, HeadScores, WindowText
from subalign.heads.data import Recording, Reference
from subalign.mel import FRAMES_PER_SECOND, LogMel
from subalign.mel.loudness import speech_levels
from subalign.model import EncodedAudio, Whisper
from subalign.options import AudioOptions
from subalign.pipeline.recordings import read_mel
from subalign.results import Line, Word
from subalign.tokenizer import Tokenizer

__all__ = [
    "THRESHOLDS",
    "HeadThresholds",
    "HeadWindow",
    "OnWindow",
    "check_truth",
    "cut_windows",
    "encode_words",
    "language_tokenizer",
    "recording_windows",
    "total_size",
    "window_at",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadThresholds:
    """Numbers of measuring and choosing heads; chosen, not measured; lengths are seconds."""

    # silence that a window takes in before its first and after its last word at most
    margin: float = 1.0
    # the share of a transcript's words that must be found in a recording longer than a window
    found_share: float = 0.5
    # how far a truth may go past the recording's end, as containers and rounding differ
    past_end: float = 1.0
    # within which a word's start counts as right, and two heads' tokens as agreeing
    near: float = 0.1
    # of a large model only so many heads, the best by themselves, are tried together
    candidates: int = 24
    # a set that is so much worse than the best is as good: more heads may be mere chance
    tolerance: float = 0.005
    # how far the attention of heads which follow the speech may lie beside it
    shift: float = 0.1


THRESHOLDS = HeadThresholds()

OnWindow = Callable[[int, int], None]
"""Called with the windows done so far and their number."""


@dataclass(frozen=True, eq=False)
class HeadWindow:
    """Mel frames `start` to `start + length` of a recording, and the words in them."""

    mel: LogMel
    tokenizer: Tokenizer
    start: int
    length: int
    text: WindowText

    @torch.inference_mode()
    def scores(
        self, model: Whisper, heads: Sequence[Head] | None = None, *, cut_pauses: bool = False
    ) -> HeadScores:
        """What these heads, or all, attend to while the decoder reads the words.

        With `cut_pauses` long pauses are cut out, of the words' true times as well.
        """
        window = self.mel.window(self.start, self.length, model.dims.window_frames)
        text, length = self.text, self.length
        shortened = cut_long_pauses(window.numpy(), length) if cut_pauses else None
        if shortened is not None:
            window, length = torch.from_numpy(shortened.mel), shortened.frames.size
            text = replace(text, spans=shortened.times(text.spans))
        dims = model.dims
        every = product(range(dims.n_text_layer), range(dims.n_text_head))
        chosen = tuple(every if heads is None else sorted(set(heads)))
        [forced] = teacher_force(
            *(model, self.tokenizer, model.encode(window[None]), [text.tokens], [length], chosen)
        )
        levels = speech_levels(window[:, :length].numpy())
        return HeadScores(text, chosen, forced, dims.position_seconds, levels)


def recording_windows(
    model: Whisper, recording: Recording, *, language: str | None = None, audio: AudioOptions
) -> list[HeadWindow]:
    """The windows of one recording.

    Words with true times are cut at pauses into as few windows as hold them. So is text alone
    where the recording is longer than a window: forced alignment tells which words are in which.

    Raises:
        InputError: the recording cannot be read, or the words are not those of the recording.
        UsageError: the model does not know the language.
    """
    mel = read_mel(recording.source, n_mels=model.dims.n_mels, audio=audio)
    reference = recording.reference
    tokenizer = language_tokenizer(model, mel, language or reference.language)
    if not reference.timed and mel.n_frames <= model.dims.window_frames:
        return [window_at(model, mel, tokenizer, reference, 0, max(1, mel.n_frames))]
    timed = reference.words
    if not reference.timed:
        timed = _align_words(model, mel, recording, tokenizer.language)
    words = encode_words(timed, tokenizer)
    if not words:
        raise InputError(
            f"{reference.path} holds no words: give what is said in {recording.source}."
        )
    last = max(word.end for _, word in words)
    if last > mel.duration + THRESHOLDS.past_end:
        raise InputError(
            f"{reference.path} goes on to {last:.1f} s, but {recording.source} ends at "
            f"{mel.duration:.1f} s: give the words of this recording."
        )
    cuts = cut_windows(
        [(word.start, word.end, len(encoded.tokens)) for encoded, word in words],
        duration=mel.duration,
        longest=model.dims.window_seconds,
        room=text_room(model, tokenizer),
    )
    windows = []
    for first, end, start, stop in cuts:
        begin = int(start * FRAMES_PER_SECOND)
        length = max(1, min(int(stop * FRAMES_PER_SECOND), mel.n_frames) - begin)
        text = _window_text(words[first:end], begin)
        windows.append(HeadWindow(mel, tokenizer, begin, length, text))
    return windows


def check_truth(windows: Iterable[HeadWindow], reference: Reference) -> None:
    """Raise `InputError` where a reference has times, but none is more than an estimate."""
    if reference.timed and not any(window.text.timed for window in windows):
        raise InputError(
            f"All word times of {reference.path} are estimated: give true ones, or the text alone."
        )


def total_size(windows: Sequence[HeadWindow]) -> tuple[int, float]:
    """How many words and seconds the windows hold."""
    seconds = sum(window.length for window in windows) / FRAMES_PER_SECOND
    return sum(len(window.text.words) for window in windows), seconds


def window_at(
    model: Whisper,
    mel: LogMel,
    tokenizer: Tokenizer,
    reference: Reference,
    start: int,
    length: int,
) -> HeadWindow:
    """Mel frames `start` to `start + length` with their words.

    Of words with times those whose middle lies there, of a script all.

    Raises:
        InputError: there are none, or too many.
    """
    if reference.script is None:
        begin, end = start / FRAMES_PER_SECOND, (start + length) / FRAMES_PER_SECOND
        text = _window_text(
            [
                (encoded, word)
                for encoded, word in encode_words(reference.words, tokenizer)
                if begin <= (word.start + word.end) / 2 < end
            ],
            start,
        )
    else:
        words = [
            word.encoded
            for line in reference.script.lines
            for word in script_words(line, tokenizer)
        ]
        text = WindowText(tuple(words), np.full((len(words), 2), np.nan))
    if not text.words:
        raise InputError(f"{reference.path} holds no words: give what is said in the recording.")
    count, room = len(text.tokens), text_room(model, tokenizer)
    if count > room:
        raise InputError(
            f"{reference.path} has {count} tokens, but the model reads {room} at once: "
            f"give what is said in {model.dims.window_seconds:g} s."
        )
    return HeadWindow(mel, tokenizer, start, length, text)


def language_tokenizer(
    model: Whisper, mel: LogMel, language: str | None, *, start: int = 0, end: int | None = None
) -> Tokenizer:
    """The tokenizer for a language; None is what is spoken in these mel frames.

    Raises:
        UsageError: the model does not know the language.
    """
    check_language(model, language, "transcribe")
    if language is None and model.multilingual:
        width = model.dims.window_frames

        def encode(seek: int) -> EncodedAudio:
            return model.encode(mel.window(seek, width, width)[None])

        frames = (start, mel.n_frames if end is None else end)
        guess = spoken_language(mel, [frames], model, encode)
        language = guess.language if guess is not None else "en"
    return tokenizer_of(model, language)


def encode_words(words: Sequence[Word], tokenizer: Tokenizer) -> list[tuple[WordTokens, Word]]:
    """The words with their tokens; those that nobody speaks, such as a dash, are left out."""
    encoded = []
    for word in words:
        text = word.text.strip()
        parts = [part.encoded for part in script_words(Line(text, ((0, len(text)),)), tokenizer)]
        if parts:
            encoded.append((_join(parts), word))
    return encoded


def _join(parts: Sequence[WordTokens]) -> WordTokens:
    """Several words that have one time, as one."""
    tokens = tuple(token for part in parts for token in part.tokens)
    before_last = len(tokens) - len(parts[-1].tokens)
    return WordTokens(
        "".join(part.text for part in parts),
        tokens,
        (parts[0].spoken[0], before_last + parts[-1].spoken[1]),
    )


def _window_text(words: Sequence[tuple[WordTokens, Word]], start: int) -> WindowText:
    """Words in a window from mel frame `start` on; estimated times are no truth."""
    offset = start / FRAMES_PER_SECOND
    spans = [
        (np.nan, np.nan) if word.estimated else (word.start - offset, word.end - offset)
        for _, word in words
    ]
    return WindowText(
        tuple(encoded for encoded, _ in words), np.array(spans, dtype=np.float64).reshape(-1, 2)
    )


def _align_words(
    model: Whisper, mel: LogMel, recording: Recording, language: str | None
) -> tuple[Word, ...]:
    """A script's words with the times of forced alignment, none of which counts as true."""
    script = recording.reference.script
    assert script is not None
    found = align_script(model, mel, script, language=language)
    if found.report.heard_share < THRESHOLDS.found_share:
        raise InputError(
            f"Of the words of {recording.reference.path} {found.report.heard_share:.0%} are heard "
            f"in {recording.source}: give what is said in this recording."
        )
    return tuple(replace(word, estimated=True) for word in found.transcript.words)


def cut_windows(
    words: Sequence[tuple[float, float, int]], *, duration: float, longest: float, room: int
) -> Iterator[tuple[int, int, float, float]]:
    """Cut words (start, end, tokens) into windows: (first word, one past the last, start, end).

    A window lasts at most `longest` seconds and holds at most `room` tokens. Where the words go
    on it ends at the longest pause in its second half, and it takes in half of each pause beside
    it, up to a second.

    Raises:
        InputError: a single word is longer than a window.
    """
    first, previous_end = 0, 0.0
    while first < len(words):
        start = words[first][0] - _half(words[first][0] - previous_end)
        end, tokens = first, 0
        while end < len(words) and words[end][1] <= start + longest:
            tokens += words[end][2]
            if tokens > room:
                break
            end += 1
        if end == first:
            raise InputError(
                f"A word lasts from {words[first][0]:.1f} s to {words[first][1]:.1f} s, longer "
                "than the model's window or text: correct the times."
            )
        if end < len(words):
            late = [
                at for at in range(first + 1, end + 1) if words[at - 1][1] >= start + longest / 2
            ]
            end = max(late or [end], key=lambda at: words[at][0] - words[at - 1][1])
        previous_end = max(word[1] for word in words[first:end])
        following = words[end][0] if end < len(words) else duration
        stop = min(previous_end + _half(following - previous_end), start + longest)
        yield first, end, start, stop
        first = end


def _half(pause: float) -> float:
    """What a window takes in of a pause beside it, in seconds."""
    return min(THRESHOLDS.margin, max(0.0, pause) / 2)
