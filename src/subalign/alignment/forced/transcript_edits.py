"""A window's text as it was probably said: without words too many, with words that are lacking.

A wrong word also harms its neighbours, which share its time. The model tells: text becomes likelier
after a word that was not said is left out, and after one that was said and is lacking is put in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, product

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.forced.verification import HEARD, smoothed
from subalign.alignment.teacher_forcing import text_room, token_likelihoods
from subalign.alignment.words import WordTokens
from subalign.model import EncodedAudio, Whisper
from subalign.tokenizer import Tokenizer

__all__ = ["RepairedWord", "repair"]

# the words after a place that tell whether a change makes sense
_WORDS_AFTER = 4

# logarithms (nats): how rare a word that is lacking is, and one too many, which may be any word
_RARITY_WITH, _RARITY_WITHOUT = 3.0, 13.0

# nats beyond that which a change must gain
_LEAST_GAIN = 2.0

# words with more evidence (nats a token) are not doubted
_UNDOUBTED = 2.5

# a word whose first token is less likely than this may be one too many, or lack one before it
_SURPRISE = -2.5

# tokens that a word put in may have
_LONGEST_WORD = 6

# changes tried in a window, and texts that are read at once
_MOST_CHANGES = 160
_ROWS = 12


@dataclass(frozen=True, slots=True)
class RepairedWord:
    """A word of a window; `place` is its number in the text given, None of a word put in."""

    place: int | None
    word: WordTokens


@dataclass(frozen=True, slots=True)
class _Change:
    """Words from `first` to before `end` give way to a new word, or to nothing."""

    first: int
    end: int
    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Gain:
    """By how much (nats) a change makes the text likelier, and, of that, the words after it."""

    change: _Change
    whole: float
    after: float

    @property
    def is_enough(self) -> bool:
        return self.whole > _LEAST_GAIN and self.after > 0


def repair(
    model: Whisper,
    tokenizer: Tokenizer,
    encoded: EncodedAudio,
    words: Sequence[WordTokens],
    evidence: NDArray[np.float64],
) -> list[RepairedWord]:
    """The words as they were probably said in the one window `encoded`.

    `evidence` (words,) is that of `word_evidence`.
    """
    unchanged = [RepairedWord(place, word) for place, word in enumerate(words)]
    if len(words) < 2:
        return unchanged
    text = _Text(model, tokenizer, encoded, words)
    changes = [*text.without(evidence), *text.with_more()][:_MOST_CHANGES]
    accepted = _compatible(text.gains(changes))
    repaired = list(unchanged)
    for change in sorted(accepted, key=lambda change: -change.first):
        new = [RepairedWord(None, _word(change.tokens, tokenizer))] if change.tokens else []
        repaired[change.first : change.end] = new
    n_tokens = sum(len(item.word.tokens) for item in repaired)
    return repaired if repaired and n_tokens <= text_room(model, tokenizer) else unchanged


def _word(tokens: tuple[int, ...], tokenizer: Tokenizer) -> WordTokens:
    return WordTokens(tokenizer.decode(tokens), tokens, (0, len(tokens)))


def _compatible(gains: Sequence[_Gain]) -> list[_Change]:
    """The changes that gain enough, the best first, none beside a better one."""
    taken: set[int] = set()
    accepted = []
    for gain in sorted(gains, key=lambda gain: -gain.whole):
        change = gain.change
        around = set(range(change.first - 1, change.end + 2))
        if gain.is_enough and not around & taken:
            accepted.append(change)
            taken |= set(range(change.first, change.end + 1))
    return accepted


class _Text:
    """A window's text, as it is read with and without changes."""

    def __init__(
        self,
        model: Whisper,
        tokenizer: Tokenizer,
        encoded: EncodedAudio,
        words: Sequence[WordTokens],
    ) -> None:
        self._model, self._tokenizer, self._encoded = model, tokenizer, encoded
        self._tokens = tuple(token for word in words for token in word.tokens)
        self._offsets = [0, *accumulate(len(word.tokens) for word in words)]
        [read] = token_likelihoods(model, tokenizer, encoded, [self._tokens])
        self._logs, self._likeliest = read.logs, read.likeliest
        self._room = text_room(model, tokenizer)

    def without(self, evidence: NDArray[np.float64]) -> list[_Change]:
        """Leave out words that little speaks for, the least first; the last has none after it."""
        offsets = np.array(self._offsets[:-2])
        doubted = (evidence[:-1] < _UNDOUBTED) | (self._logs[offsets] < _SURPRISE)
        order = np.argsort(evidence[:-1], kind="stable")
        single = [_Change(n, n + 1, ()) for n in order[doubted[order]].tolist()]
        return [*self._without_runs(smoothed(evidence) < HEARD.evidence), *single]

    def _without_runs(self, unheard: NDArray[np.bool_]) -> Iterator[_Change]:
        """Leave out words in a row that were not heard: all, or all but those at the ends."""
        edges = np.flatnonzero(np.diff(unheard, prepend=False, append=False))
        for first, end in edges.reshape(-1, 2).tolist():
            for begin, stop in product((first, first + 1, first + 2), (end, end - 1, end - 2)):
                if stop - begin >= 2 and stop < unheard.size:
                    yield _Change(begin, stop, ())

    def with_more(self) -> Iterator[_Change]:
        """Put in what the model foresees before words that surprise it."""
        offsets = np.array(self._offsets[1:-1])
        places = 1 + np.flatnonzero(self._logs[offsets] < _SURPRISE)
        foreseen = self._foreseen([self._offsets[place] for place in places])
        for place, tokens in zip(places.tolist(), foreseen, strict=True):
            own = self._tokens[self._offsets[place] :][: len(tokens)]
            fits = len(self._tokens) + len(tokens) <= self._room
            if fits and tokens != own and self._is_word(tokens):
                yield _Change(place, place, tokens)

    def gains(self, changes: Sequence[_Change]) -> list[_Gain]:
        """By how much each change makes the words after it likelier."""
        changed = [
            (
                *self._tokens[: self._offsets[change.first]],
                *change.tokens,
                *self._tokens[self._offsets[change.end] :],
            )
            for change in changes
        ]
        gains = []
        for start in range(0, len(changes), _ROWS):
            rows = changed[start : start + _ROWS]
            read = token_likelihoods(self._model, self._tokenizer, self._encoded, rows)
            for change, row in zip(changes[start:], read, strict=False):
                after = max(change.first + 1, change.end)
                later = self._gain(row.logs, after, after + _WORDS_AFTER)
                first, end = self._offsets[change.first], self._offsets[change.end]
                # the words of the change: as they are put in, against as they were
                own = (
                    row.logs[first : first + len(change.tokens)].sum() - self._logs[first:end].sum()
                )
                own += self._gain(row.logs, change.end, after)
                left_out = change.end - change.first
                prior = _RARITY_WITH if change.tokens else _RARITY_WITHOUT * left_out
                gains.append(_Gain(change, float(own) + later - prior, later))
        return gains

    def _gain(self, logs: NDArray[np.float64], first: int, end: int) -> float:
        """What the words from `first` to before `end` gain if the text is read with these logs."""
        n_words = len(self._offsets) - 1
        at, until = self._offsets[min(first, n_words)], self._offsets[min(end, n_words)]
        shift = logs.size - len(self._tokens)
        return float(logs[at + shift : until + shift].sum() - self._logs[at:until].sum())

    def _foreseen(self, offsets: Sequence[int]) -> list[tuple[int, ...]]:
        """The likeliest word (as tokens) after the tokens before each offset; maybe empty."""
        # the first token is known already
        found = [[int(self._likeliest[offset])] for offset in offsets]
        # where the text would end, no word is foreseen: the end is no token of a text
        going = [tokens[0] < self._tokenizer.eot for tokens in found]
        running = [row for row, goes_on in enumerate(going) if goes_on]
        for _ in range(_LONGEST_WORD):
            following: list[int] = []
            for start in range(0, len(running), _ROWS):
                rows = running[start : start + _ROWS]
                texts = [(*self._tokens[: offsets[row]], *found[row]) for row in rows]
                if max(map(len, texts)) > self._room:
                    return [()] * len(offsets)
                read = token_likelihoods(self._model, self._tokenizer, self._encoded, texts)
                following += [int(item.likeliest[-1]) for item in read]
            going_on = []
            for row, token in zip(running, following, strict=True):
                if not self._begins_word(token):
                    found[row].append(token)
                    going_on.append(row)
            running = going_on
            if not running:
                break
        # what does not end is no word
        endless = set(running)
        return [
            tuple(tokens) if goes_on and row not in endless else ()
            for row, (tokens, goes_on) in enumerate(zip(found, going, strict=True))
        ]

    def _is_word(self, tokens: Sequence[int]) -> bool:
        """Whether something is said, and is no other end of the word before it."""
        text = self._tokenizer.decode(tokens)
        apart = not self._tokenizer.spaced or text[:1].isspace()
        return apart and any(char.isalnum() for char in text)

    def _begins_word(self, token: int) -> bool:
        if token >= self._tokenizer.eot:
            return True
        first = self._tokenizer.encoding.decode_single_token_bytes(token)[:1]
        return not first.isalpha() and first != b"'" and first < b"\x80"
