"""The tokenizer against openai-whisper's, on both official vocabularies and the embedded one."""

import warnings
from itertools import chain
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from subalign.errors import CheckpointError, UsageError
from subalign.tokenizer import LANGUAGES, Tokenizer, get_tokenizer
from subalign.tokenizer.vocabulary import Vocabulary

openai = pytest.importorskip("whisper.tokenizer", reason="openai-whisper is a test dependency")

TEXTS = {
    "en": " And so, my fellow Americans: ask not what your country's got — it'll do \"it\" (well)!",
    "de": " Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich – 1.234,56 €.",
    "fr": " Voix ambiguë d’un cœur qui, au zéphyr, préfère les jattes de kiwis ; « oui » !",
    "es": " ¿Qué tal? El pingüino Wenceslao hizo kilómetros… ¡Olé!",
    "pl": " Zażółć gęślą jaźń, pchnąć w tę łódź jeża lub ośm skrzyń fig.",
    "cs": " Příliš žluťoučký kůň úpěl ďábelské ódy.",
    "tr": " Pijamalı hasta yağız şoföre çabucak güvendi. İstanbul'da",
    "ru": " Съешь же ещё этих мягких французских булок, да выпей чаю.",
    "uk": " Чуєш їх, доцю, га? Кумедна ж ти, прощайся без ґольфів!",
    "el": " Ξεσκεπάζω την ψυχοφθόρα βδελυγμία.",
    "he": " דג סקרן שט בים מאוכזב ולפתע מצא חברה.",
    "ar": " نص حكيم له سر قاطع وذو شأن عظيم، مكتوب على ثوب أخضر؟",
    "fa": " بر اثر چنین تلقین و شست‌وشوی مغزی",
    "ur": " ٹھنڈ میں، ایک قحط زدہ گاؤں سے گذرتے وقت",
    "hi": " ऋषियों को सताने वाले दुष्ट राक्षसों के राजा रावण का सर्वनाश।",
    "bn": " আমি চিনি গো চিনি তোমারে ওগো বিদেশিনী।",
    "ta": " யாமறிந்த மொழிகளிலே தமிழ்மொழி போல்",
    "zh": "我能吞下玻璃而不伤身体。“你好”，世界！二〇二四年",
    "yue": "我哋今日去飲茶，好冇？",
    "ja": "いろはにほへと ちりぬるを、カタカナも「テスト」です。",
    "ko": " 키스의 고유조건은 입술끼리 만나야 하고 특별한 기술은 필요치 않다.",
    "th": "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า กว่าบรรดาฝูงสัตว์",
    "lo": "ຂອ້ຍກິນແກ້ວໄດ້ໂດຍທີ່ມັນບໍ່ໄດ້ເຮັດໃຫ້ຂອ້ຍເຈັບ",
    "my": "က္ယ္ဝန္‌တော္‌၊က္ယ္ဝန္‌မ မ္ယက္‌စားနုိင္‌သည္‌။",
    "vi": " Con sói nâu nhảy qua con chó lười biếng; đường phố Hà Nội.",
    "ka": " გთხოვთ ახლავე გაიაროთ რეგისტრაცია",
    "am": " ሰማይ አይታረስ ንጉሥ አይከሰስ።",
}
ODDITIES = [
    "",
    " ",
    "\n\n  \t x",
    " 👩‍👩‍👧‍👦 family 🇩🇪🏳️‍🌈 emoji👍🏽!",
    " mixed 中文 and English日本語with עברית 123４５６ ١٢٣",
    " ♪♪♪ [MUSIC] (laughs) -- >> SPEAKER: <<ok>> #1 ~~ {x} @home",
    " don't we're I'll they'd it's I'm you've 'Tis -not -- — …",
    " <|startoftext|> <|en| |> <|1.08",
    " a\u0301 e\u0301 \u202eabc\u202c \u00a0x\ufeff \U0001f9d1\u200d\U0001f680",
    " \ufffd real replacement \ufffd\ufffd",
    " " + "x" * 300 + "!" * 50,
]
ALL_TEXTS = [*TEXTS.values(), *ODDITIES]

PROPERTIES = [
    "eot",
    "sot",
    "translate",
    "transcribe",
    "sot_lm",
    "sot_prev",
    "no_speech",
    "no_timestamps",
    "timestamp_begin",
    "sot_sequence",
    "sot_sequence_including_notimestamps",
    "non_speech_tokens",
    "language",
    "task",
]


def pair(
    vocabulary: Vocabulary, num_languages: int = 99, language: str = "en", task: str = "transcribe"
) -> tuple[Tokenizer, Any]:
    """Ours and openai-whisper's, which tells the official vocabularies apart by `multilingual`."""
    multilingual = len(vocabulary.ranks) == 50257
    options = {"num_languages": num_languages, "language": language, "task": task}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # It leaves its vocabulary file open.
        theirs = openai.get_tokenizer(multilingual, **options)
    return get_tokenizer(vocabulary, multilingual=multilingual, **options), theirs


@pytest.fixture(params=["gpt2-99", "multilingual-99", "multilingual-100"])
def both(request: pytest.FixtureRequest) -> tuple[Tokenizer, Any]:
    name, _, num_languages = request.param.partition("-")
    fixture = "official" if name == "multilingual" else name
    return pair(request.getfixturevalue(fixture), int(num_languages))


@pytest.mark.parametrize("name", PROPERTIES)
def test_special_tokens_equal_openai_whisper(both: tuple[Tokenizer, Any], name: str) -> None:
    ours, theirs = both
    assert getattr(ours, name) == getattr(theirs, name)


def test_language_tokens_are_openai_whispers_in_token_order(both: tuple[Tokenizer, Any]) -> None:
    ours, theirs = both
    codes = dict(zip(ours.all_language_tokens, ours.all_language_codes, strict=True))
    assert codes == dict(zip(theirs.all_language_tokens, theirs.all_language_codes, strict=True))
    assert list(codes) == sorted(codes)  # openai-whisper's order is that of a set, by chance.


def test_texts_encode_and_decode_as_in_openai_whisper(both: tuple[Tokenizer, Any]) -> None:
    ours, theirs = both
    for text in ALL_TEXTS:
        tokens = ours.encode(text)
        assert tokens == theirs.encode(text)
        assert ours.decode(tokens) == text
        timed = [ours.timestamp_begin, *tokens, ours.timestamp_begin + 54, ours.eot]
        assert ours.decode(timed) == theirs.decode(timed) == text + "<|endoftext|>"
        assert ours.decode_with_timestamps(timed) == f"<|0.00|>{text}<|1.08|><|endoftext|>"


def test_every_special_token_is_spelled_as_in_openai_whisper(both: tuple[Tokenizer, Any]) -> None:
    ours, theirs = both
    assert ours.encoding.n_vocab == theirs.encoding.n_vocab
    for token in range(ours.eot, ours.encoding.n_vocab):
        assert ours.decode_with_timestamps([token]) == theirs.decode_with_timestamps([token])
    assert ours.decode_with_timestamps([ours.encoding.n_vocab - 1]) == "<|30.00|>"


def test_texts_split_into_words_as_in_openai_whisper(both: tuple[Tokenizer, Any]) -> None:
    ours, theirs = both
    for text in ALL_TEXTS:
        tokens = [*ours.encode(text), ours.eot]
        assert ours.split_to_word_tokens(tokens) == theirs.split_to_word_tokens(tokens)


@pytest.mark.parametrize("language", TEXTS)
def test_each_language_splits_by_its_own_rule(official: Vocabulary, language: str) -> None:
    ours, theirs = pair(official, 100, language)
    for text in ALL_TEXTS:
        tokens = [ours.timestamp_begin, *ours.encode(text), ours.timestamp_begin + 1, ours.eot]
        assert ours.split_to_word_tokens(tokens) == theirs.split_to_word_tokens(tokens)


def test_words_are_cut_at_spaces_or_at_characters(official: Vocabulary) -> None:
    english, _ = pair(official, 99, "en")
    tokens = [*english.encode(" Hello, wonderful Sylter Deich!"), english.eot]
    words, groups = english.split_to_word_tokens(tokens)
    assert words == [" Hello", ",", " wonderful", " Sylter", " Deich", "!", "<|endoftext|>"]
    assert [*chain(*groups)] == tokens
    japanese, _ = pair(official, 99, "ja")
    words, _ = japanese.split_to_word_tokens(japanese.encode("魑魅が、"))
    assert words == ["魑", "魅", "が", "、"]


@pytest.mark.parametrize("task", ["transcribe", "translate"])
def test_sot_sequences_of_all_languages(official: Vocabulary, task: str) -> None:
    for index, (code, name) in enumerate(LANGUAGES.items()):
        ours, theirs = pair(official, 100, name, task)
        assert ours.language == code
        assert ours.language_token == theirs.language_token == ours.sot + 1 + index
        assert ours.sot_sequence == theirs.sot_sequence
        assert ours.sot_sequence == (
            50258,
            50259 + index,
            50360 if task == "transcribe" else 50359,
        )


def split_by_openai(tokenizer: Any, tokens: list[int]) -> tuple[list[str], list[list[int]]] | None:
    """openai-whisper's words, or None where it fails or loses tokens."""
    try:
        words, groups = tokenizer.split_to_word_tokens(tokens)
    except IndexError:
        return None
    whole = "".join(words) == tokenizer.decode_with_timestamps(tokens)
    return (words, groups) if whole and [*chain(*groups)] == tokens else None


def check_split(ours: Tokenizer, theirs: Any, tokens: list[int]) -> None:
    words, groups = ours.split_to_word_tokens(tokens)
    assert [*chain(*groups)] == tokens
    assert "".join(words) == ours.decode_with_timestamps(tokens)
    expected = split_by_openai(theirs, tokens)
    assert expected is None or (words, groups) == expected


@pytest.mark.parametrize("num_languages", [99, 100])
@pytest.mark.parametrize("language", ["en", "ja"])
@given(data=st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_tokens_decode_and_split_as_in_openai_whisper(
    official: Vocabulary, num_languages: int, language: str, data: st.DataObject
) -> None:
    ours, theirs = pair(official, num_languages, language)
    ids = st.one_of(
        st.integers(0, ours.encoding.n_vocab - 1),
        st.integers(ours.eot - 1, ours.eot + 3),
        st.integers(94, 255),  # The single bytes that are no ASCII: mostly broken UTF-8.
    )
    tokens = data.draw(st.lists(ids, max_size=30))
    assert ours.decode(tokens) == theirs.decode(tokens)
    assert ours.decode_with_timestamps(tokens) == theirs.decode_with_timestamps(tokens)
    check_split(ours, theirs, tokens)


@given(
    text=st.sampled_from([TEXTS["zh"], TEXTS["my"], TEXTS["hi"], ODDITIES[3], ODDITIES[9]]),
    data=st.data(),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_torn_texts_split_without_loss(
    official: Vocabulary, text: str, data: st.DataObject
) -> None:
    ours, theirs = pair(official, 99, data.draw(st.sampled_from(["zh", "en"])))
    kept = data.draw(st.lists(st.booleans(), min_size=300, max_size=300))
    check_split(ours, theirs, [t for t, keep in zip(ours.encode(text), kept, strict=False) if keep])


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_encodes_as_in_openai_whisper(official: Vocabulary, text: str) -> None:
    ours, theirs = pair(official)
    tokens = ours.encode(text)
    assert tokens == theirs.encode(text, disallowed_special=())
    assert ours.decode(tokens) == text
    check_split(ours, theirs, tokens)


def test_a_broken_character_over_several_tokens_is_one_word(official: Vocabulary) -> None:
    ours, theirs = pair(official)
    ids = {token: rank for token, rank in official.ranks.items() if len(token) == 1}
    tokens = [ids[b"\xe3"], ids[b"\x81"], ids[b"A"], ids[b"B"]]
    assert split_by_openai(theirs, tokens) is None
    unspaced, _ = pair(official, 99, "ja")
    assert unspaced.split_to_word_tokens(tokens) == (
        ["\ufffd", "A", "B"],
        [tokens[:2], tokens[2:3], tokens[3:]],
    )
    assert ours.split_to_word_tokens(tokens) == (["\ufffdAB"], [tokens])


def test_the_embedded_vocabulary_puts_its_specials_from_1024_on(micro: Vocabulary) -> None:
    ours = get_tokenizer(micro, multilingual=False, num_languages=99)
    theirs = openai.Tokenizer(encoding=ours.encoding, num_languages=99)
    assert (ours.eot, ours.sot, ours.timestamp_begin) == (1024, 1025, 1131)
    assert ours.encoding.n_vocab == 2632
    for name in PROPERTIES:
        assert getattr(ours, name) == getattr(theirs, name)
    for text in ALL_TEXTS:
        tokens = [*ours.encode(text), ours.eot]
        assert tokens[:-1] == theirs.encode(text)
        assert ours.decode(tokens[:-1]) == text
        check_split(ours, theirs, tokens)


def test_the_spelling_of_a_special_token_is_ordinary_text(official: Vocabulary) -> None:
    ours, _ = pair(official)
    for text in ("<|endoftext|>", " a<|0.00|>b", "<|en|><|transcribe|>"):
        tokens = ours.encode(text)
        assert max(tokens) < ours.eot
        assert ours.decode(tokens) == text


def test_repeated_calls_share_what_is_costly(micro: Vocabulary) -> None:
    first = get_tokenizer(micro, multilingual=True, num_languages=99, language="de")
    again = get_tokenizer(
        Vocabulary(dict(micro.ranks)), multilingual=True, num_languages=99, language="german"
    )
    other = get_tokenizer(micro, multilingual=True, num_languages=99, language="fr")
    assert first is again
    assert other is not first
    assert other.encoding is first.encoding


def test_defaults_of_multilingual_and_english_only_models(micro: Vocabulary) -> None:
    multilingual = get_tokenizer(micro, multilingual=True, num_languages=100)
    assert (multilingual.language, multilingual.task) == ("en", "transcribe")
    english = get_tokenizer(
        micro, multilingual=False, num_languages=99, language="English", task="transcribe"
    )
    assert (english.language, english.task) == (None, None)
    assert english.sot_sequence == (english.sot,)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"multilingual": False, "language": "fr"},
            "An English-only model cannot transcribe french: "
            "use a multilingual model, such as turbo.",
        ),
        (
            {"multilingual": False, "task": "translate"},
            "An English-only model cannot translate: use a multilingual model, such as large-v3.",
        ),
        (
            {"multilingual": True, "language": "yue"},
            "This model does not know the language 'cantonese': use another model, such as turbo.",
        ),
        (
            {"multilingual": True, "task": "summarise"},
            "The task 'summarise' is not known: use transcribe or translate.",
        ),
        (
            {"multilingual": True, "language": "spansh"},
            "The language 'spansh' is not known: did you mean spanish (es)?",
        ),
    ],
)
def test_what_a_model_cannot_do_is_refused(
    micro: Vocabulary, options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UsageError) as error:
        get_tokenizer(micro, num_languages=99, **options)
    assert str(error.value) == sentence


def test_an_english_only_tokenizer_has_no_language_token(micro: Vocabulary) -> None:
    tokenizer = get_tokenizer(micro, multilingual=False, num_languages=99)
    with pytest.raises(UsageError, match="has no language to choose"):
        _ = tokenizer.language_token


@pytest.mark.parametrize("num_languages", [-1, 101])
def test_a_count_of_languages_beyond_whisper_is_refused(
    micro: Vocabulary, num_languages: int
) -> None:
    with pytest.raises(CheckpointError, match=f"has {num_languages} language tokens"):
        get_tokenizer(micro, multilingual=True, num_languages=num_languages)


def test_an_unusable_split_pattern_is_refused(micro: Vocabulary) -> None:
    with pytest.raises(CheckpointError, match="split pattern is not a regular expression"):
        get_tokenizer(Vocabulary(micro.ranks, "(["), multilingual=False, num_languages=99)
