"""A glossary while windows are decoded: as a prompt, and as terms that are likelier.

A short glossary is told to the model as text before each window. Where something like a term was
heard, the window is decoded once more, with the tokens of these terms likelier; of a long glossary
it is then told these terms.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

import torch

from subalign.decoding import DecodingResult, decode
from subalign.model import EncodedAudio, Whisper
from subalign.options import Term, TranscriptionOptions
from subalign.results import Transcript
from subalign.tokenizer import Tokenizer
from subalign.wording.glossary import correct, near_misses
from subalign.wording.sounds import likeness, plain_letters

__all__ = ["GlossaryDecoder", "GlossaryThresholds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GlossaryThresholds:
    """Numbers of this module, chosen on one half of the names of bench/glossary.py."""

    # tokens; of a longer glossary only what may have been said in some windows is their prompt
    prompt: int = 200
    # likeness to a term (0 to 1) from which on it may have been said in a window
    heard: float = 0.7
    # terms that are likelier in a window at most, and by how much, in logits
    most: int = 8
    bonus: float = 4.0
    # likeness to what was heard before, from which on a term that was heard then is believed
    replaced: float = 0.75


class GlossaryDecoder:
    """The terms of a glossary for one model."""

    def __init__(
        self,
        model: Whisper,
        tokenizer: Tokenizer,
        terms: Sequence[Term],
        thresholds: GlossaryThresholds = GlossaryThresholds(),
    ) -> None:
        self._model = model
        self._terms = terms
        self.corrections: list[tuple[str, str]] = []
        self.thresholds = thresholds
        names = list(dict.fromkeys(term.written for term in terms))
        self._tokens = {name: tuple(tokenizer.encode(" " + name)) for name in names}
        self._tokenizer = tokenizer
        prompt = self._prompt_of(names)
        self.prompt = prompt if len(prompt) <= thresholds.prompt else []

    def _prompt_of(self, names: Iterable[str]) -> list[int]:
        if not self._model.previous_text:
            return []
        return self._tokenizer.encode(f" Glossary: {', '.join(names)}.")

    def decode_again(
        self,
        results: Sequence[DecodingResult],
        encoded: EncodedAudio,
        options: TranscriptionOptions,
        *,
        language: str | None,
        prompt: tuple[int, ...],
        generator: torch.Generator,
        has_failed: Callable[[DecodingResult, TranscriptionOptions], bool],
    ) -> dict[int, DecodingResult]:
        """New results for windows in which a term was found that their results lack."""
        wanted = [self._likely(result.text) for result in results]
        again = [window for window, names in enumerate(wanted) if names]
        if not again:
            return {}
        prompt = self._with_names([wanted[window] for window in again], prompt)
        decoding = options.decoding(0, prompt=prompt, language=language)
        found = decode(
            self._model,
            encoded.select(torch.tensor(again, device=encoded.features.device)),
            decoding,
            generator=generator,
            terms=[[self._tokens[name] for name in wanted[window]] for window in again],
            bonus=self.thresholds.bonus,
        )
        better = {}
        for window, result in zip(again, found, strict=True):
            if not has_failed(result, options):
                merged = self._with_terms(results[window], result, wanted[window])
                if merged is not None:
                    better[window] = merged
        return better

    def _with_terms(
        self, first: DecodingResult, second: DecodingResult, names: Iterable[str]
    ) -> DecodingResult | None:
        """The first result with the second's tokens where these are a term; None where none is."""
        old, new = first.tokens, second.tokens
        spans = {name: _place(self._tokens[name], new) for name in names}
        codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        changed = [code for code in codes if code[0] != "equal"]
        taken: list[tuple[str, int, int, int, int]] = []
        eot = self._tokenizer.eot
        for name, (start, end) in spans.items():
            own = [code for code in changed if code[3] < end and max(code[4], code[3] + 1) > start]
            if not own:
                continue
            heard = self._words(old, own[0][1], own[-1][2])
            alike = likeness(plain_letters(heard), plain_letters(name))
            timeless = all(token < eot for _, i, j, k, m in own for token in (*old[i:j], *new[k:m]))
            if timeless and alike >= self.thresholds.replaced:
                taken += [code for code in own if code not in taken]
                self.corrections.append((heard, name))
        tokens = list(old)
        for _, i, j, k, m in sorted(taken, key=lambda code: -code[1]):
            tokens[i:j] = new[k:m]
        if not taken:
            return None
        return replace(first, tokens=tuple(tokens), text=self._tokenizer.decode(tokens).strip())

    def _words(self, tokens: Sequence[int], first: int, end: int) -> str:
        """The words of which these tokens are parts."""
        begins = [self._tokenizer.decode([token])[:1] in " ,.?!" for token in tokens]
        while first > 0 and not begins[first]:
            first -= 1
        while end < len(tokens) and not begins[end]:
            end += 1
        return self._tokenizer.decode(tokens[first:end]).strip(" ,.?!")

    def correct(self, transcript: Transcript) -> Transcript:
        """The transcript with the spellings of the glossary."""
        found, changes = correct(transcript, self._terms)
        self.corrections += [(change.before, change.after) for change in changes]
        return found

    def _with_names(
        self, wanted: Sequence[Mapping[str, float]], prompt: tuple[int, ...]
    ) -> tuple[int, ...]:
        """A prompt that names what may have been said, the likest first, as many as there is room.

        What is in it already is a short glossary.
        """
        if self.prompt:
            return prompt
        likest: dict[str, float] = {}
        for of_window in wanted:
            for name, found in of_window.items():
                likest[name] = max(found, likest.get(name, 0.0))
        names = sorted(likest, key=lambda name: -likest[name])
        while names and len(told := self._prompt_of(names)) > self.thresholds.prompt:
            names.pop()
        if not names:
            return prompt
        room = self._model.dims.n_text_ctx // 2 - 1 - len(told)
        return (*told, *(prompt[-room:] if room > 0 else ()))

    def _likely(self, text: str) -> dict[str, float]:
        """Terms like which something was heard, with how like; not those that were heard."""
        likest: dict[str, float] = {}
        for miss in near_misses(text, self._terms, self.thresholds.heard):
            likest[miss.term] = max(miss.likeness, likest.get(miss.term, 0.0))
        here = text.casefold()
        missing = [name for name in likest if name.casefold() not in here]
        missing.sort(key=lambda name: -likest[name])
        return {name: likest[name] for name in missing[: self.thresholds.most]}


def _place(term: Sequence[int], tokens: Sequence[int]) -> tuple[int, int]:
    """Where a term stands in tokens, first and end; (-1, -1) where it does not."""
    for first in range(len(tokens) - len(term) + 1):
        if tuple(tokens[first : first + len(term)]) == tuple(term):
            return first, first + len(term)
    return -1, -1
