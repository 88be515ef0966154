"""Recordings cut into windows for measuring heads, each with the words that are said in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from subalign.alignment.forced import align_script
from subalign.alignment.pauses import cut_long_pauses
from subalign.alignment.script_words import script_words
from subalign.alignment.words import WordTokens
from subalign.decoding import check_language, detect_language, tokenizer_of
from subalign.errors import InputError
from subalign.heads.data import HeadData, Reference
from subalign.heads.maps import HeardText, TimedText, hear_text
from subalign.mel import FRAMES_PER_SECOND, LogMel
from subalign.model import Whisper
from subalign.options import AudioOptions
from subalign.pipeline.transcribe_recording import read_mel
from subalign.results import Line, Script, Word
from subalign.tokenizer import Tokenizer

__all__ = [
    "HeadWindow",
    "cut_windows",
    "head_windows",
    "language_tokenizer",
    "script_window",
    "timed_words",
    "words_window",
]

# seconds of a pause that a window takes in at most
_MARGIN = 1.0

# the share of a transcript's words that must be heard in a recording longer than a window
_LEAST_HEARD = 0.5

# seconds by which a truth may go past the recording's end, as containers and rounding differ
_PAST_END = 1.0


@dataclass(frozen=True, eq=False)
class HeadWindow:
    """A stretch of a recording, in mel frames, and the words in it."""

    mel: LogMel
    tokenizer: Tokenizer
    start: int
    length: int
    text: TimedText

    def hear(
        self,
        model: Whisper,
        heads: Sequence[tuple[int, int]] | None = None,
        *,
        pauses: bool = True,
    ) -> HeardText:
        """What these heads, or all, attend to while the decoder reads the words.

        Without `pauses`, long ones are cut out, of the words' true times as well.
        """
        window = self.mel.window(self.start, self.length, model.dims.window_frames)
        text, length = self.text, self.length
        shortened = None if pauses else cut_long_pauses(window.numpy(), length)
        if shortened is not None:
            window, length = torch.from_numpy(shortened.mel), shortened.frames.size
            text = TimedText(text.words, shortened.times(text.spans))
        with torch.inference_mode():
            encoded = model.encode(window[None])
        return hear_text(model, self.tokenizer, encoded, text, length, heads)


@dataclass(frozen=True, slots=True)
class _Placed:
    """A word and when it is said; `known` where that is the truth."""

    word: WordTokens
    start: float
    end: float
    known: bool


def head_windows(
    model: Whisper, data: HeadData, *, language: str | None = None, audio: AudioOptions
) -> list[HeadWindow]:
    """The windows of one recording.

    Words with true times are cut at pauses into as few windows as hold them. So is text alone
    where the recording is longer than a window: forced alignment tells which words are in which.

    Raises:
        InputError: the recording cannot be read, or the words are not those of the recording.
        UsageError: the model does not know the language.
    """
    mel = read_mel(data.source, n_mels=model.dims.n_mels, audio=audio)
    reference = data.reference
    tokenizer = language_tokenizer(model, mel, language or reference.language)
    script = reference.script
    if script is not None and mel.n_frames <= model.dims.window_frames:
        length = max(1, mel.n_frames)
        return [script_window(model, mel, tokenizer, script, 0, length, label=reference.path)]
    words = reference.words
    if script is not None:
        words = _placed_words(model, mel, script, tokenizer.language, data)
    placed = timed_words(words, tokenizer)
    if not placed:
        raise InputError(f"{reference.path} holds no words: give what is said in {data.source}.")
    _check_end(data, placed, mel.duration)
    cuts = cut_windows(
        [(word.start, word.end, len(word.word.tokens)) for word in placed],
        duration=mel.duration,
        longest=model.dims.window_seconds,
        room=_room(model, tokenizer),
    )
    windows = []
    for first, end, start, stop in cuts:
        begin = int(start * FRAMES_PER_SECOND)
        length = min(int(stop * FRAMES_PER_SECOND), mel.n_frames) - begin
        windows.append(_window(mel, tokenizer, placed[first:end], begin, max(1, length)))
    return windows


def _placed_words(
    model: Whisper, mel: LogMel, script: Script, language: str | None, data: HeadData
) -> tuple[Word, ...]:
    """A script's words with rough times, none of which counts as true."""
    found = align_script(model, mel, script, language=language)
    if found.report.heard_share < _LEAST_HEARD:
        raise InputError(
            f"Of the words of {data.reference.path} {found.report.heard_share:.0%} are heard in "
            f"{data.source}: give what is said in this recording."
        )
    segments = found.transcript.segments
    words = [word for segment in segments for word in segment.words or ()]
    return tuple(replace(word, estimated=True) for word in words)


def language_tokenizer(
    model: Whisper, mel: LogMel, language: str | None, *, start: int = 0
) -> Tokenizer:
    """The tokenizer for a language; None lets a multilingual model guess from the window.

    Raises:
        UsageError: the model does not know the language.
    """
    check_language(model, language, "transcribe")
    if language is None and model.multilingual:
        width = model.dims.window_frames
        length = max(1, min(width, mel.n_frames - start))
        with torch.inference_mode():
            encoded = model.encode(mel.window(start, length, width)[None])
        language = detect_language(model, encoded)[0].language
    return tokenizer_of(model, language)


def timed_words(words: Sequence[Word], tokenizer: Tokenizer) -> list[_Placed]:
    """The tokens of words with times; those that nobody speaks, such as a dash, are left out."""
    placed = []
    for word in words:
        text = word.text.strip()
        parts = [part.encoded for part in script_words(Line(text, ((0, len(text)),)), tokenizer)]
        if parts:
            joined = _join(parts)
            placed.append(_Placed(joined, word.start, word.end, not word.estimated))
    return placed


def _join(parts: Sequence[WordTokens]) -> WordTokens:
    """Several words that have one time, as one."""
    tokens = tuple(token for part in parts for token in part.tokens)
    before_last = len(tokens) - len(parts[-1].tokens)
    return WordTokens(
        "".join(part.text for part in parts),
        tokens,
        (parts[0].spoken[0], before_last + parts[-1].spoken[1]),
    )


def _check_end(data: HeadData, placed: Sequence[_Placed], duration: float) -> None:
    last = max((word.end for word in placed), default=0.0)
    if last > duration + _PAST_END:
        raise InputError(
            f"{data.reference.path} goes on to {last:.1f} s, but {data.source} ends at "
            f"{duration:.1f} s: give the words of this recording."
        )


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
    first, spoken_until = 0, 0.0
    while first < len(words):
        start = _before(words[first][0], spoken_until)
        end = first
        tokens = 0
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
            end = _longest_pause(words, first, end, start + longest / 2)
        spoken_until = max(word[1] for word in words[first:end])
        following = words[end][0] if end < len(words) else duration
        stop = min(_after(spoken_until, following), start + longest)
        yield first, end, start, stop
        first = end


def _before(start: float, spoken_until: float) -> float:
    return start - min(_MARGIN, max(0.0, start - spoken_until) / 2)


def _after(spoken_until: float, following: float) -> float:
    return spoken_until + min(_MARGIN, max(0.0, following - spoken_until) / 2)


def _longest_pause(
    words: Sequence[tuple[float, float, int]], first: int, end: int, earliest: float
) -> int:
    """The word before which the words up to `end` are best cut, after `first`."""
    late = [index for index in range(first + 1, end + 1) if words[index - 1][1] >= earliest]
    return max(late or [end], key=lambda index: words[index][0] - words[index - 1][1])


def words_window(
    model: Whisper,
    mel: LogMel,
    tokenizer: Tokenizer,
    reference: Reference,
    start: int,
    length: int,
) -> HeadWindow:
    """A stretch of mel frames and the words with times that are said in it, by their middles.

    Raises:
        InputError: there are none, or too many.
    """
    begin, end = start / FRAMES_PER_SECOND, (start + length) / FRAMES_PER_SECOND
    placed = [
        word
        for word in timed_words(reference.words, tokenizer)
        if begin <= (word.start + word.end) / 2 < end
    ]
    _check_room(model, tokenizer, [word.word for word in placed], reference.path)
    return _window(mel, tokenizer, placed, start, length)


def script_window(
    model: Whisper,
    mel: LogMel,
    tokenizer: Tokenizer,
    script: Script,
    start: int,
    length: int,
    *,
    label: str,
) -> HeadWindow:
    """A stretch of mel frames and all of a script, which `label` names in messages.

    Raises:
        InputError: the script holds no words, or too many.
    """
    words = [word.encoded for line in script.lines for word in script_words(line, tokenizer)]
    _check_room(model, tokenizer, words, label)
    spans = np.full((len(words), 2), np.nan)
    return HeadWindow(mel, tokenizer, start, length, TimedText(tuple(words), spans))


def _room(model: Whisper, tokenizer: Tokenizer) -> int:
    """How many text tokens the decoder reads beside the start and the end."""
    return model.dims.n_text_ctx - len(tokenizer.sot_sequence_including_notimestamps) - 1


def _check_room(
    model: Whisper, tokenizer: Tokenizer, words: Sequence[WordTokens], label: str
) -> None:
    if not words:
        raise InputError(f"{label} holds no words: give what is said in the recording.")
    count = sum(len(word.tokens) for word in words)
    if count > _room(model, tokenizer):
        raise InputError(
            f"{label} has {count} tokens, but the model reads {_room(model, tokenizer)} at once: "
            f"give what is said in {model.dims.window_seconds:g} s."
        )


def _window(
    mel: LogMel, tokenizer: Tokenizer, placed: Sequence[_Placed], start: int, length: int
) -> HeadWindow:
    offset = start / FRAMES_PER_SECOND
    spans = [
        (word.start - offset, word.end - offset) if word.known else (np.nan, np.nan)
        for word in placed
    ]
    text = TimedText(
        tuple(word.word for word in placed), np.array(spans, dtype=np.float64).reshape(-1, 2)
    )
    return HeadWindow(mel, tokenizer, start, length, text)
