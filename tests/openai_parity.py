"""Whole recordings through openai-whisper and through us, to be compared."""

import warnings
from functools import cache, partial

import numpy as np
import pytest
import torch
import whisper

from subalign.alignment import time_texts
from subalign.alignment.dtw import Dtw
from subalign.audio import open_audio
from subalign.mel import log_mel
from subalign.options import AlignmentOptions, TranscriptionOptions
from subalign.transcription import Transcription
from whisper_peer import peer_of, peer_vocabulary

GREEDY = TranscriptionOptions(beam_size=None, best_of=None, temperatures=(0.0,), sequential=True)


def samples_of(path):
    with open_audio(path) as stream:
        return np.concatenate(list(stream))


def run(model, samples, options=GREEDY):
    # float32 mel, as openai-whisper keeps it
    mel = log_mel([samples], n_mels=model.dims.n_mels, dtype=torch.float32)
    return Transcription(model, mel, options, partial(openais_timer, model))


def openais_timer(model, tokenizer):
    """Times words as openai-whisper does, with the faults that `AttentionTimer` corrects."""
    return partial(time_segments_by_dtw, model, tokenizer)


def time_segments_by_dtw(
    model,
    tokenizer,
    segments,
    encoded,
    num_frames,
    last_speech_end,
    options=AlignmentOptions(method="dtw"),
):
    """The segments of one window, before their words get order and length."""

    def time_words(words):
        [timings] = time_texts(model, tokenizer, encoded, [words], [num_frames], options)
        return timings

    return Dtw().time_segments(segments, tokenizer, time_words, last_speech_end, options)


class Remembered(torch.nn.Module):
    """An encoder that encodes a window once, for the decoder, for the word times and for all tests.

    openai-whisper encodes it twice in each run.
    """

    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder
        self.heard = {}

    def forward(self, mel):
        key = mel.numpy().tobytes()
        if key not in self.heard:
            self.heard[key] = self.encoder(mel)
        return self.heard[key]


@cache
def listening_peer(model):
    peer = peer_of(model)
    peer.encoder = Remembered(peer.encoder)
    return peer


def peer_run(model, samples, options=GREEDY):
    clips = [edge for clip in options.clips for edge in (clip.start, clip.end)]
    with peer_vocabulary(model), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return whisper.transcribe(
            listening_peer(model),
            samples,
            verbose=None,
            fp16=False,
            language=options.language,
            task=options.task,
            temperature=options.temperatures,
            beam_size=options.beam_size,
            compression_ratio_threshold=options.compression_ratio_threshold,
            logprob_threshold=options.logprob_threshold,
            no_speech_threshold=options.no_speech_threshold,
            condition_on_previous_text=(
                model.previous_text
                if options.condition_on_previous_text is None
                else options.condition_on_previous_text
            ),
            initial_prompt=options.initial_prompt,
            carry_initial_prompt=options.carry_initial_prompt,
            word_timestamps=options.word_timestamps,
            clip_timestamps=clips or "0",
            hallucination_silence_threshold=options.hallucination_silence_threshold,
        )


def assert_same(model, samples, options=GREEDY):
    expected = peer_run(model, samples, options)
    found = run(model, samples, options).transcript()
    # empty segments are not given
    segments = [segment for segment in expected["segments"] if segment["text"].strip()]
    assert found.text == expected["text"]
    assert found.language == expected["language"]
    assert len(found.segments) == len(segments) > 0
    for ours, theirs in zip(found.segments, segments, strict=True):
        assert ours.text == theirs["text"]
        assert list(ours.tokens) == theirs["tokens"]
        assert ours.seek == theirs["seek"]
        assert ours.start == pytest.approx(theirs["start"], abs=6e-4)
        assert ours.end == pytest.approx(theirs["end"], abs=6e-4)
        assert ours.temperature == theirs["temperature"]
        assert ours.avg_logprob == pytest.approx(theirs["avg_logprob"], abs=1e-3)
        if options.word_timestamps:
            assert [word.text for word in ours.words] == [w["word"] for w in theirs["words"]]
            for word, their_word in zip(ours.words, theirs["words"], strict=True):
                assert word.start == pytest.approx(their_word["start"], abs=6e-4)
                assert word.end == pytest.approx(their_word["end"], abs=6e-4)
                assert word.probability == pytest.approx(their_word["probability"], abs=1e-3)
