"""Recognition: every window of a recording is decoded, and the words found get rough times."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from subalign.alignment.forced.context import Context
from subalign.alignment.forced.thresholds import RecognitionThresholds
from subalign.alignment.methods import time_texts
from subalign.alignment.pauses import FrameSpan
from subalign.alignment.script_words import script_words
from subalign.alignment.words import WordTokens
from subalign.decoding import DecodingResult, decode
from subalign.mel import FRAMES_PER_SECOND
from subalign.options import DecodingOptions
from subalign.results import Line
from subalign.tokenizer import Tokenizer

__all__ = ["RecognisedSpan", "RecognisedWord", "recognise", "words_of"]


@dataclass(frozen=True, slots=True)
class RecognisedWord:
    """A decoded word; times are seconds of the recording, `evidence` as in `forced.verification`.

    `text` has the space before the word.
    """

    text: str
    start: float
    end: float
    evidence: float


@dataclass(frozen=True, slots=True)
class RecognisedSpan:
    """A span, the words that were decoded in it, and the tokens of each."""

    span: FrameSpan
    words: list[RecognisedWord]
    tokens: list[WordTokens]


def words_of(recognised: Sequence[RecognisedSpan]) -> list[RecognisedWord]:
    """The words of all spans, in order."""
    return [word for item in recognised for word in item.words]


def recognise(
    context: Context,
    spans: Sequence[FrameSpan],
    on_window: Callable[[FrameSpan], None] = lambda _span: None,
) -> list[RecognisedSpan]:
    """Decode every span, which is not longer than a window, without timestamps, and time its words.

    Silent spans give no words. The others' words have the evidence of such as were said, until
    `verify_recognised`.
    """
    model, tokenizer, room = context.model, context.tokenizer, context.text_room
    thresholds = context.thresholds.recognition
    # fast speech takes more than the half of the context that a prompt would leave
    decoding = DecodingOptions(
        language=tokenizer.language or "en", without_timestamps=True, sample_len=room
    )
    recognised: list[RecognisedSpan] = []
    for batch in context.batched(spans):
        # from short windows a sentence may be left out
        encoded = context.encoder.encode(batch, whole=True, keep=True)
        texts = [
            [] if _is_silence(result, thresholds) else _words(result.text, tokenizer, room)
            for result in decode(model, encoded, decoding)
        ]
        # near enough to look for the transcript's words, which are timed later
        timed = time_texts(
            model,
            tokenizer,
            encoded,
            texts,
            [span.length for span in batch],
            context.options,
            cut_pauses=False,
        )
        for span, tokens, timings in zip(batch, texts, timed, strict=True):
            offset = span.start / FRAMES_PER_SECOND
            words = [
                RecognisedWord(
                    word.word, offset + word.start, offset + word.end, thresholds.assumed_evidence
                )
                for word in timings
            ]
            recognised.append(RecognisedSpan(span, words, tokens))
            on_window(span)
    return recognised


def _is_silence(result: DecodingResult, thresholds: RecognitionThresholds) -> bool:
    """Whether the model takes a span for silence; noise before clear speech does not count."""
    return (
        result.no_speech_prob >= thresholds.no_speech
        and result.avg_logprob < thresholds.avg_logprob
    )


def _words(text: str, tokenizer: Tokenizer, room: int) -> list[WordTokens]:
    """The words of a decoded text, as many as fit into the decoder."""
    line = Line(text, ((0, len(text)),))
    words = [word.encoded for word in script_words(line, tokenizer)]
    lengths = accumulate(len(word.tokens) for word in words)
    return [word for word, length in zip(words, lengths, strict=True) if length <= room]
