"""Whisper's tokenizer: a byte-pair vocabulary followed by Whisper's special tokens.

Radford et al. 2022, section 2.3. The special tokens take the ids after the vocabulary's own:
endoftext, startoftranscript, one per language, translate, transcribe, startoflm, startofprev,
nospeech, notimestamps, and 1501 timestamps from 0 to 30 s in steps of 20 ms.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import tiktoken

from subalign.errors import CheckpointError, UsageError
from subalign.tokenizer.languages import LANGUAGES, to_language_code
from subalign.tokenizer.vocabulary import N_TIMESTAMPS, SECONDS_PER_TIMESTAMP, Vocabulary
from subalign.tokenizer.words import split_on_characters, split_on_spaces

__all__ = ["Tokenizer", "get_tokenizer"]

# Languages written without spaces between words.
_UNSPACED_LANGUAGES = frozenset({"zh", "ja", "th", "lo", "my", "yue"})

# Signs of annotations, speaker names and markup, which are not spoken.
_SIGNS = (
    *'"#()*+/:;<=>@[\\]^_`{|}~「」『』',
    *("<<", ">>", "<<<", ">>>", "--", "---", "-(", "-[", "('", '("', "((", "))", "(((", ")))"),
    *("[[", "]]", "{{", "}}", "♪♪", "♪♪♪"),
)
_MUSIC_SIGNS = "♩♪♫♬♭♮♯"


@dataclass(frozen=True, eq=False)
class Tokenizer:
    """Text to tokens and back, and the ids of Whisper's special tokens.

    `language` is a code and `task` is transcribe or translate; both are None for English-only
    models. Ask `get_tokenizer` for one.
    """

    encoding: tiktoken.Encoding
    num_languages: int
    language: str | None = None
    task: str | None = None

    def encode(self, text: str) -> list[int]:
        """Tokens of a text; the spelling of a special token is ordinary text here."""
        return self.encoding.encode_ordinary(text)

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of tokens without timestamps; invalid UTF-8 becomes U+FFFD."""
        begin = self.timestamp_begin
        return self.encoding.decode([token for token in tokens if token < begin])

    def decode_with_timestamps(self, tokens: Iterable[int]) -> str:
        """The text of tokens, timestamps spelled as in "<|1.08|>"."""
        return self.encoding.decode(list(tokens))

    def split_to_word_tokens(self, tokens: Sequence[int]) -> tuple[list[str], list[list[int]]]:
        """The words' texts and the words' tokens.

        Words are cut at spaces, and at every character in languages written without spaces.
        A special token is a word of its own.
        """
        token_bytes = self.encoding.decode_single_token_bytes
        if not self.spaced:
            return split_on_characters(tokens, token_bytes)
        return split_on_spaces(tokens, token_bytes, first_special=self.eot)

    @property
    def spaced(self) -> bool:
        """Whether the language is written with spaces between words."""
        return self.language not in _UNSPACED_LANGUAGES

    def to_language_token(self, code: str) -> int:
        """The token of a language code.

        Raises:
            UsageError: the checkpoint has no token for this language.
        """
        try:
            return self.sot + 1 + self.all_language_codes.index(code)
        except ValueError as error:
            raise UsageError(
                f"This model does not know the language {LANGUAGES.get(code, code)!r}: "
                "use another model, such as turbo."
            ) from error

    @property
    def eot(self) -> int:
        """End of text; also the first special token."""
        return self.encoding.eot_token

    @property
    def sot(self) -> int:
        """Start of transcript."""
        return self.eot + 1

    @property
    def translate(self) -> int:
        return self.sot + 1 + self.num_languages

    @property
    def transcribe(self) -> int:
        return self.translate + 1

    @property
    def sot_lm(self) -> int:
        """Start of language-model text."""
        return self.translate + 2

    @property
    def sot_prev(self) -> int:
        """Start of the text before the window."""
        return self.translate + 3

    @property
    def no_speech(self) -> int:
        return self.translate + 4

    @property
    def no_timestamps(self) -> int:
        return self.translate + 5

    @property
    def timestamp_begin(self) -> int:
        """The timestamp 0.00; those after it follow in steps of 20 ms."""
        return self.translate + 6

    @property
    def language_token(self) -> int:
        """The token of `language`.

        Raises:
            UsageError: the tokenizer was made without a language.
        """
        if self.language is None:
            raise UsageError("An English-only model has no language to choose: leave it out.")
        return self.to_language_token(self.language)

    @property
    def all_language_tokens(self) -> tuple[int, ...]:
        return tuple(range(self.sot + 1, self.sot + 1 + self.num_languages))

    @cached_property
    def all_language_codes(self) -> tuple[str, ...]:
        """Codes in the order of `all_language_tokens`."""
        return tuple(LANGUAGES)[: self.num_languages]

    @cached_property
    def sot_sequence(self) -> tuple[int, ...]:
        """What every transcript starts with: start, language, task."""
        sequence = [self.sot]
        if self.language is not None:
            sequence.append(self.language_token)
        if self.task is not None:
            sequence.append(self.transcribe if self.task == "transcribe" else self.translate)
        return tuple(sequence)

    @cached_property
    def sot_sequence_including_notimestamps(self) -> tuple[int, ...]:
        return (*self.sot_sequence, self.no_timestamps)

    @cached_property
    def non_speech_tokens(self) -> tuple[int, ...]:
        """Tokens of signs that are not spoken, in ascending order; plain punctuation stays out.

        Of a sign that takes several tokens none is suppressed, as the parts serve other text, but
        for the music signs: in the official vocabularies their first token serves only them and
        their neighbours U+2640 to U+267F. A hyphen or apostrophe may stand in a word, not before.
        """
        spellings = [spelling for sign in _SIGNS for spelling in (sign, " " + sign)]
        encoded = [self.encode(spelling) for spelling in spellings]
        tokens = {spelled[0] for spelled in encoded if len(spelled) == 1}
        tokens |= {self.encode(space + sign)[0] for sign in _MUSIC_SIGNS for space in ("", " ")}
        tokens |= {self.encode(spelling)[0] for spelling in (" -", " '")}
        return tuple(sorted(tokens))


def get_tokenizer(
    vocabulary: Vocabulary,
    *,
    multilingual: bool,
    num_languages: int,
    language: str | None = None,
    task: str | None = None,
) -> Tokenizer:
    """The tokenizer of a checkpoint; repeated calls give the same object.

    `num_languages` is the checkpoint's number of language tokens (99 or 100 in the official ones).
    `language` is a code or a name; multilingual models default to English and transcribe.

    Raises:
        UsageError: an unknown language or task, one that the model has no token for, or a foreign
            language or translation with an English-only model.
        CheckpointError: more language tokens than are known, or an unusable split pattern.
    """
    code = None if language is None else to_language_code(language)
    if task not in (None, "transcribe", "translate"):
        raise UsageError(f"The task {task!r} is not known: use transcribe or translate.")
    if not 0 <= num_languages <= len(LANGUAGES):
        raise CheckpointError(
            f"The checkpoint has {num_languages} language tokens, but Whisper knows at most "
            f"{len(LANGUAGES)} languages: its vocabulary does not fit its weights."
        )
    if multilingual:
        return _tokenizer(vocabulary, num_languages, code or "en", task or "transcribe")
    if code not in (None, "en"):
        raise UsageError(
            f"An English-only model cannot transcribe {LANGUAGES[code or 'en']}: "
            "use a multilingual model, such as turbo."
        )
    if task == "translate":
        raise UsageError(
            "An English-only model cannot translate: use a multilingual model, such as large-v3."
        )
    return _tokenizer(vocabulary, num_languages, None, None)


@lru_cache(maxsize=32)
def _tokenizer(
    vocabulary: Vocabulary, num_languages: int, language: str | None, task: str | None
) -> Tokenizer:
    tokenizer = Tokenizer(_encoding(vocabulary, num_languages), num_languages, language, task)
    if language is not None:
        tokenizer.to_language_token(language)  # Fails here rather than in the middle of a run.
    return tokenizer


@lru_cache(maxsize=4)
def _encoding(vocabulary: Vocabulary, num_languages: int) -> tiktoken.Encoding:
    """The tables of tiktoken, which are slow to build for 50,000 tokens."""
    specials = (
        "<|endoftext|>",
        "<|startoftranscript|>",
        *(f"<|{code}|>" for code in tuple(LANGUAGES)[:num_languages]),
        "<|translate|>",
        "<|transcribe|>",
        "<|startoflm|>",
        "<|startofprev|>",
        "<|nospeech|>",
        "<|notimestamps|>",
        *(f"<|{index * SECONDS_PER_TIMESTAMP:.2f}|>" for index in range(N_TIMESTAMPS)),
    )
    ranks = dict(vocabulary.ranks)
    try:
        return tiktoken.Encoding(
            "whisper",
            pat_str=vocabulary.split_pattern,
            mergeable_ranks=ranks,
            special_tokens={text: len(ranks) + index for index, text in enumerate(specials)},
        )
    except ValueError as error:
        raise CheckpointError(
            "The checkpoint's split pattern is not a regular expression that tiktoken can use: "
            "take the checkpoint from its source again."
        ) from error
