"""A window whose decoding fails is decoded again, at the next higher temperature.

Radford et al. 2022, section 4.5: a decoding fails where its text compresses too well (it repeats
itself) or where the tokens are too improbable on average.
"""

import torch

from subalign.decoding import DecodingResult, decode
from subalign.model import EncodedAudio, Whisper
from subalign.options import TranscriptionOptions
from subalign.transcription.glossary import GlossaryDecoder
from subalign.transcription.silence import is_silence

__all__ = ["decode_with_fallback"]


def decode_with_fallback(
    model: Whisper,
    encoded: EncodedAudio,
    options: TranscriptionOptions,
    *,
    language: str | None,
    prompt: tuple[int, ...],
    generator: torch.Generator,
    glossary: GlossaryDecoder | None = None,
) -> list[DecodingResult]:
    """Of each window the first decoding that passes the checks, or the last one tried.

    With a glossary, one in which its terms are likelier, where that has one of them and passes.
    """
    found: dict[int, DecodingResult] = {}
    waiting = list(range(encoded.windows))
    for attempt in range(len(options.temperatures)):
        decoding = options.decoding(attempt, prompt=prompt, language=language)
        part = encoded
        if len(waiting) < encoded.windows:
            part = encoded.select(torch.tensor(waiting, device=encoded.features.device))
        results = decode(model, part, decoding, generator=generator)
        found.update(zip(waiting, results, strict=True))
        waiting = [window for window in waiting if _failed(found[window], options)]
        if not waiting:
            break
    if glossary is not None:
        again = glossary.decode_again(
            [found[window] for window in range(encoded.windows)],
            encoded,
            options,
            language=language,
            prompt=prompt,
            generator=generator,
            has_failed=_failed,
        )
        found.update(again)
    return [found[window] for window in range(encoded.windows)]


def _failed(result: DecodingResult, options: TranscriptionOptions) -> bool:
    threshold = options.logprob_threshold
    improbable = threshold is not None and result.avg_logprob < threshold
    if improbable and is_silence(result, options):
        return False
    limit = options.compression_ratio_threshold
    return improbable or (limit is not None and result.compression_ratio > limit)
