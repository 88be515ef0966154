"""Every option of `subalign transcribe`: its names, its help, and the panel it stands in.

Underscores may stand for dashes in all names. Numbers that `none` can switch off are read as text
and parsed by `parsers`.
"""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from subalign.cli.completions import (
    complete_format,
    complete_highlight_style,
    complete_model_or_auto,
    complete_profile,
    complete_task,
)

_output = partial(typer.Option, rich_help_panel="Results")
_layout = partial(typer.Option, rich_help_panel="Layout of cues")
_model = partial(typer.Option, rich_help_panel="Model and machine")
_audio = partial(typer.Option, rich_help_panel="Recording")
_speech = partial(typer.Option, rich_help_panel="Language and context")
_decoding = partial(typer.Option, rich_help_panel="Decoding")
_words = partial(typer.Option, rich_help_panel="Words")
_screen = partial(typer.Option, rich_help_panel="On the screen")

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT",
        help="Recordings: files, folders (searched with all below them), http(s) addresses, "
        "- for standard input.",
        show_default=False,
        rich_help_panel="Arguments",
    ),
]

# results
Formats = Annotated[
    list[str],
    _output(
        "--format",
        "-f",
        "--output-format",
        metavar="NAME",
        autocompletion=complete_format,
        help="txt, vtt, srt, tsv, json, ass, lrc, elrc (words too), ttml, labels (Audacity's), "
        "textgrid (Praat's), ctm, csv, html or all; repeat it or put commas between.",
    ),
]
OutputDir = Annotated[
    str | None,
    _output(
        "--output-dir",
        "-o",
        metavar="FOLDER",
        help="Where results go; - writes the one result to standard output.",
        show_default="beside the input; standard output for input -",
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        metavar="NAME",
        help="The text file's encoding: utf-8, cp1252 (Western European), cp1250, shift_jis …",
        show_default="UTF-8, else the likeliest older one",
        rich_help_panel="Text file",
    ),
]
Overwrite = Annotated[bool, _output("--overwrite", help="Replace results that are there.")]
CsvFormulas = Annotated[
    bool,
    _output(
        "--csv-formulas",
        help="For csv: leave text that begins with = + - @ as it is, which spreadsheets calculate.",
        show_default="an apostrophe before it",
    ),
]
Embed = Annotated[
    bool,
    _output("--embed", help="Put the recording into the page of --format html."),
]
SkipExisting = Annotated[
    bool,
    _output("--skip-existing", help="Keep results that are there and write the others."),
]

# layout
HighlightWords = Annotated[
    bool,
    _layout(
        "--highlight-words/--no-highlight-words",
        help="One cue for each spoken word.",
        show_default=False,
    ),
]
HighlightStyle = Annotated[
    str | None,
    _layout(
        metavar="NAME",
        autocompletion=complete_highlight_style,
        help="underline, bold, color, or karaoke: one cue with its words' times in it, in VTT, ASS "
        "and TTML; in SRT as underline.",
        show_default="underline",
    ),
]
Style = Annotated[
    str | None,
    _layout(
        metavar="KEY=VALUE,…",
        help="How ASS and TTML look: font=NAME, size and outline (in lines of a picture with "
        "1080), color=#rrggbb, position=bottom or top; and highlight=#rrggbb, the colour of "
        "highlighted words.",
        show_default="font=Arial,size=60,color=#ffffff,highlight=#ffff00,outline=3,position=bottom",
    ),
]
Profile = Annotated[
    str | None,
    _layout(
        metavar="NAME",
        autocompletion=complete_profile,
        help="Limits and times of cues: netflix, bbc, broadcast, social (short lines, in step with "
        "the voice), verbatim (the words' own times), openai (openai-whisper's layout). The "
        "options below change them.",
        show_default="broadcast",
    ),
]
MaxLineWidth = Annotated[
    int | None,
    _layout(
        metavar="COLUMNS",
        help="The widest line; wide characters (Chinese, Japanese, Korean) take 2.",
        show_default="42; bbc 37, social 24, openai none",
    ),
]
MaxLineCount = Annotated[
    int | None,
    _layout(
        metavar="LINES",
        help="Lines in a cue; openai's needs --max-line-width.",
        show_default="2; social 1, verbatim 3, openai none",
    ),
]
MaxWordsPerLine = Annotated[
    int | None,
    _layout(
        metavar="WORDS",
        help="Words in a line; openai's are in a cue, and not with both limits above.",
        show_default="none",
    ),
]
MaxCps = Annotated[
    float | None,
    _layout(
        metavar="SPEED",
        help="Characters a second to read.",
        show_default="17; bbc 18, netflix 20, social 25, verbatim none",
    ),
]
MinDuration = Annotated[
    float | None,
    _layout(
        metavar="SECONDS",
        help="The shortest cue, where there is room.",
        show_default="1; netflix 0.83, social 0.4, verbatim 0",
    ),
]
MaxDuration = Annotated[
    float | None,
    _layout(metavar="SECONDS", help="The longest cue.", show_default="7; social 3, verbatim 10"),
]
MinGap = Annotated[
    float | None,
    _layout(
        metavar="SECONDS",
        help="The least time between two cues.",
        show_default="2 frames; social and verbatim 0",
    ),
]
Linger = Annotated[
    float | None,
    _layout(
        metavar="SECONDS",
        help="How long a cue stays after its last word; a longer silence ends it.",
        show_default="1; social 0.4, verbatim 0.5",
    ),
]
Fps = Annotated[
    float | None,
    _layout(
        metavar="RATE",
        help="Start and end cues on the frames of a video: 23.976, 24, 25, 29.97, 30, 50 or 59.94.",
        show_default="none",
    ),
]

# model and machine
ModelName = Annotated[
    str | None,
    _model(
        "--model",
        metavar="NAME",
        autocompletion=complete_model_or_auto,
        help="A name of `subalign models list`, a checkpoint's folder or .pt file, or a Hugging "
        "Face repository; auto is what `subalign doctor` shows.",
        show_default="$SUBALIGN_MODEL, else auto",
    ),
]
ModelDir = Annotated[
    Path | None,
    _model(
        metavar="FOLDER", help="Where fetched models are kept.", show_default="the user's caches"
    ),
]
Device = Annotated[str, _model(metavar="NAME", help="auto, cpu, cuda, cuda:N or mps.")]
Dtype = Annotated[
    str | None,
    _model(metavar="NAME", help="auto, float32, bfloat16 or float16.", show_default="auto"),
]
HalfPrecision = Annotated[
    bool | None,
    _model(
        "--fp16/--no-fp16",
        help="As --dtype float16 (on a processor float32) or --dtype float32.",
        show_default=False,
    ),
]
NoSdpa = Annotated[
    bool, _model("--no-sdpa", help="Compute all attention explicitly instead of fused.")
]
Threads = Annotated[
    int, _model(min=0, metavar="N", help="Processor threads; 0 lets PyTorch choose.")
]

# recording
AudioTrack = Annotated[int, _audio(metavar="N", help="Which audio track, counted from 1.")]
Channel = Annotated[
    str,
    _audio(
        metavar="NAME",
        help="Which channel of the track: mix (all of them), left, right, or a number from 1, for "
        "calls with a speaker on each side.",
    ),
]
MaxRecording = Annotated[
    float | None,
    _audio(
        metavar="SECONDS",
        help="The longest recording that is taken. Without, one is refused that gives more than an "
        "hour and 0.1 s for each byte of its file, or has gaps of over 4 hours.",
        show_default=False,
    ),
]
Clips = Annotated[
    list[str] | None,
    _audio(
        "--clip",
        metavar="START-END",
        help="Only this stretch, in seconds, m:ss or h:mm:ss; 90- is all from there. Repeatable.",
        show_default=False,
    ),
]
ClipTimestamps = Annotated[
    str | None,
    _audio(metavar="LIST", help="Clips as start,end,start,end in seconds.", show_default=False),
]

# language and context
Language = Annotated[
    str | None,
    _speech(metavar="NAME", help="The spoken language: de or german.", show_default="detected"),
]
Task = Annotated[
    str,
    _speech(
        autocompletion=complete_task, metavar="NAME", help="transcribe, or translate into English."
    ),
]
InitialPrompt = Annotated[
    str | None,
    _speech(metavar="TEXT", help="What might have been said before: names, spelling, style."),
]
CarryInitialPrompt = Annotated[
    bool,
    _speech(
        "--carry-initial-prompt/--no-carry-initial-prompt",
        show_default=False,
        help="Give the initial prompt to every window, not to the first alone.",
    ),
]
ConditionOnPreviousText = Annotated[
    bool | None,
    _speech(
        "--condition-on-previous-text/--no-condition-on-previous-text",
        help="Give each window the text before it; without, errors are not carried on.",
        show_default="yes, but no with micro.en, which cannot use it",
    ),
]

# decoding
Temperature = Annotated[
    float | None,
    _decoding(
        metavar="T",
        help="Sampling temperature; given alone, no other is tried.",
        show_default="0, 0.2 … 1 until a window passes the checks",
    ),
]
TemperatureIncrement = Annotated[
    str | None,
    _decoding(
        "--temperature-increment-on-fallback",
        metavar="STEP",
        help="After a failed check, try again that much warmer, up to 1; or none.",
        show_default="0.2 without --temperature, else none",
    ),
]
BestOf = Annotated[
    str, _decoding(metavar="N", help="Samples to choose from above temperature 0; or none.")
]
BeamSize = Annotated[
    str, _decoding(metavar="N", help="Beams at temperature 0; none decodes greedily.")
]
Patience = Annotated[
    float | None,
    _decoding(metavar="FACTOR", help="Go on until beams × FACTOR are done.", show_default="1"),
]
LengthPenalty = Annotated[
    float | None,
    _decoding(
        metavar="ALPHA",
        help="Google NMT's penalty, 0 to 1, instead of the mean log probability.",
        show_default=False,
    ),
]
SuppressTokens = Annotated[
    str,
    _decoding(
        metavar="IDS",
        help="Token ids never to write, between commas; -1 is what is never spoken; or none.",
    ),
]
CompressionRatioThreshold = Annotated[
    str, _decoding(metavar="RATIO", help="Text that gzip shrinks more has failed; or none.")
]
LogprobThreshold = Annotated[
    str, _decoding(metavar="VALUE", help="A lower mean log probability has failed; or none.")
]
NoSpeechThreshold = Annotated[
    str,
    _decoding(metavar="P", help="Failed and more probably silent than this is silence; or none."),
]

# words
WordTimestamps = Annotated[
    bool,
    _words(
        "--word-timestamps/--no-word-timestamps",
        help="Time every word; without, it is faster.",
    ),
]
PrependPunctuations = Annotated[
    str, _words(metavar="CHARACTERS", help="Punctuation that belongs to the word after it.")
]
AppendPunctuations = Annotated[
    str, _words(metavar="CHARACTERS", help="Punctuation that belongs to the word before it.")
]
HallucinationSilenceThreshold = Annotated[
    float | None,
    _words(
        metavar="SECONDS",
        help="Skip longer silence around what looks hallucinated.",
        show_default=False,
    ),
]
QkScale = Annotated[
    float, _words(metavar="FACTOR", help="Multiplies attention scores before their softmax.")
]
MedfiltWidth = Annotated[
    int | None,
    _words(
        metavar="FRAMES",
        help="Odd width of the median filter over 20 ms frames; default: 7, and 1 (none) for "
        "the method viterbi.",
    ),
]
Method = Annotated[
    str,
    _words(
        metavar="NAME",
        help="viterbi: words and pauses by attention, loudness and length; dtw: as "
        "openai-whisper; norms: the same with heads chosen for each text; characters: the same "
        "letter by letter.",
    ),
]
Heads = Annotated[
    str | None,
    _words(
        metavar="PAIRS",
        help="Attention heads to use in place of the model's timing heads, by method dtw of its "
        "alignment heads: LAYER:HEAD pairs between commas, both from 0. Their times are not "
        "shifted.",
    ),
]

Kernels = Annotated[
    str,
    _words(
        metavar="NAME",
        help="auto, triton or cpu; auto is Triton beside a GPU where it runs, else the processor.",
    ),
]

# on the screen
Verbose = Annotated[
    bool,
    _screen(
        "--verbose/--no-verbose", "-v", help="Show the text as it is found.", show_default=False
    ),
]
Quiet = Annotated[bool, _screen("--quiet", "-q", help="Show only warnings and errors.")]
