"""The words of a transcript's lines: as they are written, and as tokens that the model reads.

In languages with spaces a word is what stands between two of them; in languages without, what the
tokenizer cuts off. A piece without a letter, a digit or a sign that is spoken ("—", "…", "♪") is no
word: it is joined to the word before it, or to the next where it opens something or comes first.
Text in capitals is read in sentence case, as models hardly know words in capitals
(`in_sentence_case`).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from subalign.alignment.words import WordTokens
from subalign.results import Line
from subalign.tokenizer import Tokenizer
from subalign.tokenizer.words import split_on_characters

__all__ = ["CapitalsThresholds", "ScriptWord", "in_sentence_case", "script_words"]

# signs that are spoken: "and", "percent", "plus"; currencies are told by their category
_SPOKEN_SIGNS = frozenset("&%‰@+=°§№")

# soft hyphen, spaces of no width, marks of direction: the model never saw them in a word
_INVISIBLE = frozenset("\u00ad\u200b\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e")

# A longer word is no word, but text of another script: it is cut at characters.
_MAX_TOKENS = 48

# The first letter of a script without spaces (Thai); those of scripts with spaces come before it.
_THAI = "\u0e00"

_LINE_BREAK = re.compile(r"[\r\n]")
_SPACE = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class ScriptWord:
    """A word of a line as it is written and as the model reads it.

    `before` and `after` stand beside the word and nobody speaks them. `text` has the space before
    the word, where there is one, and its punctuation. `before + text + after`, joined over the
    words of a line, is the line's text. `encoded.text` is the part of `text` that is spoken,
    in languages with spaces with one before it, as in running text.
    """

    before: str
    text: str
    after: str
    encoded: WordTokens


def script_words(
    line: Line, tokenizer: Tokenizer, model_text: str | None = None
) -> tuple[ScriptWord, ...]:
    """The words of a line; none where nothing of it is spoken.

    `model_text` is the line's text as the model reads it, letter for letter; None is as written.
    """
    pieces: list[_Piece] = []
    for run in _runs(_characters(line, line.text if model_text is None else model_text)):
        if tokenizer.spaced:
            space = "" if pieces and _inside_word(line, pieces[-1], run[0]) else " "
            pieces += _spaced(run, space, tokenizer)
        else:
            pieces += _unspaced(run, tokenizer)
    return tuple(_written(line, _attach_unspoken(line, pieces), tokenizer))


@dataclass(frozen=True, slots=True)
class _Character:
    """One letter with its accents: where it stands in the line, and how the model reads it."""

    text: str
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class _Piece:
    """Part of a line (first, end), what of it is spoken, and the tokens of that."""

    first: int
    end: int
    text: str
    tokens: tuple[int, ...]


def _characters(line: Line, model_text: str) -> Iterator[_Character]:
    """The characters that are spoken, as they are read.

    Accents are composed (NFC), every kind of space is " ".
    """
    for first, end in line.spoken:
        at = first
        while at < end:
            start, at = at, at + 1
            while at < end and _continues(line.text[at]):
                at += 1
            written = "".join(char for char in model_text[start:at] if char not in _INVISIBLE)
            text = unicodedata.normalize("NFC", written)
            if text:
                yield _Character(_readable(text), start, at)


def _continues(char: str) -> bool:
    return unicodedata.category(char)[0] == "M" or char in _INVISIBLE


def _readable(text: str) -> str:
    if text.isspace():
        return " "
    # half of a surrogate pair has no bytes
    return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)


def _runs(characters: Iterable[_Character]) -> Iterator[list[_Character]]:
    """Characters that follow each other, nothing unspoken between them."""
    run: list[_Character] = []
    for character in characters:
        if run and character.first > run[-1].end:
            yield run
            run = []
        run.append(character)
    if run:
        yield run


def _inside_word(line: Line, piece: _Piece, following: _Character) -> bool:
    """Whether only markup stands between two parts of a word."""
    gap = line.text[piece.end : following.first]
    return piece.text[-1].isalnum() and following.text.isalnum() and not _SPACE.search(gap)


def _spaced(run: Sequence[_Character], space: str, tokenizer: Tokenizer) -> Iterator[_Piece]:
    """A piece for what stands between two spaces; `space` goes before the first."""
    word: list[_Character] = []
    for character in (*run, _Character(" ", 0, 0)):
        if character.text != " ":
            word.append(character)
            continue
        if word:
            text = space + "".join(char.text for char in word)
            tokens = tuple(tokenizer.encode(text))
            if len(tokens) <= _MAX_TOKENS:
                yield _Piece(word[0].first, word[-1].end, text, tokens)
            else:
                yield from _cut(word, space, tokens, tokenizer)
        word, space = [], " "


def _unspaced(run: Sequence[_Character], tokenizer: Tokenizer) -> list[_Piece]:
    """A piece for each token or few that are whole characters; words of other scripts in one."""
    tokens = tuple(tokenizer.encode("".join(character.text for character in run)))
    pieces: list[_Piece] = []
    for piece in _cut(run, "", tokens, tokenizer):
        last = pieces[-1].text[-1:] if pieces else ""
        of_spaced_script = max(last, piece.text[:1]) < _THAI
        short = pieces and len(pieces[-1].tokens) + len(piece.tokens) <= _MAX_TOKENS
        if of_spaced_script and short and last.isalnum() and piece.text[:1].isalnum():
            pieces[-1] = _joined((pieces[-1], piece))
        else:
            pieces.append(piece)
    return pieces


def _cut(
    characters: Sequence[_Character], space: str, tokens: Sequence[int], tokenizer: Tokenizer
) -> Iterator[_Piece]:
    """Cut wherever a token and a character end at one place; `space` is before the first."""
    ends = accumulate((len(character.text) for character in characters), initial=len(space))
    index_at = {end: index for index, end in enumerate(ends)}
    texts, groups = split_on_characters(tokens, tokenizer.encoding.decode_single_token_bytes)
    at = first = 0
    text = ""
    group: tuple[int, ...] = ()
    for part, part_tokens in zip(texts, groups, strict=True):
        at += len(part)
        text, group = text + part, (*group, *part_tokens)
        index = index_at.get(at, 0)
        if index > first:
            yield _Piece(characters[first].first, characters[index - 1].end, text, group)
            first, text, group = index, "", ()


def _attach_unspoken(line: Line, pieces: Iterable[_Piece]) -> list[_Piece]:
    """The pieces that are words, with those that are none joined to them."""
    words: list[list[_Piece]] = []
    opening: list[_Piece] = []
    for piece in pieces:
        follows = bool(opening) and _touch(line, opening[-1], piece)
        if _is_spoken(piece.text):
            words.append([*opening, piece] if follows else [piece])
            opening = []
        elif opening:
            # what has no word beside it is in nobody's tokens
            opening = [*opening, piece][-_MAX_TOKENS:] if follows else [piece]
        elif words and not _opens(piece.text) and _touch(line, words[-1][-1], piece):
            words[-1].append(piece)
        else:
            opening = [piece]
    if words and opening and _touch(line, words[-1][-1], opening[0]):
        words[-1] += opening
    return [_joined(parts) for parts in words]


def _joined(pieces: Sequence[_Piece]) -> _Piece:
    return _Piece(
        pieces[0].first,
        pieces[-1].end,
        "".join(piece.text for piece in pieces),
        tuple(token for piece in pieces for token in piece.tokens),
    )


def _touch(line: Line, piece: _Piece, following: _Piece) -> bool:
    """Whether nothing but space in one line stands between two pieces."""
    gap = line.text[piece.end : following.first]
    return not gap.strip() and not _LINE_BREAK.search(gap)


def _opens(text: str) -> bool:
    """Whether the next word is meant: a space, a bracket or quotation mark that opens."""
    mark = text.strip()[:1]
    return not mark or mark in "¿¡" or unicodedata.category(mark) in ("Ps", "Pi")


def _is_spoken(text: str) -> bool:
    return any(map(_is_voiced, text))


def _is_voiced(char: str) -> bool:
    category = unicodedata.category(char)
    return category[0] in "LNM" or category == "Sc" or char in _SPOKEN_SIGNS


def _written(line: Line, pieces: Sequence[_Piece], tokenizer: Tokenizer) -> Iterator[ScriptWord]:
    """Share out what is not spoken: to the word that it touches, else to the next word."""
    before = ""
    ends = [0, *(piece.end for piece in pieces)]
    for index, piece in enumerate(pieces):
        gap = line.text[ends[index] : piece.first]
        unspoken = gap.rstrip()
        if index == 0:
            before = unspoken
        text = gap[len(unspoken) :] + line.text[piece.first : piece.end]
        after = line.text[piece.end :]
        following = ""
        if index < len(pieces) - 1:
            after, following = _share(line.text[piece.end : pieces[index + 1].first])
        encoded = WordTokens(piece.text, piece.tokens, _spoken_tokens(piece, tokenizer))
        yield ScriptWord(before, text, after, encoded)
        before = following


def _share(gap: str) -> tuple[str, str]:
    """What of the text between two words goes with the first, and what with the second.

    The space before the second word is left out: it belongs to that word.
    """
    unspoken = gap.rstrip()
    cut = _LINE_BREAK.search(gap) or _SPACE.search(unspoken)
    at = min(cut.start(), len(unspoken)) if cut else len(unspoken)
    return unspoken[:at], unspoken[at:]


def _spoken_tokens(piece: _Piece, tokenizer: Tokenizer) -> tuple[int, int]:
    """From the first to the last token that holds more than spaces and punctuation."""
    voiced = [_is_voiced(char) for char in piece.text for _ in char.encode()]
    token_bytes = tokenizer.encoding.decode_single_token_bytes
    edges = accumulate((len(token_bytes(token)) for token in piece.tokens), initial=0)
    spoken = [index for index, (a, b) in enumerate(pairwise(edges)) if any(voiced[a:b])]
    return spoken[0], spoken[-1] + 1


# text in capitals


@dataclass(frozen=True, slots=True, kw_only=True)
class CapitalsThresholds:
    """When text is taken for one in capitals; chosen on cases, not measured.

    A few letters of "Mc" and "iPhone" stand in texts in capitals. A short line in capitals among
    others may be a name.
    """

    # share of capitals among a transcript's letters, and how many letters it has at least
    share: float = 0.9
    least_letters: int = 12
    # words of a line that is in capitals by itself
    least_words: int = 4


_SENTENCE_ENDS = frozenset(".?!…。？！")
_PRONOUN = re.compile(r"\bi\b")
_TURKISH = str.maketrans("Iİ", "ıi")  # noqa: RUF001


def in_sentence_case(
    lines: Sequence[Line],
    language: str,
    thresholds: CapitalsThresholds = CapitalsThresholds(),
) -> list[str]:
    """Each line's text, of the same length, with text in capitals in sentence case.

    `language` is Whisper's code.
    """
    letters = [
        char for line in lines for char in _spoken_text(line) if char.isupper() or char.islower()
    ]
    capitals = sum(map(str.isupper, letters))
    everywhere = len(letters) >= thresholds.least_letters and capitals >= thresholds.share * len(
        letters
    )
    texts = []
    begins = True  # a sentence, with the next letter
    for line in lines:
        spoken = _spoken_text(line)
        in_capitals = spoken.isupper() and len(spoken.split()) >= thresholds.least_words
        if everywhere or in_capitals:
            texts.append(_sentence_case(line, language, begins=begins))
        else:
            texts.append(line.text)
        spoken = spoken.rstrip("\"'”’)] ")
        begins = spoken[-1] in _SENTENCE_ENDS if spoken else begins
    return texts


def _spoken_text(line: Line) -> str:
    return " ".join(line.text[first:end] for first, end in line.spoken)


def _sentence_case(line: Line, language: str, *, begins: bool) -> str:
    text = list(_lower(line.text, language))
    for first, end in line.spoken:
        for at in range(first, end):
            if text[at].isalnum():
                text[at] = line.text[at] if begins else text[at]
                begins = False
            elif text[at] in _SENTENCE_ENDS:
                begins = True
    read = "".join(text)
    return _PRONOUN.sub("I", read) if language == "en" else read


def _lower(text: str, language: str) -> str:
    """The text in small letters, each where its capital is."""
    if language in ("tr", "az"):
        text = text.translate(_TURKISH)
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
