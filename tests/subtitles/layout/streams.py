"""Random streams of timed words, for properties of the layout."""

from hypothesis import strategies as st

from subalign.results import Segment, Word

__all__ = ["segment_of", "spaced_words", "word_streams"]

_SPACED = st.sampled_from(
    "a I the of to and in it's water, light. Dr. U.S. 8:30 20 million (well) morning! "
    "extraordinarily Köln über dass München? l'été été, مرحبا والحياة، שלום ד\"ר вода, 우리 물이 "
    "👩‍👩‍👧 🇩🇪 ❤️ … - ¿Qué «Rien n'est» 3.5 Donaudampfschifffahrtsgesellschaft ♪".split()
)
_UNSPACED = st.sampled_from(
    "今日 は 東京 の スー パー ー っ と 、 。 「 」 人 每天 水， 了 สวัสดี ครับ เรา เ ำ OK 50".split()
)
_BEFORE = st.sampled_from(
    ["", "", "", "", "", " ANNA:", " -", "\n- BOB:", " <i>", " [sighs]", " >>"]
)
_AFTER = st.sampled_from(
    ["", "", "", "", "", "</i>", " [laughs]", " (the door of the house closes)"]
)


@st.composite
def spaced_words(draw, *, most: int = 40, beside: bool = False) -> tuple[Word, ...]:
    """Words with a space before each, in order, with pauses."""
    return _timed(draw, lambda: " " + draw(_SPACED), most, beside)


@st.composite
def word_streams(draw, *, most: int = 40) -> tuple[Word, ...]:
    """Words of scripts with and without spaces, mixed, with text beside some."""
    kind = draw(st.sampled_from(["spaced", "unspaced", "mixed"]))

    def text() -> str:
        if kind == "spaced" or (kind == "mixed" and draw(st.booleans())):
            return draw(st.sampled_from([" ", " ", " ", "  ", ""])) + draw(_SPACED)
        return draw(_UNSPACED)

    return _timed(draw, text, most, beside=True)


def _timed(draw, text, most: int, beside: bool) -> tuple[Word, ...]:
    now = draw(st.integers(0, 5000))
    words = []
    for _ in range(draw(st.integers(1, most))):
        now += draw(st.sampled_from([0, 0, 0, 0, 30, 200, 700, 1500, 9000]))
        start, now = now, now + draw(st.sampled_from([20, 60, 180, 300, 500, 900, 8000]))
        before, after = (draw(_BEFORE), draw(_AFTER)) if beside else ("", "")
        words.append(Word(text(), start / 1000, now / 1000, 0.5, before=before, after=after))
    return tuple(words)


def segment_of(*words: Word) -> Segment:
    text = "".join(word.before + word.text + word.after for word in words)
    return Segment(0, 0, words[0].start, words[-1].end, text, (), 0.0, 0.0, 1.0, 0.0, words)
