"""Highlighting (`highlight_words`): each word of a cue shown while it is spoken.

There are two ways. Underlined, coloured and bold words make a cue for each word, in which that
word stands between two tags; every player can show that. Karaoke is one cue that holds the words'
times; each format that has such times writes them its own way. What nobody says (`CueWord.before`
and `CueWord.after`) is never highlighted, and a tag opened around a word is closed behind it.
"""

from collections.abc import Callable, Iterator, Sequence

from subalign.subtitles.cue import Cue, CueWord

__all__ = ["Highlight", "around_word", "split_word", "word_by_word"]

# from a cue's words and its start and end, in milliseconds, to the cues that show them
Highlight = Callable[[Sequence[CueWord], int, int], Iterator[Cue]]


def word_by_word(opening: str, closing: str) -> Highlight:
    """The cue once for each word, between two tags while it is spoken, and plain between words.

    The words' times lie within the cue's. A word of no duration gets no cue, unless no other has
    one, and neither does time that overlapping words went past.
    """

    def highlight(words: Sequence[CueWord], start_ms: int, end_ms: int) -> Iterator[Cue]:
        written = [word.written for word in words]
        plain = "".join(written)
        shown_until = start_ms
        empty = True
        for index, word in enumerate(words):
            if word.start_ms > shown_until:
                yield Cue(shown_until, word.start_ms, plain)
                empty = False
            if word.end_ms > word.start_ms:
                marked = word.before + around_word(word.text, opening, closing) + word.after
                text = "".join((*written[:index], marked, *written[index + 1 :]))
                yield Cue(word.start_ms, word.end_ms, text)
                empty = False
            shown_until = max(shown_until, word.end_ms)
        if empty or end_ms > shown_until:
            yield Cue(start_ms if empty else shown_until, end_ms, plain)

    return highlight


def around_word(text: str, opening: str, closing: str) -> str:
    """Tags around a word, not around the space before it nor a line break after it."""
    space, word, rest = split_word(text)
    return f"{space}{opening}{word}{closing}{rest}" if word else text


def split_word(text: str) -> tuple[str, str, str]:
    """The space before a word, the word, and the line break after it."""
    word = text.lstrip()
    space = text[: len(text) - len(word)]
    spoken = word.rstrip("\r\n")
    return space, spoken, word[len(spoken) :]
