"""Token targets as Whisper's, where each token should be heard, and letters for CTC."""

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from subalign.tokenizer import Tokenizer
from training.config import WindowConfig
from training.data.shards import Utterance
from training.data.windows import POSITIONS_PER_SECOND, Placed, Window
from training.synthesis.text import plain

__all__ = ["IGNORED", "LETTERS", "Interval", "Targets", "make_targets"]

IGNORED = -100
LETTERS = "abcdefghijklmnopqrstuvwxyz' "  # CTC symbol 0 is the blank, the first letter is 1

_LONGEST_PROMPT = 60  # tokens
_TIMESTAMP_REACH = 0.03  # seconds

Interval = tuple[float, float]
_NOWHERE: Interval = (float("nan"), float("nan"))


@dataclass(frozen=True, slots=True)
class Targets:
    """One window's decoder input and output, row by row.

    `intervals` says where in the crop (positions of 20 ms, NaN for anywhere) the token that a row
    predicts is heard. `letters` are CTC symbols.
    """

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    intervals: tuple[Interval, ...]
    letters: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    token: int
    interval: Interval = _NOWHERE


def make_targets(
    window: Window,
    tokenizer: Tokenizer,
    rng: np.random.Generator,
    config: WindowConfig,
    earlier: Utterance,
) -> Targets:
    """Targets of a window; `earlier` may become the prompt before it."""
    prompt: list[int] = []
    if rng.random() < config.prompt_share:
        text = tokenizer.encode(" " + earlier.text)[-_LONGEST_PROMPT:]
        prompt = [tokenizer.sot_prev, *text]
    timestamps = rng.random() < config.timestamps_share
    if not window.utterances:
        return _no_speech_targets(window, tokenizer, prompt, timestamps)
    if timestamps:
        pieces = _timestamped(window, tokenizer)
    else:
        pieces = [_Piece(tokenizer.no_timestamps), *_plain_text(window, tokenizer)]
    pieces.append(_Piece(tokenizer.eot, _after_last(window)))
    start = [*prompt, *tokenizer.sot_sequence]
    outputs = [piece.token for piece in pieces]
    ignored = len(start) - 1
    return Targets(
        inputs=(*start, *outputs[:-1]),
        outputs=(*[IGNORED] * ignored, *outputs),
        intervals=(*[_NOWHERE] * ignored, *(piece.interval for piece in pieces)),
        letters=_letters(window),
    )


def _no_speech_targets(
    window: Window, tokenizer: Tokenizer, prompt: list[int], timestamps: bool
) -> Targets:
    """`<|nospeech|>` after the start, and the end after whatever the decoder then must take."""
    taken = tokenizer.timestamp_begin + window.place if timestamps else tokenizer.no_timestamps
    start = [*prompt, *tokenizer.sot_sequence]
    return Targets(
        inputs=(*start, taken),
        outputs=(*[IGNORED] * (len(start) - 1), tokenizer.no_speech, tokenizer.eot),
        intervals=(_NOWHERE,) * (len(start) + 1),
        letters=(),
    )


def _timestamped(window: Window, tokenizer: Tokenizer) -> list[_Piece]:
    """Each utterance between its timestamps; one that the end cuts gets its first alone."""
    pieces: list[_Piece] = []
    for n, placed in enumerate(window.utterances):
        start, end = _bounds(placed)
        pieces.append(_timestamp_piece(window, tokenizer, start))
        if placed.cut:
            break
        pieces += _utterance_pieces(window, tokenizer, n)
        pieces.append(_timestamp_piece(window, tokenizer, min(end, window.seconds)))
    return pieces


def _timestamp_piece(window: Window, tokenizer: Tokenizer, seconds: float) -> _Piece:
    """A timestamp, heard where it points to."""
    near = seconds - _TIMESTAMP_REACH, seconds + _TIMESTAMP_REACH
    return _Piece(_timestamp(window, tokenizer, seconds), _positions(near))


def _plain_text(window: Window, tokenizer: Tokenizer) -> list[_Piece]:
    return [
        piece
        for n in range(len(window.utterances))
        for piece in _utterance_pieces(window, tokenizer, n)
    ]


def _utterance_pieces(window: Window, tokenizer: Tokenizer, index: int) -> list[_Piece]:
    """Tokens of the words that end within the crop, with where they are heard."""
    placed = window.utterances[index]
    spans = _spans(placed)
    words = placed.utterance.text.split()[: _n_complete(window, placed)]
    pieces: list[_Piece] = []
    for n, word in enumerate(words):
        tokens = tokenizer.encode(" " + word)
        kinds = [_kind(tokenizer, token) for token in tokens]
        own = spans[n]
        pause = _pause_after(window, index, spans, n)
        spoken = False
        for token, letters in zip(tokens, kinds, strict=True):
            spoken = spoken or letters
            interval = own if letters else pause if spoken else None
            pieces.append(_Piece(token, _NOWHERE if interval is None else _positions(interval)))
    return pieces


def _kind(tokenizer: Tokenizer, token: int) -> bool:
    """Whether a token holds letters."""
    return any(
        c.isalnum()
        for c in tokenizer.encoding.decode_single_token_bytes(token).decode(errors="replace")
    )


def _pause_after(
    window: Window, index: int, spans: list[tuple[float, float] | None], n: int
) -> tuple[float, float] | None:
    """The silence from the end of a word to the start of the next, if both are known."""
    own = spans[n]
    if own is None:
        return None
    if n + 1 < len(spans):
        following = spans[n + 1]
        return None if following is None else _at_least_a_frame(own[1], following[0])
    if index + 1 < len(window.utterances):
        first = _spans(window.utterances[index + 1])[0]
        return None if first is None else _at_least_a_frame(own[1], first[0])
    return _at_least_a_frame(own[1], window.audio_seconds)


def _after_last(window: Window) -> Interval:
    """Where the end of the text is heard: in what follows the last word."""
    placed = window.utterances[-1]
    n = _n_complete(window, placed) - 1
    spans = _spans(placed)
    if placed.cut or n < 0:
        return _NOWHERE
    pause = _pause_after(window, len(window.utterances) - 1, spans, n)
    return _NOWHERE if pause is None else _positions(pause)


def _at_least_a_frame(start: float, end: float) -> tuple[float, float]:
    half = 0.5 / POSITIONS_PER_SECOND
    if end - start >= 2 * half:
        return start, end
    middle = (start + end) / 2
    return middle - half, middle + half


def _n_complete(window: Window, placed: Placed) -> int:
    """How many words end within the crop; an untimed one counts if the next timed one does."""
    spans = _spans(placed)
    if not placed.cut:
        return len(spans)
    ends = [span[1] for span in spans if span is not None]
    within = bisect_right(ends, window.seconds)
    timed = [n for n, span in enumerate(spans) if span is not None]
    return timed[within - 1] + 1 if within else 0


def _bounds(placed: Placed) -> tuple[float, float]:
    spans = _spans(placed)
    first = spans[0][0] if spans[0] is not None else placed.start
    last = spans[-1][1] if spans[-1] is not None else placed.end
    return first, last


def _spans(placed: Placed) -> list[tuple[float, float] | None]:
    at = placed.start
    return [None if s is None else (at + s[0], at + s[1]) for s in placed.utterance.spans]


def _positions(interval: tuple[float, float]) -> Interval:
    return interval[0] * POSITIONS_PER_SECOND, interval[1] * POSITIONS_PER_SECOND


def _timestamp(window: Window, tokenizer: Tokenizer, seconds: float) -> int:
    return tokenizer.timestamp_begin + window.place + round(seconds * POSITIONS_PER_SECOND)


def _letters(window: Window) -> tuple[int, ...]:
    texts = (
        " ".join(placed.utterance.text.split()[: _n_complete(window, placed)])
        for placed in window.utterances
    )
    return tuple(LETTERS.index(c) + 1 for c in plain(" ".join(texts)))
