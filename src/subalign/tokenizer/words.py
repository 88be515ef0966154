"""From tokens to words: which consecutive tokens belong to one written word.

Tokens are byte strings, so a character may be spread over several of them. Both functions keep
every token, and the texts of the words join to the text of all tokens.
"""

import string
from collections.abc import Callable, Sequence

__all__ = ["split_on_characters", "split_on_spaces"]

TokenBytes = Callable[[int], bytes]


def split_on_characters(
    tokens: Sequence[int], token_bytes: TokenBytes
) -> tuple[list[str], list[list[int]]]:
    """Cut wherever a token ends where a Unicode character ends.

    Bytes that are no valid UTF-8 count as the replacement characters that they decode to.
    openai-whisper cuts at the same places, except that it fails or loses tokens where a broken
    character, or U+FFFD itself, is spread over several tokens; here such tokens form one word.

    Returns:
        The words' texts and the words' tokens, of equal length.
    """
    pieces = [token_bytes(token) for token in tokens]
    data = b"".join(pieces)
    inside = _offsets_inside_characters(data)
    words: list[str] = []
    word_tokens: list[list[int]] = []
    first = start = end = 0
    for index, piece in enumerate(pieces, start=1):
        end += len(piece)
        if end not in inside:
            words.append(data[start:end].decode("utf-8", errors="replace"))
            word_tokens.append(list(tokens[first:index]))
            first, start = index, end
    return words, word_tokens


def split_on_spaces(
    tokens: Sequence[int], token_bytes: TokenBytes, *, first_special: int
) -> tuple[list[str], list[list[int]]]:
    """Cut before spaces, ASCII punctuation and special tokens.

    A word keeps the space before it. Tokens from `first_special` on start a word of their own, and
    so does a piece that, without its outer spaces, occurs in `string.punctuation` as it stands.

    Returns:
        The words' texts and the words' tokens, of equal length.
    """
    words: list[str] = []
    word_tokens: list[list[int]] = []
    for text, group in zip(*split_on_characters(tokens, token_bytes), strict=True):
        # Substring on purpose, as openai-whisper: "()" and a lone space count as punctuation.
        punctuation = text.strip() in string.punctuation
        if not words or punctuation or text.startswith(" ") or group[0] >= first_special:
            words.append(text)
            word_tokens.append(group)
        else:
            words[-1] += text
            word_tokens[-1].extend(group)
    return words, word_tokens


def _offsets_inside_characters(data: bytes) -> set[int]:
    """Byte offsets that lie within a character, or within one malformed sequence."""
    inside: set[int] = set()
    position = 0
    while position < len(data):
        try:
            data[position:].decode("utf-8")
            valid_end = malformed_end = len(data)
        except UnicodeDecodeError as error:
            valid_end, malformed_end = position + error.start, position + error.end
        # In valid UTF-8 the bytes 10xxxxxx, and only those, continue a character.
        inside.update(at for at in range(position, valid_end) if data[at] & 0xC0 == 0x80)
        inside.update(range(valid_end + 1, malformed_end))
        position = malformed_end
    return inside
