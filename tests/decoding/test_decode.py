"""Decoding gives openai-whisper's tokens, alone and in batches."""

from dataclasses import replace

import pytest
import torch
import whisper

from openai_parity import listening_peer, samples_of
from subalign.audio import open_audio
from subalign.decoding import decode, detect_language
from subalign.errors import UsageError
from subalign.mel import log_mel
from subalign.model import kv_cache
from subalign.options import DecodingOptions
from whisper_peer import (
    TINY,
    TINY_EN,
    official_vocabulary,
    peer_of,
    peer_tokenizer,
    peer_vocabulary,
    random_model,
)

SAMPLE_LEN = 24

# openai-whisper's beam search passes tensors to NumPy
pytestmark = pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning")

CASES = {
    "greedy": DecodingOptions(sample_len=SAMPLE_LEN),
    "beam 5": DecodingOptions(sample_len=SAMPLE_LEN, beam_size=5),
    "patience and penalty": DecodingOptions(
        sample_len=SAMPLE_LEN, beam_size=3, patience=2.0, length_penalty=0.6
    ),
    "little patience": DecodingOptions(sample_len=SAMPLE_LEN, beam_size=5, patience=0.4),
    "without timestamps": DecodingOptions(sample_len=SAMPLE_LEN, without_timestamps=True),
    "prompt and prefix": DecodingOptions(
        sample_len=SAMPLE_LEN, prompt="what was said before", prefix="and so"
    ),
    "anything goes": DecodingOptions(
        sample_len=SAMPLE_LEN,
        suppress_tokens=None,
        suppress_blank=False,
        max_initial_timestamp=None,
        beam_size=2,
    ),
    "listed tokens": DecodingOptions(sample_len=SAMPLE_LEN, suppress_tokens=(1, 2, 3, 200)),
}


def peer_options(options: DecodingOptions) -> whisper.DecodingOptions:
    suppressed = options.suppress_tokens
    return whisper.DecodingOptions(
        task=options.task,
        language=options.language,
        sample_len=options.sample_len,
        beam_size=options.beam_size,
        patience=options.patience,
        length_penalty=options.length_penalty,
        prompt=options.prompt or None,
        prefix=options.prefix or None,
        suppress_tokens=None if suppressed is None else list(suppressed),
        suppress_blank=options.suppress_blank,
        without_timestamps=options.without_timestamps,
        max_initial_timestamp=options.max_initial_timestamp,
        fp16=False,
    )


def assert_same(model, mel, options):
    peer = listening_peer(model)
    with peer_vocabulary(model):
        # openai-whisper cannot search beams in several windows at once
        expected = [whisper.decode(peer, window, peer_options(options)) for window in mel]
    found = decode(model, model.encode(mel), options)
    assert len(found) == len(expected) == len(mel)
    for ours, theirs in zip(found, expected, strict=True):
        assert list(ours.tokens) == theirs.tokens
        assert ours.text == theirs.text
        assert ours.language == theirs.language
        assert ours.avg_logprob == pytest.approx(theirs.avg_logprob, abs=1e-3)
        assert ours.no_speech_prob == pytest.approx(theirs.no_speech_prob, abs=1e-4)
        assert ours.compression_ratio == pytest.approx(theirs.compression_ratio)


@pytest.fixture(scope="module")
def speech(shared):
    """Two windows of human speech (2, 80, 3000)."""
    paths = [shared / "data/jfk.flac", *sorted((shared / "data/lj").glob("*.flac"))[:1]]
    windows = []
    for path in paths:
        with open_audio(path) as stream:
            mel = log_mel(stream, n_mels=80)
        windows.append(mel.window(0, mel.n_frames, 3000))
    return torch.stack(windows)


@pytest.fixture(scope="module")
def tiny_en(shared):
    return random_model(TINY_EN, official_vocabulary(shared, multilingual=False))


@pytest.fixture(scope="module")
def tiny(shared):
    return random_model(TINY, official_vocabulary(shared, multilingual=True))


@pytest.mark.parametrize("case", CASES)
def test_embedded_model_gives_openais_tokens(embedded_model, speech, case):
    assert_same(embedded_model, speech, replace(CASES[case], language="en"))


@pytest.mark.parametrize("case", ["greedy", "beam 5"])
def test_random_tiny_en_gives_openais_tokens(tiny_en, speech, case):
    assert_same(tiny_en, speech[:1], replace(CASES[case], language="en"))


@pytest.mark.parametrize("case", ["greedy", "beam 5"])
def test_random_tiny_guesses_the_language_and_gives_openais_tokens(tiny, speech, case):
    assert_same(tiny, speech[:1], CASES[case])


def test_translation_gives_openais_tokens(tiny, speech):
    options = DecodingOptions(task="translate", language="fr", sample_len=12)
    assert_same(tiny, speech[:1], options)


def test_language_probabilities_equal_openais(tiny, speech):
    tokenizer = peer_tokenizer(tiny.vocabulary, 99, "en", "transcribe")
    _, expected = whisper.detect_language(peer_of(tiny), speech[:2], tokenizer)
    for guess, theirs in zip(detect_language(tiny, tiny.encode(speech[:2])), expected, strict=True):
        assert dict(guess.probabilities) == pytest.approx(theirs, abs=1e-5)
        assert guess.language == max(theirs, key=theirs.get)


def test_a_batch_gives_what_its_windows_give_alone(embedded_model, speech):
    encoded = embedded_model.encode(speech)
    options = DecodingOptions(beam_size=4)
    alone = [decode(embedded_model, encoded.select(slice(i, i + 1)), options)[0] for i in range(2)]
    together = decode(embedded_model, encoded, options)
    assert [result.tokens for result in together] == [result.tokens for result in alone]


def test_samples_repeat_with_the_generators_seed(embedded_model, speech):
    encoded = embedded_model.encode(speech)
    options = DecodingOptions(temperature=1.0, best_of=3, sample_len=SAMPLE_LEN)
    first, second, other = (
        decode(embedded_model, encoded, options, generator=torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    )
    assert first == second
    assert first != other


def test_the_best_of_many_samples_is_the_likeliest(embedded_model, speech):
    encoded = embedded_model.encode(speech[:1])

    def score(best_of):
        options = DecodingOptions(temperature=1.0, best_of=best_of, sample_len=SAMPLE_LEN)
        generator = torch.Generator().manual_seed(3)
        return decode(embedded_model, encoded, options, generator=generator)[0].avg_logprob

    assert score(8) > score(1)


@pytest.mark.parametrize(
    "options",
    [DecodingOptions(), DecodingOptions(without_timestamps=True), DecodingOptions(beam_size=3)],
)
def test_windows_that_end_leave_the_batch_and_change_nothing(embedded_model, repo_root, options):
    samples = samples_of(repo_root / "examples" / "talk.mp4")
    mel = log_mel([samples], n_mels=embedded_model.dims.n_mels)
    width = embedded_model.dims.window_frames
    # from silence to a full window, so that they end one after the other
    lengths = (width, 300, 1000, 100, 600, 20)
    windows = torch.stack([mel.window(150, length, width) for length in lengths])
    together = decode(embedded_model, embedded_model.encode(windows), options)
    alone = [
        decode(embedded_model, embedded_model.encode(window[None]), options)[0]
        for window in windows
    ]
    assert [result.tokens for result in together] == [result.tokens for result in alone]
    assert [result.avg_logprob for result in together] == pytest.approx(
        [result.avg_logprob for result in alone], abs=1e-4
    )
    assert len({len(result.tokens) for result in alone}) > 3


@pytest.mark.parametrize("terms", [(), [[(11, 12, 13)], [(5,)]]])
def test_decoding_reads_one_flag_a_step(embedded_model, speech, monkeypatch, terms):
    """No tensor is read on the host between the prompt and the end but which windows ended."""
    reads = []
    monkeypatch.setattr(kv_cache, "reads_wait", lambda _: True)  # as on a GPU
    for name in ("__bool__", "item", "tolist", "__int__", "__float__", "cpu", "numpy", "nonzero"):
        original = getattr(torch.Tensor, name)

        def counted(self, *args, original=original, name=name):
            reads.append(name)
            return original(self, *args)

        monkeypatch.setattr(torch.Tensor, name, counted)
    encoded = embedded_model.encode(speech)
    reads.clear()
    steps = 12
    options = DecodingOptions(beam_size=2, sample_len=steps)
    decode(embedded_model, encoded, options, terms=terms, bonus=1.0)
    assert set(reads) == {"tolist"}
    # candidates, scores, counts and no-speech probabilities, once at the end
    assert reads.count("tolist") <= steps + 8


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"task": "translate"}, "English-only and cannot translate"),
        ({"language": "de"}, "English-only and cannot transcribe 'de'"),
        ({"suppress_tokens": (99_999,)}, "`suppress_tokens` names token 99999"),
        ({"prefix": "word " * 500}, "leaves no room"),
    ],
)
def test_what_the_model_cannot_do_is_refused(embedded_model, speech, options, sentence):
    with pytest.raises(UsageError, match=sentence):
        decode(embedded_model, embedded_model.encode(speech[:1]), DecodingOptions(**options))


def test_an_english_only_model_cannot_tell_languages_apart(embedded_model, speech):
    with pytest.raises(UsageError, match="English-only"):
        detect_language(embedded_model, embedded_model.encode(speech[:1]))
