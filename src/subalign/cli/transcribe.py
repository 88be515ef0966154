"""`subalign transcribe`: from the command line to a checked job, which `batch` carries out."""

from typing import cast

import typer

from subalign.cli import options as cli
from subalign.cli.choices import (
    chosen_language,
    chosen_machine,
    chosen_results,
    warn_of_limits,
)
from subalign.cli.console import Session
from subalign.cli.job import Job
from subalign.cli.messages import errors_reported
from subalign.cli.parsers import (
    parse_channel,
    parse_clips,
    parse_count,
    parse_highlight_style,
    parse_number,
    parse_pairs,
    parse_style,
    parse_task,
    parse_temperatures,
    parse_tokens,
)
from subalign.errors import UsageError
from subalign.options import (
    APPEND_PUNCTUATIONS,
    PREPEND_PUNCTUATIONS,
    AlignmentMethod,
    AlignmentOptions,
    AudioOptions,
    KernelChoice,
    LayoutOptions,
    ProfileName,
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
    embed: cli.Embed = False,
    highlight_words: cli.HighlightWords = False,
    highlight_style: cli.HighlightStyle = None,
    style: cli.Style = None,
    profile: cli.Profile = None,
    max_line_width: cli.MaxLineWidth = None,
    max_line_count: cli.MaxLineCount = None,
    max_words_per_line: cli.MaxWordsPerLine = None,
    max_cps: cli.MaxCps = None,
    min_duration: cli.MinDuration = None,
    max_duration: cli.MaxDuration = None,
    min_gap: cli.MinGap = None,
    linger: cli.Linger = None,
    fps: cli.Fps = None,
    csv_formulas: cli.CsvFormulas = False,
    model: cli.ModelName = None,
    model_dir: cli.ModelDir = None,
    device: cli.Device = "auto",
    dtype: cli.Dtype = None,
    fp16: cli.HalfPrecision = None,
    no_sdpa: cli.NoSdpa = False,
    threads: cli.Threads = 0,
    audio_track: cli.AudioTrack = 1,
    channel: cli.Channel = "mix",
    max_recording: cli.MaxRecording = None,
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
    method: cli.Method = "viterbi",
    heads: cli.Heads = None,
    qk_scale: cli.QkScale = 1.0,
    medfilt_width: cli.MedfiltWidth = None,
    kernels: cli.Kernels = "auto",
    verbose: cli.Verbose = False,
    quiet: cli.Quiet = False,
) -> None:
    """Turn recordings into subtitles, text or JSON with every word timed."""
    session: Session = context.obj
    with errors_reported(session):
        layout = LayoutOptions(
            profile=cast(ProfileName | None, profile),  # the options refuse any other name
            highlight_words=highlight_words,
            highlight_style=parse_highlight_style(highlight_style, highlight_words=highlight_words),
            style=parse_style(style),
            max_line_width=max_line_width,
            max_line_count=max_line_count,
            max_words_per_line=max_words_per_line,
            max_cps=max_cps,
            min_duration=min_duration,
            max_duration=max_duration,
            min_gap=min_gap,
            linger=linger,
            fps=fps,
            csv_formulas=csv_formulas,
        )
        _check_layout(layout, word_timestamps, session)
        beams = parse_count(beam_size, "--beam-size")
        if patience is not None and beams is None:
            raise UsageError("--patience needs --beam-size.")
        job = Job(
            sources=tuple(inputs),
            results=chosen_results(
                format,
                output_dir,
                overwrite=overwrite,
                skip_existing=skip_existing,
                embed=embed,
            ),
            layout=layout,
            machine=chosen_machine(
                model=model,
                model_dir=model_dir,
                device=device,
                dtype=dtype,
                fp16=fp16,
                no_sdpa=no_sdpa,
                threads=threads,
            ),
            audio=AudioOptions(
                track=audio_track, channel=parse_channel(channel), max_seconds=max_recording
            ),
            transcription=TranscriptionOptions(
                task=parse_task(task),
                language=chosen_language(language),
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
                method=cast(AlignmentMethod, method),  # the options refuse any other name
                heads=parse_pairs(heads) if heads else (),
                qk_scale=qk_scale,
                medfilt_width=medfilt_width,
                prepend_punctuations=prepend_punctuations,
                append_punctuations=append_punctuations,
                kernels=cast(KernelChoice, kernels),
            ),
            verbose=verbose,
            quiet=quiet,
        )
        if verbose and quiet:
            raise UsageError("--verbose and --quiet exclude each other: use one of them.")

        from subalign.cli.batch import run_job

        raise typer.Exit(run_job(job, session))


def _check_layout(layout: LayoutOptions, word_timestamps: bool, session: Session) -> None:
    """What needs timed words is refused without; limits without effect are worth a warning."""
    packed = layout.profile_name == "openai"
    needs_words = {
        "--highlight-words": layout.highlight_words,
        "--max-line-width": packed and layout.max_line_width is not None,
        "--max-line-count": packed and layout.max_line_count is not None,
        "--max-words-per-line": packed and layout.max_words_per_line is not None,
    }
    for option, given in needs_words.items():
        if given and not word_timestamps:
            raise UsageError(f"{option} needs timed words: leave --no-word-timestamps out.")
    warn_of_limits(layout, session)
