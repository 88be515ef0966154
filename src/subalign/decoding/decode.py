"""A batch of encoded windows to text (Radford et al. 2022, section 4.5)."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from subalign.decoding.language import LanguageGuess, detect_language
from subalign.decoding.rules import LikelierTerms, LogitRule, logit_rules
from subalign.decoding.search import Candidate, TokenSearch, token_search
from subalign.decoding.tokens import InitialTokens, check_language, initial_tokens, tokenizer_of
from subalign.model import DecoderCache, EncodedAudio, Whisper
from subalign.options import DecodingOptions
from subalign.tokenizer import Tokenizer

__all__ = [
    "DecodingResult",
    "compression_ratio",
    "decode",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodingThresholds:
    """When it is asked which windows of a batch have ended, and when these leave it."""

    # steps: a GPU would wait for the answer, a processor would do a step for nothing
    steps_on_gpu: int = 8
    # share of the windows: a copy of the others costs less than their rows in the steps to come
    ended: float = 0.25


@dataclass(frozen=True, slots=True)
class DecodingResult:
    """The tokens of one window and how sure the model is of them.

    `avg_logprob` is the summed log-probability over tokens and the final endoftext, divided by
    their number. `language_probability` is 1 where the language was given.
    """

    tokens: tuple[int, ...]
    text: str
    language: str
    language_probability: float
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


_THRESHOLDS = DecodingThresholds()


@torch.inference_mode()
def decode(
    model: Whisper,
    encoded: EncodedAudio,
    options: DecodingOptions = DecodingOptions(),
    *,
    generator: torch.Generator | None = None,
    terms: Sequence[Sequence[tuple[int, ...]]] = (),
    bonus: float = 0.0,
) -> list[DecodingResult]:
    """Decode every window of a batch with the same options.

    Where no language is given, a multilingual model guesses one for each window. `generator` (on
    the model's device) makes sampling repeatable. `terms` are what may be said in each window, as
    tokens, which are likelier by `bonus` (in logits).

    Raises:
        UsageError: the model cannot do the task or the language, or a suppressed token is unknown.
    """
    check_language(model, options.language, options.task)
    guesses = None
    if model.multilingual and options.language is None:
        guesses = detect_language(model, encoded)
    tokenizer = tokenizer_of(model, options.language or "en", options.task)
    initial = initial_tokens(tokenizer, options, model.dims.n_text_ctx)
    prompt = _prompt(model, tokenizer, initial, guesses, encoded.windows)
    search = token_search(
        options,
        encoded.windows,
        tokenizer.eot,
        n_text_ctx=model.dims.n_text_ctx,
        device=model.device,
        generator=generator,
    )
    likelier = None
    if any(terms):
        likelier = LikelierTerms(terms, search.group, bonus, model.device)
    rules = logit_rules(model, tokenizer, options, likelier)
    candidates, no_speech = _sample(
        model, tokenizer, encoded, options, prompt, initial, search, rules
    )
    best = [_best(of_window, options.length_penalty) for of_window in candidates]
    languages = [(guess.language, guess.probability) for guess in guesses or ()] or [
        (tokenizer.language or "en", 1.0)
    ] * encoded.windows
    return [
        _result(tokenizer, options, *row) for row in zip(best, languages, no_speech, strict=True)
    ]


def _prompt(
    model: Whisper,
    tokenizer: Tokenizer,
    initial: InitialTokens,
    guesses: Sequence[LanguageGuess] | None,
    windows: int,
) -> Tensor:
    """Initial tokens of every window (windows, n), each with its own language."""
    prompt = torch.tensor(initial.tokens, device=model.device).repeat(windows, 1)
    if guesses is not None:
        own = [tokenizer.to_language_token(guess.language) for guess in guesses]
        prompt[:, initial.sot_index + 1] = torch.tensor(own, device=model.device)
    return prompt


def _sample(
    model: Whisper,
    tokenizer: Tokenizer,
    encoded: EncodedAudio,
    options: DecodingOptions,
    prompt: Tensor,
    initial: InitialTokens,
    search: TokenSearch,
    rules: Sequence[LogitRule],
) -> tuple[list[list[Candidate]], list[float]]:
    """Each window's candidates and no-speech probability.

    Windows that have ended leave the batch, some at a time: every row costs a processor time.
    """
    n_text_ctx = model.dims.n_text_ctx
    decoder = model.decoder
    cache = model.new_cache(encoded.windows * search.group)
    hidden = decoder.hidden(prompt, encoded, cache)
    at_start = decoder.logits(hidden[:, initial.sot_index]).softmax(dim=1)
    no_speech = at_start[:, tokenizer.no_speech]
    logits = decoder.logits(hidden[:, -1]).repeat_interleave(search.group, dim=0)
    room = n_text_ctx + 1 - prompt.shape[1]
    limit = min(options.sample_len or n_text_ctx // 2, room)
    tokens = torch.full((cache.rows, limit), tokenizer.eot, device=model.device)
    between = _THRESHOLDS.steps_on_gpu if model.device.type == "cuda" else 1
    windows = list(range(encoded.windows))
    found: dict[int, list[Candidate]] = {}
    for step in range(limit):
        chosen = _choose(rules, search, cache, logits, tokens, step)
        if step + 1 == limit:
            break
        if step % between == between - 1:
            ended = search.ended().tolist()
            if all(ended):
                break
            if sum(ended) >= _THRESHOLDS.ended * len(windows):
                found.update(zip(windows, search.candidates(tokens[:, : step + 1]), strict=True))
                kept = torch.tensor([n for n, end in enumerate(ended) if not end])
                kept = kept.to(model.device)
                windows = [windows[n] for n in kept.tolist()]
                # (kept windows, group) to (rows,)
                rows = (kept[:, None] * search.group + search.places).flatten()
                encoded, tokens, chosen = encoded.select(kept), tokens[rows], chosen[rows]
                cache.select(rows)
                search.select(kept)
                for rule in rules:
                    rule.select(rows)
        logits = decoder(chosen[:, None], encoded, cache)[:, 0]
    found.update(zip(windows, search.candidates(tokens[:, : step + 1]), strict=True))
    return [found[window] for window in sorted(found)], no_speech.tolist()


def _choose(
    rules: Sequence[LogitRule],
    search: TokenSearch,
    cache: DecoderCache,
    logits: Tensor,
    tokens: Tensor,
    step: int,
) -> Tensor:
    """The next token of each row (rows,), written to `tokens`, whose rows go on where they do."""
    sampled = tokens[:, :step]
    for rule in rules:
        rule.apply(logits, sampled)
    chosen, source = search.choose(logits, sampled)
    if source is not None:
        sampled.copy_(sampled[source])
        cache.reorder(source)
    tokens[:, step] = chosen
    return chosen


def _best(candidates: Sequence[Candidate], length_penalty: float | None) -> Candidate:
    """The candidate of the highest score a token, or after Wu et al. 2016 (section 7) a penalty."""

    def score(candidate: Candidate) -> float:
        length = len(candidate.tokens)
        if length_penalty is not None:
            penalty: float = ((5 + length) / 6) ** length_penalty
            return candidate.sum_logprob / penalty
        return candidate.sum_logprob / length if length else -torch.inf

    return max(candidates, key=score)


def _result(
    tokenizer: Tokenizer,
    options: DecodingOptions,
    best: Candidate,
    language: tuple[str, float],
    no_speech: float,
) -> DecodingResult:
    text = tokenizer.decode(best.tokens).strip()
    return DecodingResult(
        tokens=best.tokens,
        text=text,
        language=language[0],
        language_probability=language[1],
        temperature=options.temperature,
        avg_logprob=best.sum_logprob / (len(best.tokens) + 1),
        compression_ratio=compression_ratio(text),
        no_speech_prob=no_speech,
    )


def compression_ratio(text: str) -> float:
    """Bytes of `text` over its zlib-compressed bytes: high where the text repeats itself."""
    data = text.encode("utf-8")
    return len(data) / len(zlib.compress(data))
