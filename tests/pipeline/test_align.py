"""From a recording and a transcript's file to its times: what stands around the engine."""

from pathlib import Path

import numpy as np
import pytest
import torch

import subalign
from subalign.alignment import forced
from subalign.alignment.script_words import script_words
from subalign.decoding import tokenizer_of
from subalign.errors import InputError, UsageError
from subalign.model import ModelDimensions
from subalign.options import ScriptOptions
from subalign.pipeline.recordings import align_recording
from subalign.results import Alignment, AlignmentReport, Line, Script, Segment, Transcript, Word
from whisper_peer import official_vocabulary, random_model

SECONDS = 20
NOISE = np.random.default_rng(1).normal(0, 0.01, SECONDS * 16000).astype(np.float32)
SMALL = ModelDimensions(80, 200, 64, 4, 1, 51865, 128, 64, 4, 2)


@pytest.fixture
def engine(monkeypatch):
    """Stands for the engine, which the tests of `alignment.forced` are about."""
    asked = []

    def align_script(model, mel, script, *, language, speech, options, on_progress, version):
        asked.append(language)
        # only what is to be detected is listened for
        assert (speech is not None) == (language is None and model.multilingual)
        language = language or ("ja" if model.multilingual else "en")
        tokenizer = tokenizer_of(model, language)
        segments = []
        for number, line in enumerate(script.lines):
            words = tuple(
                Word(word.text, number + 0.1004, number + 0.4, 0.5, False, word.before, word.after)
                for word in script_words(line, tokenizer)
            )
            segments.append(
                Segment(number, 0, number, number + 1, line.text, (), 0.0, 0.0, 1.0, 0.0, words)
            )
        if on_progress is not None:
            on_progress(mel.duration, mel.duration)
        transcript = Transcript("", language, tuple(segments), mel.duration, model.name, version)
        report = AlignmentReport(len(segments), len(segments), 0, 0, 0, (), (), ())
        return Alignment(transcript, report)

    monkeypatch.setattr(forced, "align_script", align_script)
    return asked


@pytest.fixture(scope="module")
def multilingual(shared):
    return random_model(SMALL, official_vocabulary(shared, multilingual=True))


def script(*lines, language=None):
    return Script(tuple(Line(text, ((0, len(text)),)) for text in lines), language)


def test_a_file_becomes_segments_as_transcription_gives_them(engine, embedded_model, tmp_path):
    path = tmp_path / "talk.txt"
    path.write_text("Good morning.\nANNA: Yes *waves* yes.\n[bang]\n")
    seen = []
    found = align_recording(
        NOISE,
        path,
        model=embedded_model,
        options=ScriptOptions(ignore=(r"\*\w+\*",)),
        on_progress=lambda done, total: seen.append((done, total)),
    )
    first, second, third = found.transcript.segments
    assert found.transcript.text == " Good morning. ANNA: Yes *waves* yes. [bang]"
    assert [segment.text for segment in found.transcript.segments] == [
        " Good morning.",
        " ANNA: Yes *waves* yes.",
        " [bang]",
    ]
    assert [word.text for word in first.words] == [" Good", " morning."]
    assert [(word.before, word.text) for word in second.words] == [
        (" ANNA:", " Yes"),
        (" *waves*", " yes."),
    ]
    assert third.words == ()
    assert first.words[0].start == 0.1
    assert seen == [(SECONDS, SECONDS)]
    assert found.transcript.version == subalign.__version__
    assert engine == [None]


def test_samples_are_announced_by_their_source(engine, embedded_model, talk):
    read = []
    align_recording(
        talk, script("Yes."), model=embedded_model, on_audio=lambda *args: read.append(args)
    )
    assert read[-1][0] == pytest.approx(64.5, abs=0.1)


def test_the_language_is_asked_for_or_stated_or_detected(engine, multilingual):
    for stated, options in (("de", ScriptOptions(language="fr")), ("de", ScriptOptions())):
        align_recording(NOISE, script("a", language=stated), model=multilingual, options=options)
    found = align_recording(NOISE, script("はい。", "いいえ。"), model=multilingual)
    assert engine == ["fr", "de", None]
    # no spaces between words, so none before a segment
    assert found.transcript.text == "はい。いいえ。"


def test_an_english_only_model_refuses_other_languages_and_letters(engine, embedded_model):
    with pytest.raises(UsageError, match="is English-only and cannot"):
        align_recording(NOISE, script("Hallo", language="de"), model=embedded_model)
    for text, letters in (("Привет, как дела? Hi", "Cyrillic"), ("今天天气很好", "Chinese")):
        with pytest.raises(InputError) as error:
            align_recording(NOISE, script(text), model=embedded_model)
        assert str(error.value) == (
            f"The transcript is written in {letters} letters, but model micro.en knows only "
            "English: use a multilingual model, such as `model=turbo` or `model=base`."
        )
    align_recording(NOISE, script("Good morning, Привет."), model=embedded_model)
    assert engine == [None]


def test_other_letters_are_no_fault_with_a_multilingual_model(engine, multilingual):
    align_recording(NOISE, script("Привет", language="ru"), model=multilingual)
    assert engine == ["ru"]


@pytest.mark.parametrize(
    ("text", "amount"), [("word " * 310, "310 words"), ("x" * 1600, "1,600 letters")]
)
def test_more_than_anyone_can_say(engine, embedded_model, tmp_path, text, amount):
    path = tmp_path / "book.txt"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        align_recording(NOISE, path, model=embedded_model)
    assert str(error.value) == (
        f"{path} has {amount}, more than anyone can say in the recording's 20 s: check that the "
        "two belong together."
    )
    align_recording(NOISE, script(text[: len(text) * 9 // 10]), model=embedded_model)


def test_nothing_that_is_said(engine, embedded_model):
    with pytest.raises(InputError, match=r"^The transcript holds nothing that is said, only dire"):
        align_recording(
            NOISE, Script((Line("[bang]", ()), Line("… —", ((0, 3),)))), model=embedded_model
        )


def test_the_transcript_is_read_before_the_model(engine):
    with pytest.raises(InputError, match=r"^no\.txt does not exist"):
        align_recording(NOISE, Path("no.txt"), model="no such model")


def test_a_pattern_that_is_none():
    with pytest.raises(UsageError, match="`ignore`"):
        ScriptOptions(ignore=("(",))


def test_the_language_is_detected_where_nobody_states_it(multilingual):
    found = align_recording(NOISE, script("a b"), model=multilingual)
    assert found.transcript.language in tokenizer_of(multilingual).all_language_codes
    assert torch.is_grad_enabled()
