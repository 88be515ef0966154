"""Forced alignment as a whole: damage to the text or the audio harms its neighbourhood only."""

import numpy as np
import pytest
import torch

from subalign.alignment import time_texts
from subalign.alignment.boundaries import refine_boundaries
from subalign.alignment.forced import align as pipeline
from subalign.alignment.forced import align_script
from subalign.alignment.forced.thresholds import ForcedThresholds, VerificationThresholds
from subalign.audio import SAMPLE_RATE
from subalign.mel import log_mel
from subalign.mel.speech import Speech
from subalign.model import ModelDimensions
from subalign.results import Line, Script, Word
from whisper_peer import official_vocabulary, random_model

FOREIGN = "Volcanic eruptions transformed glaciers throughout northern Iceland."
UNRELATED = (
    "The quarterly figures exceeded every forecast published previously.",
    FOREIGN,
    "Parliament debated fishing quotas until midnight.",
)
MINUTE = 60 * SAMPLE_RATE


@pytest.fixture(scope="module")
def align(embedded_model):
    """Aligns lines, given as text, with samples; all results are checked for what always holds."""

    def call(samples, lines, **others):
        script = Script(tuple(Line(line, ((0, len(line)),)) for line in lines))
        with torch.inference_mode():
            mel = log_mel([samples], n_mels=80)
            found = align_script(embedded_model, mel, script, language="en", **others)
        assert_proper(found, lines, samples.size / SAMPLE_RATE)
        return found

    return call


def assert_proper(found, lines, duration):
    """Order, length and place of the words, and a report that counts them all."""
    assert [segment.text for segment in found.transcript.segments] == list(lines)
    words = list(found.transcript.words)
    assert [word.text.strip() for word in words] == " ".join(lines).split()
    edges = [edge for word in words for edge in (word.start, word.end)]
    assert edges == sorted(edges)
    assert all(word.end - word.start > 0.0199 for word in words)
    assert all(0 <= edge <= duration for edge in edges)
    report = found.report
    assert report.words == len(words)
    assert report.heard == sum(not word.estimated for word in words)
    assert report.heard + report.estimated + report.missing == report.words
    assert report.edges_by_sound <= report.heard


def errors(found, starts):
    """By how much words begin too late; `starts` are the lines' true ones, None of unknown."""
    return np.array(
        [
            word.start - start
            for segment, line in zip(found.transcript.segments, starts, strict=True)
            if line is not None
            for word, start in zip(segment.words, line, strict=True)
        ]
    )


def later(starts, seconds):
    return [[start + seconds for start in line] for line in starts]


def share_right(found, starts, limit=0.15):
    return (np.abs(errors(found, starts)) <= limit).mean()


def said_in(passages, begin, end):
    """How much of this time (seconds) passages cover."""
    return sum(max(0, min(end, p.end) - max(begin, p.start)) for p in passages)


@pytest.fixture(scope="module")
def intact(align, opening):
    return align(opening.samples, opening.lines)


def test_text_that_fits(intact, opening):
    report = intact.report
    assert report.heard == report.edges_by_sound == report.words == 56
    assert (report.missing_passages, report.unscripted, report.worst) == ((), (), ())
    found = errors(intact, opening.starts)
    assert np.abs(found).mean() < 0.06
    assert np.abs(np.median(found)) < 0.04
    assert share_right(intact, opening.starts) > 0.9


def test_a_recording_of_one_window_has_the_times_of_the_engine_alone(
    intact, embedded_model, tokenizer, encode_words, opening, opening_mel
):
    encoded = embedded_model.encode(opening_mel.window(0, opening_mel.n_frames, 3000)[None])
    words = encode_words(" ".join(opening.lines))
    [timed] = time_texts(embedded_model, tokenizer, encoded, [words], [opening_mel.n_frames])
    engine = [Word(t.word, round(t.start, 3), round(t.end, 3), t.probability) for t in timed]
    expected = refine_boundaries(opening_mel, engine).words
    assert [(word.start, word.end) for word in intact.transcript.words] == [
        (word.start, word.end) for word in expected
    ]


@pytest.mark.parametrize(("first", "count"), [(3, 1), (5, 1)])
def test_lines_that_the_transcript_lacks(align, opening, first, count):
    rest = [*range(first), *range(first + count, 8)]
    found = align(opening.samples, [opening.lines[line] for line in rest])
    starts = [opening.starts[line] for line in rest]
    assert share_right(found, starts) > 0.85
    apart = [None if line in (first - 1, first + count) else opening.starts[line] for line in rest]
    assert np.abs(errors(found, apart)).max() < 0.6
    begin, end = opening.starts[first][0], opening.ends[first + count - 1]
    # the passage is told of, and little else is
    assert said_in(found.report.unscripted, begin, end) > 0.5 * (end - begin)
    assert said_in(found.report.unscripted, 0, opening.seconds) < (end - begin) + 2.5
    assert found.report.heard_share > 0.85


def test_a_line_that_nobody_says(align, opening):
    place = 2
    lines = [*opening.lines[:place], FOREIGN, *opening.lines[place:]]
    starts = [*opening.starts[:place], None, *opening.starts[place:]]
    found = align(opening.samples, lines)
    report = found.report
    assert report.missing >= 6
    assert report.worst[0].segment == place
    assert share_right(found, starts) > 0.85
    far = [None if abs(line - place) <= 1 else starts[line] for line in range(9)]
    assert np.abs(errors(found, far)).max() < 0.6
    [passage] = report.missing_passages
    # and a few of the words beside it
    said = passage.text.split()
    assert len(set(said) & set(FOREIGN.split())) >= 6
    assert len(said) <= 11


def test_text_of_something_else(align, opening):
    report = align(opening.samples, UNRELATED).report
    assert report.heard_share < 0.35
    assert said_in(report.unscripted, 0, opening.seconds) > 5


def test_another_part_of_the_same_talk(align, opening, whole_talk):
    """Words of the same voices and subject, but not those that are said."""
    assert align(opening.samples, whole_talk.lines[12:20]).report.heard_share < 0.5


def test_a_talk_said_twice(align, opening):
    lines = opening.lines * 2
    starts = [*opening.starts, *later(opening.starts, opening.seconds)]
    found = align(np.tile(opening.samples, 2), lines)
    assert share_right(found, starts) > 0.9
    assert np.abs(errors(found, starts)).max() < 1
    assert found.report.heard_share > 0.95
    assert found.report.unscripted == ()


@pytest.mark.parametrize(
    ("level", "line"), [(0.0, 3), (0.02, -1)], ids=["silence-inside", "noise-first"]
)
def test_a_minute_without_speech(align, opening, level, line):
    """All after it is a minute later, and all before it as it was."""
    nothing = np.random.default_rng(0).normal(0, 1, MINUTE).astype(np.float32) * level
    cut = opening.pause_after(line) if line >= 0 else 0
    samples = np.concatenate([opening.samples[:cut], nothing, opening.samples[cut:]])
    found = align(samples, opening.lines)
    starts = [*opening.starts[: line + 1], *later(opening.starts[line + 1 :], 60)]
    assert share_right(found, starts) > 0.9
    assert np.abs(errors(found, starts)).max() < 1.5
    assert found.report.heard_share > 0.9


def test_lines_of_which_nothing_is_said(embedded_model, opening):
    """They lie between the others: as the file has them, or at once."""
    text = opening.lines
    script = Script(
        (
            Line("[music]", ()),
            Line(text[0], ((0, len(text[0])),)),
            Line("[applause]", (), 3.0, 3.4),
            Line(text[1], ((0, len(text[1])),)),
        )
    )
    mel = log_mel([opening.samples[: opening.pause_after(1)]], n_mels=80)
    done = []
    with torch.inference_mode():
        found = align_script(
            embedded_model,
            mel,
            script,
            language=None,
            on_progress=lambda *told: done.append(told),
        )
    music, first, applause, second = found.transcript.segments
    assert (music.words, applause.words) == ((), ())
    assert 0 == music.start < music.end <= first.start
    assert (applause.start, applause.end) == (3.0, 3.4)
    assert second.start == second.words[0].start
    assert found.report.words == 15
    assert done == sorted(done)
    assert done[-1] == (pytest.approx(mel.duration, abs=0.3), mel.duration)


def test_thresholds_can_be_varied(align, opening):
    """Where no evidence is enough, only what was recognised is verified."""
    never = VerificationThresholds(evidence=np.inf, likeness=2.0)
    short = opening.samples[: opening.pause_after(1)]
    found = align(short, opening.lines[:2], thresholds=ForcedThresholds(verification=never))
    assert found.report.heard == 0


def test_recordings_that_hold_nothing(align):
    """Words without speech have times, and none of them was heard."""
    for seconds in (0.05, 2.0):
        samples = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
        assert align(samples, ["One."]).report.heard == 0
    assert align(np.zeros(3200, np.float32), []).report.words == 0


def test_what_is_decoded_as_it_is_written_is_encoded_once(
    align, embedded_model, opening, monkeypatch
):
    """Never backwards; the opening has no long pause."""
    encoded = []
    forward = embedded_model.encoder.forward

    def counted(mel):
        encoded.append(mel.shape[0])
        return forward(mel)

    monkeypatch.setattr(embedded_model.encoder, "forward", counted)
    found = align(opening.samples, opening.lines)
    assert found.report.heard == found.report.words
    assert encoded == [1]


def test_the_language_is_detected_where_there_is_most_speech(shared, monkeypatch):
    """And not where noise is louder than it; where there is none, it is the loudest sound's."""
    small = ModelDimensions(80, 200, 64, 4, 1, 51865, 128, 64, 4, 2)
    model = random_model(small, official_vocabulary(shared, multilingual=True))
    loud = np.random.default_rng(0).normal(0, 0.1, 8 * SAMPLE_RATE).astype(np.float32)
    mel = log_mel([loud, loud / 8], n_mels=80)
    spoken = Speech(np.repeat(np.float32([0, 1]), 800))
    heard = []

    def language_of(model, windows):
        heard.append(float(next(windows).mel.mean()))
        raise InterruptedError

    monkeypatch.setattr(pipeline, "language_of", language_of)
    script = Script((Line("Hallo", ((0, 5),)),))
    for speech in (spoken, Speech(np.zeros(1600, np.float32))):
        with pytest.raises(InterruptedError):
            align_script(model, mel, script, language=None, speech=speech)
    assert heard[0] < 0.3 < heard[1]  # the quiet half's level, and the loud one's
