"""The parts of the training: targets, losses, figures, synthesis."""

import copy
import ctypes
import ctypes.util
import dataclasses
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import torch
from training.config import LossConfig, ModelConfig, WindowConfig
from training.data.augment import hesitate
from training.data.batches import Batch
from training.data.mel import window_mel
from training.data.shards import Corpus, Utterance
from training.data.targets import IGNORED, LETTERS, make_targets
from training.data.tempo import random_tempo
from training.data.windows import Placed, Window
from training.evaluation.scores import near, time_errors, word_errors
from training.loss import losses
from training.mix import mix
from training.model import Heard, TrainedModel, make_model, tokenizer_of_model
from training.signal import SAMPLE_RATE, resample, resample_fast
from training.synthesis.corpus import write_shard
from training.synthesis.text import RareWords, least_said

from subalign.model import load_whisper, save_checkpoint


@pytest.fixture(scope="module")
def model():
    return TrainedModel(
        load_whisper("micro.en", device="cpu", compute="float32"), alignment_heads=2
    )


@pytest.fixture(scope="module")
def tokenizer(model):
    return tokenizer_of_model(model.whisper)


@pytest.mark.parametrize(("encoder", "decoder"), [(2, 0), (0, 2), (1, 1)])
def test_new_layers_change_nothing_at_first(model, encoder, decoder):
    before = model.whisper
    layers = before.dims.n_audio_layer + encoder, before.dims.n_text_layer + decoder
    config = ModelConfig(start="micro.en", encoder_layers=layers[0], decoder_layers=layers[1])
    grown = make_model(config).whisper
    assert (grown.dims.n_audio_layer, grown.dims.n_text_layer) == layers
    assert (grown.name, grown.short_windows) == ("micro.en", True)
    assert all(parameter.requires_grad for parameter in grown.parameters())
    mel = torch.randn(1, 80, 1000, generator=torch.Generator().manual_seed(1))
    tokens = torch.arange(20)[None]
    with torch.no_grad():
        torch.testing.assert_close(grown(mel, tokens), before(mel, tokens))
    own, former = grown.decoder.blocks[-1], before.decoder.blocks[-1]
    torch.testing.assert_close(own.state_dict(), former.state_dict())


def test_bfloat16_in_pieces_hears_what_float32_does(model):
    mel = torch.randn(2, 80, 1000, generator=torch.Generator().manual_seed(1))
    places = torch.tensor([0, 700])
    with torch.no_grad():
        exact = model.encode(mel, places)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rough = model.encode(mel, places)
    assert not torch.equal(exact, rough)
    torch.testing.assert_close(rough.float(), exact, atol=0.15, rtol=0.0)


@pytest.fixture
def window(speech):
    made = [speech("One, two."), speech("Three four")]
    utterances = [Utterance(s.text, s.samples, s.spans) for s in made]
    placed = (Placed(utterances[0], 0.5, 1.0), Placed(utterances[1], 2.0, 2.5))
    return Window(np.zeros(4 * SAMPLE_RATE, np.float32), 4.0, 100, placed)


def rng():
    return np.random.default_rng(1)


def test_a_mix_lies_between_two_models(model, tmp_path):
    before, after = (copy.deepcopy(model.whisper) for _ in range(2))
    with torch.no_grad():
        after.decoder.ln.bias += 1.0
    for whisper, name in ((before, "before"), (after, "after")):
        save_checkpoint(whisper.half(), tmp_path / name)
    mix(str(tmp_path / "before"), str(tmp_path / "after"), 0.75, tmp_path / "mixed")
    mixed = load_whisper(str(tmp_path / "mixed"), device="cpu", compute="float32").state_dict()
    for name, weights in before.float().state_dict().items():
        moved = 0.75 if name == "decoder.ln.bias" else 0.0
        torch.testing.assert_close(mixed[name], weights + moved, atol=2e-3, rtol=2e-3)


def test_every_sentence_is_said_before_one_is_said_again():
    texts = [str(n) for n in range(10)]
    said = Counter({"3": 1, "7": 2})
    for count in (4, 4, 1):
        chosen = least_said(texts, said, count, rng())
        assert len(set(chosen)) == count
        said.update(chosen)
    assert sorted(said.values()) == [1] * 8 + [2, 2]


def test_longer_words_give_way_to_rare_ones_of_like_ending():
    common = "The walking dog barked at Anna."
    rare = RareWords([common] * 21 + ["Singing cats liked Susanna, bees and cats."])
    assert rare.exchanged(common, 0.0, rng()) == common
    assert rare.exchanged(common, 1.0, rng()) == "The walking dog liked at Susanna."
    assert rare.exchanged("Talking dots talked to Vienna.", 1.0, rng()) == (
        "Singing cats liked to Susanna."
    )


def test_engines_are_heard_as_often_as_their_weights_say(tmp_path, speech):
    said = [
        dataclasses.replace(speech(text), engine=engine)
        for text, engine in (
            ("one", "often"),
            ("two", "seldom"),
            ("three", "never"),
            ("Four.", "often"),
        )
    ]
    samples = np.concatenate([(one.samples * 32767).astype(np.int16) for one in said])
    write_shard(tmp_path, 0, said, samples, "")
    weights = {"often": 3.0, "never": 0.0}
    corpus = Corpus(tmp_path, {"four"}, weights)
    heard = Counter(one.text for one in corpus.choose(rng(), 1000, shards=1))
    assert heard.keys() == {"one", "two"}
    assert 0.7 < heard["one"] / 1000 < 0.8


def test_timestamps_are_those_of_the_whole_window(window, tokenizer):
    config = WindowConfig(timestamps_share=1.0, prompt_share=0.0)
    targets = make_targets(window, tokenizer, rng(), config, window.utterances[0].utterance)
    assert targets.inputs[0] == tokenizer.sot
    assert tokenizer.decode_with_timestamps(targets.outputs) == (
        "<|2.60|> One, two.<|3.10|><|4.10|> Three four<|4.60|><|endoftext|>"
    )
    pairs = zip(targets.outputs, targets.intervals, strict=True)
    guided = [interval for token, interval in pairs if token >= tokenizer.timestamp_begin]
    # three positions around where the crop, which begins at 2 s, has them
    middles = np.array([30, 55, 105, 130])
    assert np.array(guided) == pytest.approx(np.stack([middles - 1.5, middles + 1.5], axis=1))


def test_each_token_is_guided_to_its_word_or_pause(window, tokenizer):
    config = WindowConfig(timestamps_share=0.0, prompt_share=0.0)
    targets = make_targets(window, tokenizer, rng(), config, window.utterances[0].utterance)
    heard = {}
    for token, interval in zip(targets.outputs, targets.intervals, strict=True):
        if not np.isnan(interval[0]):
            heard.setdefault(tokenizer.decode_with_timestamps([token]), []).append(interval)
    assert heard[","] == [pytest.approx((40, 45))]
    assert heard["."] == [pytest.approx((55, 105))]
    assert heard["<|endoftext|>"] == [pytest.approx((130, 200))]
    assert heard[" two"][0] == pytest.approx((45, 55))


def test_a_prompt_is_read_but_not_learned(window, tokenizer):
    config = WindowConfig(timestamps_share=0.0, prompt_share=1.0)
    earlier = window.utterances[1].utterance
    targets = make_targets(window, tokenizer, rng(), config, earlier)
    begin = targets.inputs.index(tokenizer.sot)
    assert tokenizer.decode(targets.inputs[1:begin]) == " Three four"
    assert set(targets.outputs[:begin]) == {IGNORED}
    assert targets.outputs[begin] == tokenizer.no_timestamps


def test_a_window_without_speech_says_so_and_ends(tokenizer, window):
    silent = Window(window.samples, 4.0, 0, ())
    config = WindowConfig(prompt_share=0.0)
    targets = make_targets(silent, tokenizer, rng(), config, window.utterances[0].utterance)
    assert targets.outputs == (tokenizer.no_speech, tokenizer.eot)


def test_a_word_that_the_end_cuts_is_left_out(window, tokenizer):
    cut = Placed(window.utterances[1].utterance, 3.6, 4.1, cut=True)
    window = Window(window.samples, 4.0, 0, (window.utterances[0], cut))
    config = WindowConfig(timestamps_share=0.0, prompt_share=0.0)
    targets = make_targets(window, tokenizer, rng(), config, cut.utterance)
    assert tokenizer.decode(targets.outputs[1:-1]) == " One, two. Three"
    assert "".join(LETTERS[n - 1] for n in targets.letters) == "one two three"


@pytest.mark.parametrize("seconds", [0.1, 0.5, 9.37])
def test_a_changed_tempo_has_the_same_ends(seconds):
    tempo = random_tempo(rng(), seconds, 0.3)
    times = [tempo.at(t) for t in np.linspace(0.0, seconds + 1.0, 400)]
    assert times[0] == 0.0
    assert times[-1] == seconds + 1.0
    assert tempo.at(seconds) == pytest.approx(seconds)
    assert all(before < after for before, after in pairwise(times))


def test_pauses_between_words_move_the_words_after_them(speech):
    said = speech("one two three four five")
    utterance = Utterance(said.text, said.samples, said.spans)
    slower = hesitate(utterance, rng())
    gaps = np.diff([start for start, _ in slower.spans]) - 0.3
    paused = gaps > 0.001
    assert 1 <= paused.sum() <= 3
    assert (gaps[paused] >= 0.3).all()
    added = (slower.samples.size - utterance.samples.size) / SAMPLE_RATE
    assert gaps.sum() == pytest.approx(added)
    for before, after in zip(utterance.spans, slower.spans, strict=True):
        first, moved = (round(start * SAMPLE_RATE) for start, _ in (before, after))
        word = utterance.samples[first : first + 3000]
        assert slower.samples[moved : moved + 3000] == pytest.approx(word, abs=0.02)
    single = Utterance("one", said.samples[:5000], said.spans[:1])
    assert hesitate(single, rng()) is single


def test_words_and_sound_move_together(speech, window):
    tempo = random_tempo(rng(), window.audio_seconds, 0.3)
    moved = tempo.window(window)
    length = round(window.audio_seconds * 100)
    for before, after in zip(window.utterances, moved.utterances, strict=True):
        assert after.end == tempo.at(before.end)
        for old, new in zip(before.utterance.spans, after.utterance.spans, strict=True):
            middle = before.start + sum(old) / 2
            mel = torch.zeros(80, length + 50)
            mel[:, round(middle * 100) - 2 : round(middle * 100) + 2] = 1.0
            sound = tempo.mel(mel)[0]
            heard = float((sound * (torch.arange(len(sound)) + 0.5)).sum() / sound.sum()) / 100
            assert heard == pytest.approx(tempo.at(middle), abs=0.01)
            assert after.start + new[0] < heard < after.start + new[1]
            assert not sound[length:].any()


def test_a_crop_in_its_place_is_encoded_as_the_package_encodes_a_window(model):
    exact = copy.deepcopy(model).double()
    mel = torch.randn(2, 80, 3000, generator=torch.Generator().manual_seed(1)).double()
    with torch.no_grad():
        own = exact.encode(mel, torch.zeros(2, dtype=torch.long))
        torch.testing.assert_close(own, exact.whisper.encoder(mel))


def test_mel_is_the_packages(speech):
    from subalign.mel import log_mel

    samples = np.concatenate([speech("One two three").samples, np.zeros(8000, np.float32)])
    expected = log_mel([samples], n_mels=80, dtype=torch.float32)
    n = expected.n_frames
    own = window_mel(samples, n + 20, n_mels=80)
    torch.testing.assert_close(own, expected.window(0, n, n + 20), rtol=1e-3, atol=1e-3)


def heard_batch(scores, intervals):
    windows, _, tokens, positions = scores.shape
    batch = Batch(
        mel=torch.zeros(windows, 80, 2 * positions),
        places=torch.zeros(windows, dtype=torch.long),
        inputs=torch.zeros(windows, tokens, dtype=torch.long),
        outputs=torch.ones(windows, tokens, dtype=torch.long),
        intervals=intervals,
        letters=torch.tensor([1, 2] * windows),
        letter_counts=torch.full((windows,), 2),
        positions=torch.full((windows,), positions),
    )
    heard = Heard(torch.zeros(windows, tokens, 7), torch.zeros(windows, positions, 29), scores)
    return heard, batch


def test_even_attention_over_the_word_is_what_guiding_wants():
    scores = torch.full((1, 2, 2, 20), -40.0)
    scores[:, :, 0, 3:7] = 5.0
    intervals = torch.tensor([[[2.5, 6.5], [float("nan")] * 2]])
    outcome = losses(*heard_batch(scores, intervals), LossConfig())
    assert outcome.guided.item() == pytest.approx(0.0, abs=1e-5)
    scores[:, :, 0, 3] = 8.0
    assert losses(*heard_batch(scores, intervals), LossConfig()).guided.item() > 0.5


def test_attention_outside_the_word_is_counted():
    scores = torch.zeros(1, 2, 1, 20)
    outcome = losses(*heard_batch(scores, torch.tensor([[[-0.5, 4.5]]])), LossConfig())
    assert outcome.outside.item() == pytest.approx(0.75)
    assert outcome.guided.item() == pytest.approx(np.log(4))


def test_word_errors():
    said = [("The cat sat.", "the cat sat"), ("One two three", "one three four")]
    errors = word_errors(said)
    assert (errors.errors, errors.words) == (2, 6)
    assert word_errors([("a b", "")]).rate == 1.0


def test_time_errors():
    found = time_errors([((0.0, 1.0), (0.1, 0.9)), ((1.0, 2.0), (0.9, 0.9))])
    assert found.start_mean == pytest.approx(0.1)
    assert found.start_bias == pytest.approx(0.0)
    assert found.end_bias == pytest.approx(-0.6)
    assert found.empty == 1
    assert time_errors([]) is None
    assert near([0.0, 1.0], [0.05, 3.0], 0.1) == 1


@pytest.mark.parametrize(("method", "most"), [(resample, 1.0001), (resample_fast, 1.05)])
def test_resampling_keeps_a_tone(method, most):
    time = np.arange(16000) / 16000
    tone = np.sin(2 * np.pi * 440 * time).astype(np.float32) * np.hanning(16000)
    slower = method(tone.astype(np.float32), 1.97)
    factor = slower.size / tone.size
    assert 1.9699 <= factor <= 1.97 * most
    peak = np.argmax(np.abs(np.fft.rfft(slower))) * 16000 / slower.size
    assert peak == pytest.approx(440 / factor, abs=1)


def test_pico_is_timed_by_pocketsphinx():
    pytest.importorskip("pocketsphinx")
    pytest.importorskip("ttspico")
    from training.synthesis.pico import Pico

    said = Pico().say("Well, this is what we shall hear.", "en-GB", rate=110, pitch=90)
    assert all(span is not None and span[0] < span[1] for span in said.spans)
    assert all(before[1] <= after[0] for before, after in pairwise(said.spans))
    assert said.spans[1][0] - said.spans[0][1] > 0.05  # the comma's pause is no word's
    assert 0.0 < said.seconds - said.spans[-1][1] < 0.2


@pytest.mark.skipif(
    ctypes.util.find_library("espeak-ng") is None, reason="eSpeak NG's library is not installed"
)
def test_espeak_times_its_words():
    from training.synthesis.espeak import Espeak

    text = "Good morning, all of you are here."
    made = Espeak().say(text, "gmw/en-US+f3")
    assert len(made.spans) == len(text.split())
    spans = [span for span in made.spans if span is not None]
    assert len(spans) >= 5
    assert all(start < end <= made.seconds for start, end in spans)
    assert all(before[1] <= after[0] + 1e-6 for before, after in pairwise(spans))
    loud = [np.abs(made.samples[round(a * 16000) : round(b * 16000)]).max() for a, b in spans]
    assert min(loud) > 0.02
