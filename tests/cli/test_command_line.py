"""Every option arrives in the job, in each of its spellings, and wrong ones are told at once."""

import os
from pathlib import Path

import pytest

import subalign.cli.app
import subalign.cli.transcribe_run
from subalign.options import (
    AlignmentOptions,
    AudioOptions,
    Clip,
    LayoutOptions,
    TranscriptionOptions,
)


@pytest.fixture
def job(subalign, monkeypatch):
    """The job that a command line leads to."""
    seen = []
    monkeypatch.setattr(
        transcribe_run(), "run_transcribe", lambda job, session: seen.append(job) or 0
    )

    def call(*arguments):
        outcome = subalign("transcribe", "a.wav", *arguments)
        assert outcome.code == 0, outcome.err
        return seen[-1]

    return call


def transcribe_run():
    return subalign.cli.transcribe_run


def _compute(found):
    compute = found.compute
    return compute.model, compute.device, compute.compute, compute.sdpa


def test_without_options_the_defaults_of_the_library_hold(job, monkeypatch):
    monkeypatch.delenv("SUBALIGN_MODEL")
    found = job()
    assert found.transcription == TranscriptionOptions()
    assert found.alignment == AlignmentOptions()
    assert found.audio == AudioOptions()
    assert found.layout == LayoutOptions()
    assert _compute(found) == (None, "auto", "auto", True)
    assert (found.results.formats, found.results.folder) == (("srt",), None)
    assert (found.results.to_stdout, found.results.existing) == (False, "refuse")
    assert (found.verbose, found.quiet, found.compute.threads) == (False, False, 0)


EVERY_OPTION = (
    "--model turbo --device cpu --dtype bfloat16 --no-sdpa --threads 3 -f json,srt -f txt -o out "
    "--overwrite --audio-track 2 --clip 1:00-1:30 --clip 100- --language German --task translate "
    "--initial-prompt Hello --carry-initial-prompt --no-condition-on-previous-text "
    "--temperature 0 --temperature-increment-on-fallback 0.5 --best-of 3 --beam-size 4 "
    "--patience 1.5 --length-penalty 0.4 --suppress-tokens 5,6 --compression-ratio-threshold 2 "
    "--logprob-threshold none --no-speech-threshold 0.5 --hallucination-silence-threshold 2 "
    "--sequential --batch-size 2 --vad loudness --vad-threshold 0.4 "
    "--prepend-punctuations ( --append-punctuations ) --highlight-words --max-line-width 40 "
    "--max-line-count 2 --profile bbc --max-cps 15 --min-duration 0.5 "
    "--max-duration 6 --min-gap 0.1 --linger 0.75 --fps 29.97 "
    "--method dtw --heads 1:0,1:4 --qk-scale 1.5 --medfilt-width 5 "
    "--kernels cpu --verbose"
)


@pytest.mark.parametrize("dashes", ["-", "_"])
def test_every_option_arrives(job, dashes):
    arguments = [
        "--" + word[2:].replace("-", dashes) if word.startswith("--") else word
        for word in EVERY_OPTION.split()
    ]
    found = job(*arguments)
    assert found.transcription == TranscriptionOptions(
        task="translate",
        language="de",
        temperatures=(0.0, 0.5, 1.0),
        best_of=3,
        beam_size=4,
        patience=1.5,
        length_penalty=0.4,
        suppress_tokens=(5, 6),
        compression_ratio_threshold=2.0,
        logprob_threshold=None,
        no_speech_threshold=0.5,
        condition_on_previous_text=False,
        initial_prompt="Hello",
        carry_initial_prompt=True,
        clips=(Clip(60, 90), Clip(100)),
        hallucination_silence_threshold=2.0,
        sequential=True,
        batch_size=2,
        vad="loudness",
        vad_threshold=0.4,
    )
    assert found.alignment == AlignmentOptions(
        method="dtw",
        heads=((1, 0), (1, 4)),
        qk_scale=1.5,
        medfilt_width=5,
        kernels="cpu",
        prepend_punctuations="(",
        append_punctuations=")",
    )
    assert found.audio == AudioOptions(track=2)
    assert found.layout == LayoutOptions(
        profile="bbc",
        highlight_words=True,
        max_line_width=40,
        max_line_count=2,
        max_cps=15.0,
        min_duration=0.5,
        max_duration=6.0,
        min_gap=0.1,
        linger=0.75,
        fps=29.97,
    )
    assert _compute(found) == (
        "turbo",
        "cpu",
        "bfloat16",
        False,
    )
    assert found.results.formats == ("json", "srt", "txt")
    assert (found.results.folder, found.results.existing) == (Path("out"), "overwrite")
    assert (found.verbose, found.compute.threads) == (True, 3)


def test_openai_whispers_command_line_is_understood(job):
    found = job(
        *"--output_format all --output_dir out --word_timestamps True --highlight_words False "
        "--condition_on_previous_text False --fp16 False --verbose False --best_of None "
        "--beam_size None --logprob_threshold None --clip_timestamps 0,10,20,30 --language en "
        "--suppress_tokens=-1 --temperature 0 --initial_prompt True".split()
    )
    assert found.results.formats[:5] == ("txt", "vtt", "srt", "tsv", "json")
    assert found.compute.compute == "float32"
    assert not found.verbose
    assert found.transcription == TranscriptionOptions(
        language="en",
        temperatures=(0.0,),
        best_of=None,
        beam_size=None,
        logprob_threshold=None,
        condition_on_previous_text=False,
        clips=(Clip(0, 10), Clip(20, 30)),
        initial_prompt="True",
    )


def test_words_can_be_left_untimed(job):
    assert not job("--no-word-timestamps").transcription.word_timestamps
    assert not job("--word_timestamps", "False").transcription.word_timestamps


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("--overwrite --skip-existing", "--overwrite and --skip-existing exclude each other"),
        ("--verbose --quiet", "--verbose and --quiet exclude each other"),
        ("--dtype float32 --fp16 True", "--compute and --fp16 exclude each other"),
        ("-o - -f srt,json", "Standard output takes one result: give a single --format"),
        ("--format sr", "--format does not know 'sr': did you mean srt?"),
        ("--language klingon", "The language 'klingon' is not known"),
        ("--task sing", "--task must be transcribe or translate, not 'sing'."),
        ("--temperature 9", "--temperature must lie between 0 and 5, not 9."),
        ("--beam-size none --patience 2", "--patience needs --beam-size."),
        ("--beam-size 0", "--beam-size takes a whole number from 1 up or none, not '0'."),
        ("--no-speech-threshold x", "--no-speech-threshold takes a number or none, not 'x'."),
        ("--audio-track 0", "--audio-track counts from 1, not 0."),
        ("--medfilt-width 4", "--medfilt-width must be an odd number from 1 up, not 4."),
        ("--method dwt", "--method must be viterbi or dtw, not 'dwt'."),
        ("--heads 1", "'1' is no head: write LAYER:HEAD pairs between commas, both counted from 0"),
        ("--heads 1:2,1:2", "Head 1:2 stands there twice: give each head once."),
        ("--kernels gpu", "--kernels must be auto, triton or cpu, not 'gpu'."),
        (
            "--profile nonsense",
            "--profile must be netflix, bbc, broadcast, social, verbatim or openai",
        ),
        ("--fps 26", "--fps must be 23.976, 24, 25, 29.97, 30, 50 or 59.94, not 26."),
        ("--linger -1", "--linger takes seconds from 0 up, not -1."),
        ("--max-cps 0", "--max-cps must be above 0, not 0."),
        ("--max-duration 1 --min-duration 2", "--max-duration must be at least"),
        ("--profile openai --fps 25", "--max-cps, --min-duration"),
        ("--max-line-width 0", "--max-line-width must be at least 1, not 0."),
        ("--carry-initial-prompt", "--carry-initial-prompt needs --initial-prompt."),
        (
            "--condition-on-previous-text",
            "--condition-on-previous-text needs --sequential: windows of a batch do not follow",
        ),
        (
            "--each-language --language de",
            "--each-language detects the language of each window: leave --language and "
            "--sequential out.",
        ),
        ("--vad webrtc", "--vad must be silero, loudness or none, not 'webrtc'."),
        ("--vad-threshold 1", "--vad-threshold must lie between 0 and 1, not 1."),
        ("--clip 9-3", "--clip 9-3 is no stretch of time: a clip must end after it starts."),
        ("--clip 1-2 --clip_timestamps 1,2", "--clip and --clip-timestamps exclude each other"),
        (
            "--no-word-timestamps --highlight-words",
            "--highlight-words needs timed words: leave --no-word-timestamps out.",
        ),
        (
            "--word_timestamps False --profile openai --max_line_width 40",
            "--max-line-width needs timed words: leave --no-word-timestamps out.",
        ),
        (
            "--no-word-timestamps --profile openai --max-words-per-line 3",
            "--max-words-per-line needs timed words: leave --no-word-timestamps out.",
        ),
        (
            "--no-word-timestamps --hallucination-silence-threshold 2",
            "--hallucination-silence-threshold needs timed words",
        ),
    ],
)
def test_wrong_usage_is_one_sentence_and_code_2(subalign, arguments, sentence):
    outcome = subalign("transcribe", "a.wav", *arguments.split())
    assert outcome.code == 2
    assert outcome.err.startswith(f"Error: {sentence}")
    assert outcome.err.count("\n") == 1
    assert outcome.out == ""


@pytest.mark.parametrize(
    "arguments",
    [["transcribe"], ["transcribe", "a.wav", "--nonsense"], ["sing"], ["models"], []],
)
def test_unknown_options_and_missing_inputs_are_code_2(subalign, arguments):
    assert subalign(*arguments).code == 2


@pytest.mark.parametrize(
    ("arguments", "warning"),
    [
        (
            "--profile openai --max-line-count 2",
            "--max-line-count has no effect without --max-line-width.",
        ),
        (
            "--profile openai --max-line-count 2 --max-line-width 40 --max-words-per-line 3",
            "--max-words-per-line has no effect with both --max-line-width and --max-line-count.",
        ),
    ],
)
def test_limits_without_effect_are_told(subalign, folder, arguments, warning):
    outcome = subalign("transcribe", "missing.wav", *arguments.split())
    assert outcome.err.startswith(f"Warning: {warning}\n")


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({}, {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "3000"}),
        ({"GOMP_SPINCOUNT": "5"}, {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "5"}),
        ({"OMP_WAIT_POLICY": "active"}, {"OMP_WAIT_POLICY": "active"}),
    ],
)
def test_waiting_threads_sleep_soon_unless_the_user_says_otherwise(monkeypatch, own, expected):
    names = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
    for name in names:
        monkeypatch.setenv(name, own.get(name, ""))  # so that it is put back
        if name not in own:
            monkeypatch.delenv(name)
    monkeypatch.setattr(subalign.cli.app, "run", lambda _arguments: 0)
    monkeypatch.setattr(subalign.cli, "take_interrupts", lambda _outermost: ())
    with pytest.raises(SystemExit):
        subalign.cli.main()
    assert {name: os.environ[name] for name in names if name in os.environ} == expected
