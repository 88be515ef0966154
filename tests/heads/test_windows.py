"""Recordings with timed words cut into windows."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import wavfile

from checkpoint_models import random_model
from subalign.audio import open_audio
from subalign.decoding import LanguageGuess, tokenizer_of
from subalign.errors import InputError
from subalign.heads import windows
from subalign.heads.attention import WindowText
from subalign.heads.data import Recording, find_recordings, parse_reference, read_reference
from subalign.heads.windows import (
    cut_windows,
    encode_words,
    language_tokenizer,
    recording_windows,
)
from subalign.mel import log_mel
from subalign.options import AudioOptions
from subalign.results import Word


def cut(*words, duration=1000.0, longest=30.0, room=100):
    return list(cut_windows(words, duration=duration, longest=longest, room=room))


def test_a_short_recording_is_one_window():
    assert cut((0.5, 1.0, 2), (1.0, 2.0, 2), duration=2.5) == [(0, 2, 0.25, 2.25)]


def test_pauses_are_taken_in_up_to_a_second():
    assert cut((5.0, 6.0, 1)) == [(0, 1, 4.0, 7.0)]


def test_windows_are_cut_at_the_longest_pause_of_their_second_half():
    words = [(float(second), second + 0.9, 1) for second in range(40)]
    words[8:] = [(start + 3, end + 3, 1) for start, end, _ in words[8:]]  # too early
    words[20:] = [(start + 1, end + 1, 1) for start, end, _ in words[20:]]
    windows = cut(*words, duration=44.0)
    assert [(first, end) for first, end, _, _ in windows] == [(0, 20), (20, 40)]
    assert windows[0][3] == pytest.approx(22.9 + 0.55)
    assert windows[1][2] == pytest.approx(24 - 0.55)


def test_windows_have_room_for_their_tokens():
    windows = cut(*((index, index + 1.0, 40) for index in range(5)))
    assert [(first, end) for first, end, _, _ in windows] == [(0, 2), (2, 4), (4, 5)]


@pytest.mark.parametrize("word", [(1.0, 32.0, 1), (1.0, 2.0, 101)])
def test_a_word_longer_than_a_window(word):
    with pytest.raises(InputError) as caught:
        cut(word)
    assert str(caught.value) == (
        f"A word lasts from 1.0 s to {word[1]:.1f} s, longer than the model's window or text: "
        "correct the times."
    )


@given(
    st.lists(
        st.tuples(st.floats(0, 8), st.floats(0, 2), st.integers(1, 30)), min_size=1, max_size=80
    )
)
def test_every_word_is_in_one_window(steps):
    words, at = [], 0.0
    for pause, length, tokens in steps:
        words.append((at + pause, at + pause + length, tokens))
        at += pause + length
    windows = cut(*words, duration=at + 1)
    assert [first for first, _, _, _ in windows[1:]] == [end for _, end, _, _ in windows[:-1]]
    assert (windows[0][0], windows[-1][1]) == (0, len(words))
    for first, end, start, stop in windows:
        assert 0 <= start <= words[first][0] + 1e-9
        assert max(word[1] for word in words[first:end]) <= stop + 1e-9
        assert stop - start <= 30 + 1e-9
        assert sum(word[2] for word in words[first:end]) <= 100


def test_the_windows_of_the_example(embedded_model, talk):
    reference = read_reference(str(talk.with_suffix(".words.json")))
    data = Recording(str(talk), reference)
    windows = recording_windows(embedded_model, data, audio=AudioOptions())
    assert len(windows) == 3
    assert sum(len(window.text.words) for window in windows) == len(reference.words)
    assert all(isinstance(window.text, WindowText) and window.text.timed for window in windows)
    assert all(window.length <= 3000 for window in windows)
    last = windows[-1]
    assert last.text.words[-1].text == " week."
    end = last.start / 100 + last.text.spans[-1, 1]
    assert end == pytest.approx(reference.words[-1].end)


def test_the_decoder_can_read_a_window_without_its_long_pauses(embedded_model, talk):
    with open_audio(talk) as stream:
        samples = np.concatenate(list(stream))[: 16000 * 10]
    reference = read_reference(str(talk.with_suffix(".words.json")))
    words = tuple(word for word in reference.words if word.end < 10)
    at = int(np.argmax([after.start - before.end for before, after in pairwise(words)]))
    middle = (words[at].end + words[at + 1].start) / 2
    later = tuple(replace(word, start=word.start + 4, end=word.end + 4) for word in words[at + 1 :])
    longer = np.insert(samples, [round(middle * 16000)] * 64000, 0.0)
    flowing, interrupted = (
        recording_windows(
            embedded_model, Recording(sound, replace(reference, words=said)), audio=AudioOptions()
        )
        for sound, said in ((samples, words), (longer, words[: at + 1] + later))
    )
    assert (len(flowing), len(interrupted)) == (1, 1)
    whole = interrupted[0].scores(embedded_model)
    cut = interrupted[0].scores(embedded_model, cut_pauses=True)
    assert np.nanmax(whole.text.spans) == pytest.approx(np.nanmax(flowing[0].text.spans) + 4)
    assert (
        180 <= whole.forced.scores.shape[2] - cut.forced.scores.shape[2] <= 280
    )  # positions of 20 ms
    # the truth follows: words without a cut inside them are as long as they were
    assert np.diff(cut.text.spans) == pytest.approx(np.diff(whole.text.spans))
    assert np.nanmax(cut.text.spans) == pytest.approx(cut.levels.size / 100, abs=1.1)


def test_words_with_times_get_their_tokens(embedded_model):
    tokenizer = tokenizer_of(embedded_model)
    words = [
        Word(" Good", 0.0, 0.5, 1.0),
        Word("—", 0.5, 0.6, 1.0),
        Word("old days.", 0.6, 1.0, 1.0, estimated=True),
    ]
    (good, first), (old, last) = encode_words(words, tokenizer)
    assert list(good.tokens) == tokenizer.encode(" Good")
    assert good.spoken == (0, len(good.tokens))
    assert list(old.tokens) == tokenizer.encode(" old days.")
    assert old.spoken == (0, len(old.tokens) - 1)
    assert (first, last) == (words[0], words[2])


def test_files_beside_recordings(tmp_path, embedded_model):
    for name in ("a.wav", "b.wav", "b2.wav", "c.wav"):
        (tmp_path / name).write_bytes(b"RIFF")
    (tmp_path / "a.txt").write_text("hello\n")
    (tmp_path / "b.txt").write_text("no\n")
    (tmp_path / "b.CTM").write_text("b 1 0 1 yes\n")
    (tmp_path / "b2.words.json").write_text('[{"word": "well", "start": 0, "end": 1}]')
    (tmp_path / "b2.json").write_text("[]")
    found = list(find_recordings([str(tmp_path)]))
    assert [item.reference.timed for item in found[:3]] == [False, True, True]
    assert found[0].reference.script.lines[0].text == "hello"
    assert [item.reference.words[0].text for item in found[1:3]] == ["yes", "well"]
    assert str(found[3]) == (
        f"{tmp_path / 'c.wav'} has no truth or transcript beside it: add c.json, c.TextGrid, c.ctm "
        "or c.txt."
    )
    # what a shell makes of a star
    starred = sorted(str(item) for item in tmp_path.iterdir())
    assert len(list(find_recordings(starred))) == 4


def test_words_in_place_of_a_file(tmp_path):
    given_text = parse_reference("What  kind of work?")
    assert not given_text.timed
    assert [line.text for line in given_text.script.lines] == ["What kind of work?"]
    (tmp_path / "two words.txt").write_text("hello\n")
    assert parse_reference(str(tmp_path / "two words.txt")).script.lines[0].text == "hello"
    with pytest.raises(InputError):
        parse_reference("hello.txt")


@pytest.fixture
def long_clip(tmp_path, talk):
    """36 s of the example, more than a window, and its words with true times."""
    with open_audio(talk) as stream:
        samples = np.concatenate(list(stream))[: 36 * 16000]
    wavfile.write(tmp_path / "long.wav", 16000, samples)
    words = read_reference(str(talk.with_suffix(".words.json"))).words
    return str(tmp_path / "long.wav"), [word for word in words if word.end < 36]


def test_text_alone_is_cut_where_forced_alignment_finds_the_words(embedded_model, long_clip):
    recording, truth = long_clip
    text = " ".join(word.text.strip() for word in truth)
    data = Recording(recording, parse_reference(text))
    windows = recording_windows(embedded_model, data, audio=AudioOptions())
    assert len(windows) > 1
    assert not any(window.text.timed for window in windows)
    words = [word.text.strip() for window in windows for word in window.text.words]
    assert len(words) == len(truth)
    first = 0
    for window in windows:
        of_window = truth[first : first + len(window.text.words)]
        begin, end = window.start / 100, (window.start + window.length) / 100
        assert begin - 0.3 < of_window[0].start < of_window[-1].end < end + 0.3
        first += len(window.text.words)


def test_text_alone_of_another_recording(embedded_model, tmp_path):
    hiss = np.random.default_rng(1).normal(0, 1e-3, 31 * 16000).astype(np.float32)
    wavfile.write(tmp_path / "hiss.wav", 16000, hiss)
    data = Recording(str(tmp_path / "hiss.wav"), parse_reference("Ideas sleep furiously. " * 9))
    with pytest.raises(InputError) as caught:
        recording_windows(embedded_model, data, audio=AudioOptions())
    assert str(caught.value) == (
        f"Of the words of The text 0% are heard in {tmp_path / 'hiss.wav'}: give what is said in "
        "this recording."
    )


def test_a_text_with_too_many_words(embedded_model):
    data = Recording(np.zeros(16000, np.float32), parse_reference("word " * 500))
    with pytest.raises(InputError, match=r"^The text has \d+ tokens, but the model reads 445 at"):
        recording_windows(embedded_model, data, audio=AudioOptions())


@pytest.fixture
def multilingual():
    model = random_model()
    model.multilingual = True
    return model


def test_the_language_is_guessed_as_transcribe_guesses_it(multilingual, monkeypatch):
    asked = []

    def spoken_language(mel, ranges, model, encode):
        asked.append((mel.n_frames, ranges, encode(0).windows))
        return LanguageGuess("de", (("de", 1.0),), 0.0)

    monkeypatch.setattr(windows, "spoken_language", spoken_language)
    mel = log_mel([np.ones(16000, np.float32)], n_mels=80)
    assert language_tokenizer(multilingual, mel, None).language == "de"
    assert language_tokenizer(multilingual, mel, None, start=20, end=60).language == "de"
    assert asked == [(100, [(0, 100)], 1), (100, [(20, 60)], 1)]
    assert language_tokenizer(multilingual, mel, "fr").language == "fr"
    assert len(asked) == 2


def test_silence_is_taken_for_english(multilingual):
    mel = log_mel([np.zeros(16000, np.float32)], n_mels=80)
    assert language_tokenizer(multilingual, mel, None).language == "en"
