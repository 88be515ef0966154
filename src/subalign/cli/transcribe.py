"""`subalign transcribe`: from the command line to a checked job, which `transcribe_run` does."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated

import typer

from subalign.cli import options as cli
from subalign.cli.arguments import subcommand
from subalign.cli.console import Session
from subalign.cli.job import TranscribeJob
from subalign.cli.layout_options import LayoutArguments, warn_of_limits
from subalign.cli.manifest import read_manifest
from subalign.cli.parsers import (
    parse_clips,
    parse_count,
    parse_number,
    parse_temperatures,
    parse_tokens,
)
from subalign.cli.run_options import RunArguments
from subalign.cli.speakers import SpeakerArguments
from subalign.cli.wording import WordingArguments
from subalign.errors import UsageError
from subalign.options import (
    APPEND_PUNCTUATIONS,
    PREPEND_PUNCTUATIONS,
    LayoutOptions,
    Task,
    Term,
    TranscriptionOptions,
    VoiceDetection,
)

__all__ = ["transcribe"]

_audio = partial(typer.Option, rich_help_panel="Recording")
_speech = partial(typer.Option, rich_help_panel="Language and context")
_decoding = partial(typer.Option, rich_help_panel="Decoding")
_words = partial(typer.Option, rich_help_panel="Words")

_Inputs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INPUT",
        help="Recordings: files, folders (searched with all below them), http(s) addresses, "
        "- for standard input.",
        show_default=False,
        rich_help_panel="Arguments",
    ),
]
_Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose/--no-verbose",
        "-v",
        help="Show the text as it is found.",
        show_default=False,
        rich_help_panel="On the screen",
    ),
]


@dataclass(frozen=True, kw_only=True)
class TranscriptionArguments:
    """How windows are decoded; numbers that `none` can switch off are text."""

    clip: Annotated[
        list[str] | None,
        _audio(
            "--clip",
            metavar="START-END",
            help="Only this stretch, in seconds, m:ss or h:mm:ss; 90- is all from there. "
            "Repeatable.",
            show_default=False,
        ),
    ] = None
    clip_timestamps: Annotated[
        str | None,
        _audio(metavar="LIST", help="Clips as start,end,start,end in seconds.", show_default=False),
    ] = None
    language: cli.Language = None
    vad: Annotated[
        VoiceDetection,
        _audio(
            help="How speech is found before it is decoded, but with --sequential: by the network "
            "silero, by loudness, or none: everything but silence and hiss is decoded.",
        ),
    ] = TranscriptionOptions.vad
    vad_threshold: Annotated[
        float,
        _audio(metavar="P", help="From what probability on sound is speech for --vad, 0 to 1."),
    ] = TranscriptionOptions.vad_threshold
    each_language: Annotated[
        bool,
        _speech(
            "--each-language",
            help="Detect the language of each window anew, where several are spoken.",
        ),
    ] = False
    task: Annotated[Task, _speech(help="Write what is spoken, or translate it into English.")] = (
        "transcribe"
    )
    initial_prompt: Annotated[
        str | None,
        _speech(metavar="TEXT", help="What might have been said before: names, spelling, style."),
    ] = None
    carry_initial_prompt: Annotated[
        bool,
        _speech(
            "--carry-initial-prompt/--no-carry-initial-prompt",
            show_default=False,
            help="With --sequential, give the initial prompt to every window, not to the first "
            "alone.",
        ),
    ] = False
    condition_on_previous_text: Annotated[
        bool | None,
        _speech(
            "--condition-on-previous-text/--no-condition-on-previous-text",
            help="With --sequential, give each window the text before it; without, errors are not "
            "carried on.",
            show_default="yes, but no with micro.en, which cannot use it",
        ),
    ] = None
    sequential: Annotated[
        bool,
        _decoding(
            "--sequential/--batched",
            show_default="batched",
            help="One window after another, each told of the text before it, as openai-whisper; or "
            "windows cut in pauses, many at once: faster.",
        ),
    ] = False
    batch_size: Annotated[
        int | None,
        _decoding(
            min=1,
            metavar="N",
            help="Windows decoded at once, but with --sequential.",
            show_default="by model and device",
        ),
    ] = None
    temperature: Annotated[
        float | None,
        _decoding(
            metavar="T",
            help="Sampling temperature; given alone, no other is tried.",
            show_default="0, 0.2 … 1 until a window passes the checks",
        ),
    ] = None
    temperature_increment_on_fallback: Annotated[
        str | None,
        _decoding(
            "--temperature-increment-on-fallback",
            metavar="STEP",
            help="After a failed check, try again that much warmer, up to 1; or none.",
            show_default="0.2 without --temperature, else none",
        ),
    ] = None
    best_of: Annotated[
        str, _decoding(metavar="N", help="Samples to choose from above temperature 0; or none.")
    ] = str(TranscriptionOptions.best_of)
    beam_size: Annotated[
        str, _decoding(metavar="N", help="Beams at temperature 0; none decodes greedily.")
    ] = str(TranscriptionOptions.beam_size)
    patience: Annotated[
        float | None,
        _decoding(metavar="FACTOR", help="Go on until beams × FACTOR are done.", show_default="1"),
    ] = None
    length_penalty: Annotated[
        float | None,
        _decoding(
            metavar="ALPHA",
            help="Google NMT's penalty, 0 to 1, instead of the mean log probability.",
            show_default=False,
        ),
    ] = None
    suppress_tokens: Annotated[
        str,
        _decoding(
            metavar="IDS",
            help="Token ids never to write, between commas; -1 is what is never spoken; or none.",
        ),
    ] = "-1"
    compression_ratio_threshold: Annotated[
        str, _decoding(metavar="RATIO", help="Text that gzip shrinks more has failed; or none.")
    ] = str(TranscriptionOptions.compression_ratio_threshold)
    logprob_threshold: Annotated[
        str, _decoding(metavar="VALUE", help="A lower mean log probability has failed; or none.")
    ] = str(TranscriptionOptions.logprob_threshold)
    no_speech_threshold: Annotated[
        str,
        _decoding(
            metavar="P", help="Failed and more probably silent than this is silence; or none."
        ),
    ] = str(TranscriptionOptions.no_speech_threshold)
    word_timestamps: Annotated[
        bool,
        _words(
            "--word-timestamps/--no-word-timestamps",
            help="Time every word; without, it is faster.",
        ),
    ] = True
    prepend_punctuations: Annotated[
        str, _words(metavar="CHARACTERS", help="Punctuation that belongs to the word after it.")
    ] = PREPEND_PUNCTUATIONS
    append_punctuations: Annotated[
        str, _words(metavar="CHARACTERS", help="Punctuation that belongs to the word before it.")
    ] = APPEND_PUNCTUATIONS
    hallucination_silence_threshold: Annotated[
        float | None,
        _words(
            metavar="SECONDS",
            help="With --sequential, skip longer silence around what looks hallucinated.",
            show_default=False,
        ),
    ] = None

    def options(self, glossary: tuple[Term, ...] = ()) -> TranscriptionOptions:
        """The same for the library, with a glossary's terms.

        Raises:
            UsageError: values or combinations that cannot be carried out.
        """
        beams = parse_count(self.beam_size, "--beam-size")
        if self.patience is not None and beams is None:
            raise UsageError("--patience needs --beam-size.")

        def threshold(name: str) -> float | None:
            return parse_number(getattr(self, name), f"--{name.replace('_', '-')}")

        return TranscriptionOptions(
            task=self.task,
            language=cli.chosen_language(self.language),
            temperatures=parse_temperatures(
                self.temperature, self.temperature_increment_on_fallback
            ),
            best_of=parse_count(self.best_of, "--best-of"),
            beam_size=beams,
            patience=self.patience,
            length_penalty=self.length_penalty,
            suppress_tokens=parse_tokens(self.suppress_tokens, "--suppress-tokens"),
            compression_ratio_threshold=threshold("compression_ratio_threshold"),
            logprob_threshold=threshold("logprob_threshold"),
            no_speech_threshold=threshold("no_speech_threshold"),
            condition_on_previous_text=self.condition_on_previous_text,
            initial_prompt=self.initial_prompt,
            carry_initial_prompt=self.carry_initial_prompt,
            glossary=glossary,
            clips=parse_clips(self.clip or (), self.clip_timestamps),
            word_timestamps=self.word_timestamps,
            hallucination_silence_threshold=self.hallucination_silence_threshold,
            sequential=self.sequential,
            batch_size=self.batch_size,
            each_language=self.each_language,
            vad=self.vad,
            vad_threshold=self.vad_threshold,
        )


@subcommand
def transcribe(
    session: Session,
    inputs: _Inputs = None,
    *,
    results: cli.ResultArguments,
    embed: cli.Embed = False,
    layout: LayoutArguments,
    compute: cli.ComputeArguments,
    audio: cli.AudioArguments,
    transcription: TranscriptionArguments,
    words: WordingArguments,
    speakers: SpeakerArguments,
    alignment: cli.AlignmentArguments,
    run: RunArguments,
    verbose: _Verbose = False,
    quiet: cli.Quiet = False,
) -> int:
    """Turn recordings into subtitles, text or JSON with every word timed."""
    cues = layout.options(session.settings.profiles)
    _check_layout(cues, transcription.word_timestamps)
    warn_of_limits(cues, session)
    wording = words.wording()
    spoken, sound = transcription.options(wording.terms), audio.options()
    asked = speakers.options()
    if not inputs and run.manifest is None:
        raise UsageError("Missing argument INPUT: name recordings, or a --manifest.")
    job = TranscribeJob(
        sources=tuple(inputs or ()),
        manifest=read_manifest(run.manifest, spoken, sound, asked) if run.manifest else (),
        results=results.results(embed=embed, censored=bool(wording.censored)),
        run=run.options(),
        layout=cues,
        compute=compute.options(),
        audio=sound,
        transcription=spoken,
        alignment=alignment.options(
            prepend_punctuations=transcription.prepend_punctuations,
            append_punctuations=transcription.append_punctuations,
        ),
        verbose=verbose,
        quiet=quiet,
        speakers=asked,
        wording=replace(wording, terms=()),  # they are the transcription's
    )
    if verbose and quiet:
        raise UsageError("--verbose and --quiet exclude each other: use one of them.")

    from subalign.cli.transcribe_run import run_transcribe

    return run_transcribe(job, session)


def _check_layout(layout: LayoutOptions, word_timestamps: bool) -> None:
    """What needs timed words is refused without them."""
    packed = layout.base_profile == "openai"
    needs_words = {
        "--highlight-words": layout.highlight_words,
        "--max-line-width": packed and layout.max_line_width is not None,
        "--max-line-count": packed and layout.max_line_count is not None,
        "--max-words-per-line": packed and layout.max_words_per_line is not None,
    }
    for option, given in needs_words.items():
        if given and not word_timestamps:
            raise UsageError(f"{option} needs timed words: leave --no-word-timestamps out.")
