"""`subalign transcribe`: from the command line to a checked job, which `batch` carries out."""

import os
from pathlib import Path
from typing import cast

import typer

from subalign.cli import options as cli
from subalign.cli.console import Session
from subalign.cli.job import Job, Results
from subalign.cli.messages import errors_reported
from subalign.cli.parsers import (
    parse_clips,
    parse_count,
    parse_number,
    parse_task,
    parse_temperatures,
    parse_tokens,
)
from subalign.errors import UsageError
from subalign.options import (
    APPEND_PUNCTUATIONS,
    PREPEND_PUNCTUATIONS,
    AlignmentOptions,
    AudioOptions,
    KernelChoice,
    LayoutOptions,
    TranscriptionOptions,
)

__all__ = ["transcribe"]


def transcribe(
    context: typer.Context,
    inputs: cli.Inputs,
    format: cli.Formats = ["srt"],  # noqa: B006 (Typer copies it)
    output_dir: cli.OutputDir = None,
    overwrite: cli.Overwrite = False,
    skip_existing: cli.SkipExisting = False,
    highlight_words: cli.HighlightWords = False,
    max_line_width: cli.MaxLineWidth = None,
    max_line_count: cli.MaxLineCount = None,
    max_words_per_line: cli.MaxWordsPerLine = None,
    model: cli.ModelName = None,
    model_dir: cli.ModelDir = None,
    device: cli.Device = "auto",
    dtype: cli.Dtype = None,
    fp16: cli.HalfPrecision = None,
    no_sdpa: cli.NoSdpa = False,
    threads: cli.Threads = 0,
    audio_track: cli.AudioTrack = 1,
    clip: cli.Clips = None,
    clip_timestamps: cli.ClipTimestamps = None,
    language: cli.Language = None,
    task: cli.Task = "transcribe",
    initial_prompt: cli.InitialPrompt = None,
    carry_initial_prompt: cli.CarryInitialPrompt = False,
    condition_on_previous_text: cli.ConditionOnPreviousText = None,
    temperature: cli.Temperature = None,
    temperature_increment_on_fallback: cli.TemperatureIncrement = None,
    best_of: cli.BestOf = "5",
    beam_size: cli.BeamSize = "5",
    patience: cli.Patience = None,
    length_penalty: cli.LengthPenalty = None,
    suppress_tokens: cli.SuppressTokens = "-1",
    compression_ratio_threshold: cli.CompressionRatioThreshold = "2.4",
    logprob_threshold: cli.LogprobThreshold = "-1.0",
    no_speech_threshold: cli.NoSpeechThreshold = "0.6",
    word_timestamps: cli.WordTimestamps = True,
    prepend_punctuations: cli.PrependPunctuations = PREPEND_PUNCTUATIONS,
    append_punctuations: cli.AppendPunctuations = APPEND_PUNCTUATIONS,
    hallucination_silence_threshold: cli.HallucinationSilenceThreshold = None,
    qk_scale: cli.QkScale = 1.0,
    medfilt_width: cli.MedfiltWidth = 7,
    kernels: cli.Kernels = "auto",
    verbose: cli.Verbose = False,
    quiet: cli.Quiet = False,
) -> None:
    """Turn recordings into subtitles, text or JSON with every word timed."""
    session: Session = context.obj
    with errors_reported(session):
        layout = LayoutOptions(
            highlight_words=highlight_words,
            max_line_width=max_line_width,
            max_line_count=max_line_count,
            max_words_per_line=max_words_per_line,
        )
        _check_layout(layout, word_timestamps, session)
        beams = parse_count(beam_size, "--beam-size")
        if patience is not None and beams is None:
            raise UsageError("--patience needs --beam-size.")
        job = Job(
            sources=tuple(inputs),
            results=_results(format, output_dir, overwrite, skip_existing),
            layout=layout,
            model=model,
            device=device,
            dtype=_dtype(dtype, fp16),
            half_precision=bool(fp16),
            sdpa=not no_sdpa,
            threads=threads,
            audio=AudioOptions(track=audio_track),
            transcription=TranscriptionOptions(
                task=parse_task(task),
                language=_language_code(language),
                temperatures=parse_temperatures(temperature, temperature_increment_on_fallback),
                best_of=parse_count(best_of, "--best-of"),
                beam_size=beams,
                patience=patience,
                length_penalty=length_penalty,
                suppress_tokens=parse_tokens(suppress_tokens, "--suppress-tokens"),
                compression_ratio_threshold=parse_number(
                    compression_ratio_threshold, "--compression-ratio-threshold"
                ),
                logprob_threshold=parse_number(logprob_threshold, "--logprob-threshold"),
                no_speech_threshold=parse_number(no_speech_threshold, "--no-speech-threshold"),
                condition_on_previous_text=condition_on_previous_text,
                initial_prompt=initial_prompt,
                carry_initial_prompt=carry_initial_prompt,
                clips=parse_clips(clip or (), clip_timestamps),
                word_timestamps=word_timestamps,
                hallucination_silence_threshold=hallucination_silence_threshold,
            ),
            alignment=AlignmentOptions(
                qk_scale=qk_scale,
                medfilt_width=medfilt_width,
                prepend_punctuations=prepend_punctuations,
                append_punctuations=append_punctuations,
                kernels=cast(KernelChoice, kernels),  # the options refuse any other name
            ),
            verbose=verbose,
            quiet=quiet,
        )
        if verbose and quiet:
            raise UsageError("--verbose and --quiet exclude each other: use one of them.")
        if model_dir is not None:
            # read by the hub's client when it is imported, which nothing has done yet
            os.environ["HF_HUB_CACHE"] = str(model_dir.absolute())

        from subalign.cli.batch import run_job

        raise typer.Exit(run_job(job, session))


def _results(
    formats: list[str], output_dir: str | None, overwrite: bool, skip_existing: bool
) -> Results:
    from subalign.subtitles import resolve_formats

    if overwrite and skip_existing:
        raise UsageError("--overwrite and --skip-existing exclude each other: use one of them.")
    to_stdout = output_dir == "-"
    return Results(
        formats=resolve_formats(formats),
        folder=None if output_dir is None or to_stdout else Path(output_dir),
        to_stdout=to_stdout,
        existing="overwrite" if overwrite else "skip" if skip_existing else "refuse",
    )


def _check_layout(layout: LayoutOptions, word_timestamps: bool, session: Session) -> None:
    """The layout needs timed words; limits without effect are worth a warning."""
    needs_words = {
        "--highlight-words": layout.highlight_words,
        "--max-line-width": layout.max_line_width is not None,
        "--max-line-count": layout.max_line_count is not None,
        "--max-words-per-line": layout.max_words_per_line is not None,
    }
    for option, given in needs_words.items():
        if given and not word_timestamps:
            raise UsageError(f"{option} needs timed words: leave --no-word-timestamps out.")
    if layout.max_line_count is not None and layout.max_line_width is None:
        session.warn("--max-line-count has no effect without --max-line-width.")
    if None not in (layout.max_line_width, layout.max_line_count, layout.max_words_per_line):
        session.warn(
            "--max-words-per-line has no effect with both --max-line-width and --max-line-count."
        )


def _language_code(language: str | None) -> str | None:
    if language is None:
        return None
    from subalign.tokenizer import to_language_code

    return to_language_code(language)


def _dtype(dtype: str | None, fp16: bool | None) -> str:
    if dtype is not None and fp16 is not None:
        raise UsageError("--dtype and --fp16 exclude each other: use one of them.")
    if fp16 is None:
        return dtype or "auto"
    return "float16" if fp16 else "float32"
