"""Verification: was a word said? Its evidence is what the audio adds to its probability.

Each token's log-probability with the audio, less that with the same audio backwards, both under
the same text: what the language model foresees by itself counts for nothing, and nor does that
somebody speaks. Silence in place of the backward audio measures a model's opinion of silence as
well, which differs between models.

A wrong word also harms its neighbours, which share its time, so a window's text is edited
(`edit_text`): it becomes likelier after a word that was not said is left out, and after one that
was said and is lacking is put in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, product

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.forced.recognition import Context, RecognisedSpan, batched
from subalign.alignment.forced.thresholds import VerificationThresholds
from subalign.alignment.teacher_forcing import TokenLikelihoods, token_likelihoods
from subalign.alignment.words import WordTokens
from subalign.model import EncodedAudio
from subalign.tokenizer import Tokenizer

__all__ = [
    "EditedWord",
    "edit_text",
    "smoothed",
    "verify_recognised",
    "word_evidence",
    "word_log_probabilities",
]


def verify_recognised(
    context: Context, recognised: Sequence[RecognisedSpan], used: NDArray[np.float64]
) -> list[RecognisedSpan]:
    """The same with the evidence of words in spans that are not much like the transcript.

    `used` (words,) is the share of each word's letters that the transcript has, for all in order.
    """
    verified = list(recognised)
    edges = np.cumsum([0, *(len(item.words) for item in recognised)])
    least = context.thresholds.recognition.matched_share
    unlike = [
        row
        for row, item in enumerate(recognised)
        if item.words and used[edges[row] : edges[row + 1]].mean() < least
    ]
    for rows in context.batched(unlike):
        spans = [recognised[row].span for row in rows]
        encoded = context.encoder.encode(spans)
        texts = [recognised[row].tokens for row in rows]
        evidence = word_evidence(context, encoded, texts)
        for row, values in zip(rows, evidence, strict=True):
            with_neighbours = smoothed(values, context.thresholds.verification).tolist()
            words = [
                replace(word, evidence=value)
                for word, value in zip(recognised[row].words, with_neighbours, strict=True)
            ]
            verified[row] = replace(recognised[row], words=words)
    return verified


def word_evidence(
    context: Context,
    encoded: EncodedAudio,
    texts: Sequence[Sequence[WordTokens]],
) -> list[NDArray[np.float64]]:
    """For each window the evidence (words,) of each of its words, in nats a spoken token.

    What is heard backwards is one window of the recording, whatever the windows `encoded` are.
    """
    if not any(texts):
        return [np.zeros(0) for _ in texts]
    backwards = context.encoder.encode([context.fullest], backwards=True)
    pairs = zip(
        _token_logs(context, encoded, texts), _token_logs(context, backwards, texts), strict=True
    )
    return [
        _word_means(sound - reversed_sound, words)
        for (sound, reversed_sound), words in zip(pairs, texts, strict=True)
    ]


def word_log_probabilities(
    context: Context, encoded: EncodedAudio, texts: Sequence[Sequence[WordTokens]]
) -> list[NDArray[np.float64]]:
    """For each window the log-probability (words,) of each of its words, in nats a spoken token."""
    logs = _token_logs(context, encoded, texts)
    return [_word_means(values, words) for values, words in zip(logs, texts, strict=True)]


def _token_logs(
    context: Context, encoded: EncodedAudio, texts: Sequence[Sequence[WordTokens]]
) -> list[NDArray[np.float64]]:
    tokens = [[token for word in words for token in word.tokens] for words in texts]
    likelihoods = token_likelihoods(context.model, context.tokenizer, encoded, tokens)
    return [item.logs for item in likelihoods]


def _word_means(values: NDArray[np.float64], words: Sequence[WordTokens]) -> NDArray[np.float64]:
    """The mean (words,) of each word's spoken tokens, of values (tokens,)."""
    means = np.zeros(len(words))
    offset = 0
    for index, word in enumerate(words):
        first, end = word.spoken
        means[index] = values[offset + first : offset + end].mean()
        offset += len(word.tokens)
    return means


def smoothed(
    evidence: NDArray[np.float64], thresholds: VerificationThresholds = VerificationThresholds()
) -> NDArray[np.float64]:
    """Each word's evidence with that of the words around it (words,)."""
    if not evidence.size:
        return evidence
    kernel = np.array(thresholds.weights)
    reach = kernel.size // 2
    inside = slice(reach, reach + evidence.size)
    limited = np.clip(evidence, -thresholds.most, thresholds.most)
    weights = np.convolve(np.ones(evidence.size), kernel)[inside]
    return np.convolve(limited, kernel)[inside] / weights


# edits of a window's text


@dataclass(frozen=True, slots=True)
class EditedWord:
    """A word of a window; `index` is its number in the text given, None of a word put in."""

    index: int | None
    word: WordTokens


@dataclass(frozen=True, slots=True)
class _Edit:
    """Words from `first` to before `end` give way to a new word, or to nothing."""

    first: int
    end: int
    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Gain:
    """By how much (nats) an edit makes the text likelier, and, of that, the words after it."""

    edit: _Edit
    whole: float
    after: float


def edit_text(
    context: Context,
    encoded: EncodedAudio,
    words: Sequence[WordTokens],
    evidence: NDArray[np.float64],
) -> list[EditedWord]:
    """The words as they were probably said in the one window `encoded`.

    `evidence` (words,) is that of `word_evidence`.
    """
    unchanged = [EditedWord(index, word) for index, word in enumerate(words)]
    if len(words) < 2:
        return unchanged
    thresholds = context.thresholds.edits
    editor = _Editor(context, encoded, words)
    edits = [*editor.deletions(evidence), *editor.insertions()][: thresholds.most_edits]
    accepted = _compatible(editor.gains(edits), thresholds.least_gain)
    edited = list(unchanged)
    for edit in sorted(accepted, key=lambda edit: -edit.first):
        new = [EditedWord(None, _word(edit.tokens, context.tokenizer))] if edit.tokens else []
        edited[edit.first : edit.end] = new
    n_tokens = sum(len(item.word.tokens) for item in edited)
    return edited if edited and n_tokens <= context.text_room else unchanged


def _after(edit: _Edit) -> int:
    """The first word that tells of an edit by how likely it is after it, in the text as it was.

    The word beside it tells of an edit itself.
    """
    return max(edit.first + 1, edit.end)


def _word(tokens: tuple[int, ...], tokenizer: Tokenizer) -> WordTokens:
    return WordTokens(tokenizer.decode(tokens), tokens, (0, len(tokens)))


def _compatible(gains: Sequence[_Gain], least: float) -> list[_Edit]:
    """The edits that gain enough, the best first, none beside a better one."""
    taken: set[int] = set()
    accepted = []
    for gain in sorted(gains, key=lambda gain: -gain.whole):
        edit = gain.edit
        around = set(range(edit.first - 1, edit.end + 2))
        if gain.whole > least and gain.after > 0 and not around & taken:
            accepted.append(edit)
            taken |= set(range(edit.first, edit.end + 1))
    return accepted


class _Editor:
    """A window's text, and how likely it is with and without edits."""

    def __init__(
        self, context: Context, encoded: EncodedAudio, words: Sequence[WordTokens]
    ) -> None:
        self._context, self._encoded = context, encoded
        self._tokenizer, self._room = context.tokenizer, context.text_room
        self._thresholds = context.thresholds.edits
        self._tokens = tuple(token for word in words for token in word.tokens)
        self._offsets = [0, *accumulate(len(word.tokens) for word in words)]
        [likelihoods] = self._likelihoods([self._tokens], [0])
        self._logs, self._likeliest = likelihoods.logs, likelihoods.likeliest

    def _likelihoods(
        self, texts: Sequence[Sequence[int]], first: Sequence[int]
    ) -> Iterator[TokenLikelihoods]:
        """What the model thinks of texts (tokens) from the `first` of each on, some at once."""
        size, model = self._thresholds.batch, self._context.model
        for some, begins in zip(batched(texts, size), batched(first, size), strict=True):
            yield from token_likelihoods(model, self._tokenizer, self._encoded, some, begins)

    def deletions(self, evidence: NDArray[np.float64]) -> list[_Edit]:
        """Leave out words that little speaks for, the least first; the last has none after it."""
        offsets = np.array(self._offsets[:-2])
        doubted = (evidence[:-1] < self._thresholds.undoubted) | (
            self._logs[offsets] < self._thresholds.surprise
        )
        order = np.argsort(evidence[:-1], kind="stable")
        single = [_Edit(n, n + 1, ()) for n in order[doubted[order]].tolist()]
        limits = self._context.thresholds.verification
        return [*self._runs(smoothed(evidence, limits) < limits.evidence), *single]

    def _runs(self, unverified: NDArray[np.bool_]) -> Iterator[_Edit]:
        """Leave out words in a row that were not said: all, or all but those at the ends."""
        edges = np.flatnonzero(np.diff(unverified, prepend=False, append=False))
        kept = range(self._thresholds.kept_at_ends + 1)
        for first, end in edges.reshape(-1, 2).tolist():
            for before, after in product(kept, kept):
                begin, stop = first + before, end - after
                if stop - begin >= self._thresholds.least_run and stop < unverified.size:
                    yield _Edit(begin, stop, ())

    def insertions(self) -> Iterator[_Edit]:
        """Put in what the model foresees before words that surprise it."""
        offsets = np.array(self._offsets[1:-1])
        indices = 1 + np.flatnonzero(self._logs[offsets] < self._thresholds.surprise)
        foreseen = self._foreseen([self._offsets[index] for index in indices])
        for index, tokens in zip(indices.tolist(), foreseen, strict=True):
            present = self._tokens[self._offsets[index] :][: len(tokens)]
            fits = len(self._tokens) + len(tokens) <= self._room
            if fits and tokens != present and self._is_word(tokens):
                yield _Edit(index, index, tokens)

    def gains(self, edits: Sequence[_Edit]) -> list[_Gain]:
        """By how much each edit makes the text likelier."""
        texts = [self._edited(edit) for edit in edits]
        # texts of a like length are read at once
        order = sorted(range(len(edits)), key=lambda n: len(texts[n]))
        likelihoods = self._likelihoods(
            [texts[n] for n in order], [self._offsets[edits[n].first] for n in order]
        )
        gains = {
            n: self._gain(edits[n], item.logs) for n, item in zip(order, likelihoods, strict=True)
        }
        return [gains[n] for n in range(len(edits))]

    def _edited(self, edit: _Edit) -> tuple[int, ...]:
        """The edited text, up to the last word that tells whether the edit makes sense."""
        return (
            *self._tokens[: self._offsets[edit.first]],
            *edit.tokens,
            *self._tokens[self._offsets[edit.end] : self._offsets[self._last(edit)]],
        )

    def _last(self, edit: _Edit) -> int:
        """The word before which what tells of an edit ends."""
        return min(_after(edit) + self._thresholds.words_after, len(self._offsets) - 1)

    def _gain(self, edit: _Edit, logs: NDArray[np.float64]) -> _Gain:
        """What an edit gains if the edited text has these log-probabilities (tokens,) there."""
        later = self._gain_of(edit, logs, _after(edit), self._last(edit))
        first, end = self._offsets[edit.first], self._offsets[edit.end]
        # the words of the edit: as they are put in, against as they were
        own = logs[: len(edit.tokens)].sum() - self._logs[first:end].sum()
        own += self._gain_of(edit, logs, edit.end, _after(edit))
        rarity = (
            self._thresholds.rarity_inserted
            if edit.tokens
            else self._thresholds.rarity_deleted * (edit.end - edit.first)
        )
        return _Gain(edit, float(own) + later - rarity, later)

    def _gain_of(self, edit: _Edit, logs: NDArray[np.float64], first: int, end: int) -> float:
        """What the words from `first` to before `end`, after an edit, gain by it."""
        at, until = self._offsets[first], self._offsets[end]
        shift = len(edit.tokens) - self._offsets[edit.end]
        return float(logs[at + shift : until + shift].sum() - self._logs[at:until].sum())

    def _foreseen(self, offsets: Sequence[int]) -> list[tuple[int, ...]]:
        """The likeliest word (as tokens) after the tokens before each offset; maybe empty."""
        # the first token is known already
        found = [[int(self._likeliest[offset])] for offset in offsets]
        # where the text would end, no word is foreseen: the end is no token of a text
        going = [tokens[0] < self._tokenizer.eot for tokens in found]
        running = [row for row, goes_on in enumerate(going) if goes_on]
        for _ in range(self._thresholds.longest_word):
            texts = [(*self._tokens[: offsets[row]], *found[row]) for row in running]
            if any(len(text) > self._room for text in texts):
                return [()] * len(offsets)
            going_on = []
            ends = [len(text) for text in texts]
            for row, likelihoods in zip(running, self._likelihoods(texts, ends), strict=True):
                token = int(likelihoods.likeliest[-1])
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
