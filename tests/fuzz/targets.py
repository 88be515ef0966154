"""What fuzzing tries: a function of bytes for each parser, which fails where a promise is broken.

Only `SubalignError`, in one line, comes out of damaged files. What is read can be written, and what
was written reads the same. `run.py` runs a target for minutes, `test_fuzz.py` a few inputs of each.
"""

import csv
import html
import io
import logging
import math
import ntpath
import os
import posixpath
import random
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path

from subalign.errors import CheckpointError, InputError, SubalignError
from subalign.options import LayoutOptions
from subalign.results import Segment, Transcript, Word
from subalign.speakers.rttm import parse_rttm, turns_of_recording
from subalign.speakers.turns import assign_speakers
from subalign.subtitles import FORMATS, get_writer
from subalign.subtitles.check import check_file, fix_file
from subalign.subtitles.files import (
    parse_subtitle_file,
    read_subtitle_file,
    render_subtitle_file,
    subtitle_file_bytes,
)
from subalign.subtitles.files.encodings import decode_text
from subalign.subtitles.files.times import TIME, milliseconds, written_time
from subalign.subtitles.layout.profiles import chosen_profile
from subalign.subtitles.retiming import TimeMap, retime
from subalign.subtitles.saved_results import LATEST, parse_result
from subalign.subtitles.script.reading import read_script, script_of_file
from subalign.subtitles.tags import escape_vtt, one_line, plain_text, split_tags

FOUND = Path(__file__).parent / "corpus"
"""Inputs that broke a promise once, a folder for each target."""

_LONGEST = 100_000  # bytes of an input; growth is counted elsewhere
_ONE_LINE = 2_000  # characters of an error


@dataclass(frozen=True)
class Target:
    """A parser's promises, inputs to begin with, and words that its inputs are made of."""

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    words: tuple[bytes, ...]

    def __call__(self, data: bytes) -> None:
        """Raises where a promise is broken; a refusal in one sentence breaks none."""
        logging.disable(logging.WARNING)
        try:
            self.run(data[:_LONGEST])
        except SubalignError as error:
            sentence = str(error)
            assert "\n" not in sentence, sentence
            assert 0 < len(sentence) < _ONE_LINE, sentence
            sentence.encode()
        finally:
            logging.disable(logging.NOTSET)

    def inputs(self) -> list[bytes]:
        """The seeds and the cases that were found."""
        return [*self.seeds(), *(path.read_bytes() for path in self.found())]

    def found(self) -> list[Path]:
        return sorted(path for path in (FOUND / self.name).glob("*") if path.is_file())


TARGETS: dict[str, Target] = {}


def target(*words: str | bytes, seeds: Callable[[], list[bytes]]) -> Callable:
    """Put a function among the targets, under its name."""

    def add(function: Callable[[bytes], None]) -> Callable[[bytes], None]:
        name = function.__name__
        spelled = tuple(word.encode() if isinstance(word, str) else word for word in words)
        TARGETS[name] = Target(name, function, seeds, spelled)
        return function

    return add


def texts(*examples: str) -> Callable[[], list[bytes]]:
    return lambda: [example.encode() for example in examples]


def mutated(name: str, seed: int) -> bytes:
    """An input of a target, made from its seeds by a few changes; the same for the same seed."""
    chance = random.Random(f"{name} {seed}")
    given = _inputs(name)
    data = bytearray(chance.choice(given))
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.choice((1, 2, 4, 16, 200)))
        kind = chance.randrange(6)
        if kind == 0:
            data[at:end] = b""
        elif kind == 1 and data:
            data[min(at, len(data) - 1)] = chance.choice((0, 9, 10, 13, 32, 127, 255, at & 255))
        elif kind == 2:
            data[at:at] = data[at:end] * chance.choice((1, 1, 2, 30))
        elif kind == 3:
            other = chance.choice(given)
            first = chance.randrange(len(other) + 1)
            data[at:end] = other[first : first + 100]
        else:
            words = TARGETS[name].words or (b"\0",)
            data[at : at if kind == 4 else end] = chance.choice(words)
    return bytes(data)


@cache
def _inputs(name: str) -> list[bytes]:
    return TARGETS[name].inputs()


@contextmanager
def _file(data: bytes, name: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=memory()) as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        yield path


@cache
def memory() -> str | None:
    """Where files are made: in memory where that can be, else where the system has them."""
    if "TMPDIR" in os.environ:
        return None
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


# ---- subtitle files ----------------------------------------------------------------------------

_PROFILE = chosen_profile(LayoutOptions())
# what a fix leaves, as it is a matter of the text or of other cues
_STAY = {"lost-text", "zero", "overlap", "gap", "short", "long", "speed", "width", "lines", "words"}

_MARKS = (*"<i>|</i>|<b>|</b>|<|>|{\\an8}|{\\p1}|{|}|&lt;|&|\n".split("|"),)
_TIMES = (*"-->| --> |:|,|.|-|00:00:01,000|00:00:03.000|9999:59:59,999".split("|"),)
_SIGNS = (*"\r\n|\n\n|\r|\ufeff|\u200e|\u2028|\x0b|\x85|\x1b|é|あ|ש".split("|"),)

_SRT = (
    "1\n00:00:01,000 --> 00:00:02,500\n<i>Hello</i> there,\nworld.\n\n"
    "2\n00:00:02,400 --> 00:00:02,000 X1:0\n- Yes?\n- No.\n\n"
    "3\n00:00:09,0 -> 00:00:12,5\n{\\an8}a\n"
)
_VTT = (
    "WEBVTT - x\nLanguage: en-US\n\nNOTE a\nb\n\nSTYLE\n::cue {}\n\n"
    "one\n00:01.000 --> 00:02.000 line:0 align:start\n<v Mary>Hi <00:01.500><c.x>you</c> &amp; me\n"
    "\n"
    "00:01.500 --> 00:04.000\nyou\n\n01:00:00.000 --> 01:00:01.000\n\n\ntext\n"
)
_ASS = (
    "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name\nStyle: Default\n\n[Events]\n"
    "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    "Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,{\\i1}Hi{\\i0}\\Nthere, you\n"
    "Comment: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,note\n"
    "Dialogue: 1,0:00:02.00,0:00:01.00,Sign,,0,0,0,,{\\pos(1,2)}sign\\hx{\\p1}m 0 0{\\p0}\n"
)
_ROLLING = "".join(
    f"{n + 1}\n00:00:0{n},000 --> 00:00:0{n + 1},000\nline {n}\nline {n + 1}\n\n" for n in range(6)
)


def _subtitles(data: bytes, form: str) -> None:
    file = parse_subtitle_file(_text(data), f"talk.{form}", form)
    _check_spoken(file)
    written = render_subtitle_file(file)
    again = parse_subtitle_file(written, "talk", file.format)
    assert _cues(again) == _cues(file)
    assert render_subtitle_file(again) == written
    check_file(file, _PROFILE)
    _check_fix(file)
    _check_retime(file)


def _cues(file) -> list[tuple]:
    return [(cue.start_ms, cue.end_ms, cue.settings, cue.text) for cue in file.cues]


def _check_fix(file) -> None:
    fixed = fix_file(file, _PROFILE)
    if not fixed.cues:
        return
    text = render_subtitle_file(fixed)
    read = parse_subtitle_file(text, "talk", fixed.format)
    assert render_subtitle_file(fix_file(read, _PROFILE)) == text, "a second fix changes it again"
    left = {problem.kind for problem in check_file(read, _PROFILE)} - _STAY
    left -= {"order"} if read.format == "ass" else set()  # there it says what is drawn above
    assert not left, left


def _check_retime(file) -> None:
    later = retime(file, TimeMap(offset=Fraction(3600))).file
    assert [cue.text for cue in later.cues] == [cue.text for cue in file.cues] or (
        file.format == "vtt"
    )
    for cue, before in zip(later.cues, file.cues, strict=True):
        assert cue.start_ms == max(0, before.start_ms + 3_600_000)
    retime(file, TimeMap(Fraction(25, 24), Fraction(-2)))
    parse_subtitle_file(render_subtitle_file(later), "talk", file.format)


def _check_spoken(file) -> None:
    with suppress(InputError):  # no text
        _check_script(script_of_file(file, "talk"))


def _check_script(script) -> None:
    assert script.lines
    for line in script.lines:
        assert line.text.strip()
        assert "\r" not in line.text
        at = 0
        for first, end in line.spoken:
            assert at <= first < end <= len(line.text)
            spoken = line.text[first:end]
            assert spoken == spoken.strip()
            at = end
        for time in (line.start, line.end):
            assert time is None or 0 <= time < LATEST, time


@target(*("1\n", "2\n\n", *_MARKS, *_TIMES, *_SIGNS), seeds=texts(_SRT, _ROLLING))
def srt(data: bytes) -> None:
    _subtitles(data, "srt")


@target(
    *(
        "WEBVTT|NOTE|STYLE\n|REGION |line:1|position:5%|<v A>|</v>|<rt>|<c.a>|"
        "<00:00:01.000>|<1:1.1>|Language: de\n"
    ).split("|"),
    *(*_MARKS, *_TIMES, *_SIGNS),
    seeds=texts(_VTT, "WEBVTT\n\n" + _ROLLING.replace(",000", ".000")),
)
def vtt(data: bytes) -> None:
    _subtitles(data, "vtt")


@target(
    *(
        "Dialogue: |Comment: |Format: |Start|End|Text|[Events]|\\N|\\h|\\pos(1,2)|\\i1|"
        "0:00:01.00|-0:00:01.00|,|,,|[Fonts]\n"
    ).split("|"),
    *_MARKS,
    *_SIGNS,
    seeds=texts(_ASS),
)
def ass(data: bytes) -> None:
    _subtitles(data, "ass")


def _stored(data: bytes, form: str) -> None:
    with _file(data, f"talk.{form}") as path:
        file = read_subtitle_file(path)
    if file.stored is None:
        return
    _check_spoken(file)
    written = render_subtitle_file(file)
    again = parse_subtitle_file(written, "talk", "srt")
    assert _cues(again) == _cues(file)
    check_file(file, _PROFILE)
    _check_fix(replace(file, stored=None))
    _check_retime(file)
    content = subtitle_file_bytes(file)
    with _file(content, f"talk.{form}") as path, suppress(InputError):  # no cue is left
        once = read_subtitle_file(path)
        with _file(subtitle_file_bytes(once), f"talk.{form}") as second:
            assert [cue.text for cue in read_subtitle_file(second).cues] == [
                cue.text for cue in once.cues
            ]


@target(
    *"SPEAKER |SPKR-INFO |;; |<NA> |0.5 |-1 |nan |1e400 |talk 1 |\n".split("|"),
    seeds=texts(
        "SPEAKER talk 1 0.5 1.0 <NA> <NA> anna <NA> <NA>\n"
        "SPEAKER talk 1 1.5 1.0 <NA> <NA> ben <NA> <NA>\n"
    ),
)
def rttm(data: bytes) -> None:
    """Who has turns in a file has those words, and is written with them."""
    file = parse_rttm(decode_text(data, "x.rttm", "give another").text, "x.rttm")
    recording, turns = file.recordings[0]
    words = tuple(Word(f" {turn.speaker}", turn.start, turn.end, 1.0) for turn in turns[:100])
    segment = Segment(0, 0, 0.0, 1.0, "", (), 0.0, 0.0, 1.0, 0.0, words)
    transcript = Transcript("", "en", (segment,), 1.0, "", "")
    assigned = assign_speakers(transcript, turns_of_recording(file, recording, 1e300, "x.wav"))
    assert {word.speaker for word in assigned.words} <= {turn.speaker for turn in turns}
    if all(turn.end < LATEST for turn in turns):
        again = "".join(get_writer("rttm", recording="x").render(assigned))
        (_, others), *_ = parse_rttm(again, "again.rttm").recordings
        assert {turn.speaker for turn in others} == set(assigned.speakers)


@target(
    *"0:00:01.000,0:00:02.000\n|[br]|,|0:00:00.000,0:00:00.000\n|999:99:99.9".split("|"),
    *(*_MARKS, *_SIGNS, "00:00:01,000 --> 00:00:02,000\n"),
    seeds=texts("0:00:01.000,0:00:02.000\nHello[br]you\n\n0:00:03.000,0:00:04.000\n<i>a</i>\n"),
)
def sbv(data: bytes) -> None:
    _stored(data, "sbv")


@target(
    *(
        "9420|942f|942c|9425|94ad|9429|94a1|91ae|9120|9137|9220|1320|9470|97a1|c1c2|0000|ffff|"
        "00:00:01:00|00:00:59;29|\t| |\n|99:99:99:99|Scenarist_SCC V1.0\n"
    ).split("|"),
    seeds=texts(
        "Scenarist_SCC V1.0\n\n00:00:01;12\t94ae 94ae 9420 9420 94f4 94f4 9723 9723 c8e9 91ae 91ae "
        "79ef 7580 9120 9120 dc80 9137 9137 942f 942f\n\n00:00:04;15\t942c 942c\n",
        "Scenarist_SCC V1.0\n\n00:00:01:00\t9425 9425 94ad 94ad 9470 9470 c1c2\n\n"
        "00:00:02:00\t94ad 94ad 9470 9470 4380\n\n00:00:03:00\t942c\n",
    ),
)
def scc(data: bytes) -> None:
    _stored(data, "scc")


def _stl_files() -> list[bytes]:
    from subalign.subtitles.files.ebu_stl import StlCue, render_stl, stl_header

    cues = [StlCue(1000, 2480, "Été <i>à</i>\n$5"), StlCue(9000, 9900, "{\\an8}x " * 40)]
    return [render_stl(cues, stl_header("fr")), render_stl(cues[1:], stl_header(ntsc=True))]


@target(
    *(b"\x8a", b"\x8f", b"\x80", b"\xc2", b"\xff", b"STL30.01", b"01", b"04", b"\x0b\x0b"),
    *(b"-->", b"00:00:01,000 --> 00:00:02,000", b"\x8a\x8a", bytes(128)),
    seeds=_stl_files,
)
def stl(data: bytes) -> None:
    _stored(data, "stl")


@target(
    *(
        "<p begin='1s' end='2s'>|</p>|<span begin='0:00:01.5'>|<br/>|dur='2s'|frameRate='0'|"
        "<!-- <p> -->|<![CDATA[<p>]]>|timeBase='smpte'|dropMode='dropNTSC'|00:00:01:12|12t|10f|"
        "<x:p xmlns:x='http://www.w3.org/ns/ttml' begin='3s'>|fontStyle='italic'|&#0;|&lt;"
    ).split("|"),
    *_SIGNS,
    seeds=texts(
        "<tt frameRate='25'><body><div begin='1s'><p begin='00:00:01:12' end='3s'>One <span "
        "fontStyle='italic'>two</span></p><p begin=\"9s\" dur='2s'>a<br/>b</p></div></body></tt>",
        "<tt timeBase='smpte' frameRate='30' frameRateMultiplier='1000 1001'><body>"
        "<p begin='00:01:00:00' end='00:01:02:15'>x</p></body></tt>",
    ),
)
def ttml(data: bytes) -> None:
    _stored(data, "ttml")


# ---- transcripts -------------------------------------------------------------------------------


def _script(data: bytes, name: str) -> None:
    with _file(data, name) as path:
        _check_script(read_script(path))


@target(
    *(
        "ANNA: |Dr. Smith (sad): |[door] |(laughs)|0:04 |0:04\n|4 seconds\n|"
        "1 minute, 4 seconds\n|# |## x\n|**|>> |- |♪|https://a|<rt>|</rt>|漢字（かんじ）|田中：|1:|(|"
        ")|[|]|00:00:01 |99999999999"
    ).split("|"),
    *_MARKS,
    *_SIGNS,
    seeds=texts(
        "# Talk\n\nANNA: Hello (whispering) there.\n- No. [door slams]\n>> BOB: 10:30 is late.\n",
        "0:04\nHello\n4 seconds\n0:08\nagain\n1:00:12 - 1:00:15\nend\n",
        "0:01 one\n0:02 two\n0:03 three (x) ♪ la ♪\n",
        "田中：こんにちは（笑）\n田中：漢字（かんじ）です\n",
        "1 second\n2 seconds\n3 seconds\na\n",
    ),
)
def plain_script(data: bytes) -> None:
    _script(data, "talk.txt")


@target(
    *(
        "0:00:01.000,0:00:02.000\n|[br]|start\tend\ttext\n|0\t1\ta\n|\t|<tt>|"
        "<p begin='1s' end='2s'>|</p>|<span begin='0:00:01.5'>|<br/>|1e999s|"
        "dur='99999999999999999999h'|frameRate='0'|tickRate='nan'|<!--|-->|10f|&#0;|"
        "frameRateMultiplier='1 0'|<?xml version='1.0' encoding='utf-16'?>"
    ).split("|"),
    *(*_SIGNS, "9" * 400),
    seeds=texts(
        "0:00:01.000,0:00:02.000\nHello[br]you\n\n0:00:03.000,0:00:04.000\nagain\n",
        "start\tend\ttext\n0\t1080\tHello\n1080\t2000\tyou\n",
        "<?xml version='1.0' encoding='utf-8'?>\n<tt xmlns='http://www.w3.org/ns/ttml' "
        "xmlns:ttp='http://www.w3.org/ns/ttml#parameter' ttp:frameRate='25' ttp:tickRate='100'>"
        "<head><metadata>x</metadata></head><body><div begin='1s'><p begin='00:00:01.5' end='3s'>"
        "Hi<br/><span begin='10f' dur='20t'>you</span></p><p>x</p></div></body></tt>",
    ),
)
def other_script(data: bytes) -> None:
    _script(data, "talk.sbv")


_JSON_WORDS = (
    *(
        '{"segments":[|"words":[|{"word":" a","start":0,"end":1}|"start":|'
        '"end":|]}|"text":" a"|null|true|[]|{}|1e308|1e10|-1|NaN|0.5|\\ud800|'
        '"before":"<b>"|"after":"</b>"|\\u0000|\\u001b|"language":"en"|'
        '"duration":9|"|,|:|}|é|あ|\\n|"estimated":true'
    ).split("|"),
    *("9" * 400, "9" * 4400, "[" * 2000),
)
_RESULT = (
    '{"text": " Hi, <b>you</b>.\\n- No", "language": "en", "duration": 4.5, "model": "tiny.en",'
    ' "segments": [{"id": 0, "seek": 0, "start": 0.0, "end": 2.0, "text": " Hi, <b>you</b>.",'
    ' "tokens": [1, 2], "temperature": 0.0, "avg_logprob": -0.2, "compression_ratio": 1.2,'
    ' "no_speech_prob": 0.1, "words": [{"word": " Hi,", "start": 0.0, "end": 0.4, "probability":'
    ' 0.9, "estimated": false}, {"word": " you", "start": 0.5, "end": 1.5, "probability": 0.5,'
    ' "before": " <b>", "after": "</b>."}]}, {"start": 2.0, "end": 4.0, "text": "\\n- No"}]}'
)
_WHISPERX = (
    '{"segments": [{"start": 1, "end": 3, "text": " One two 3", "words": [{"word": "One", "start":'
    ' 1, "end": 1.5, "score": 0.5}, {"word": "two"}, {"word": "3"}]}], "language": "en"}'
)


@target(*_JSON_WORDS, seeds=texts(_RESULT, _WHISPERX, '{"text": "a\\nb"}', '[{"text": "a"}]'))
def json_script(data: bytes) -> None:
    _script(data, "talk.json")


# ---- results and writers -----------------------------------------------------------------------

_LAYOUTS = (
    LayoutOptions(),
    LayoutOptions(keep_lines=True),
    LayoutOptions(profile="openai", highlight_words=True),
    LayoutOptions(highlight_words=True, highlight_style="karaoke"),
    LayoutOptions(max_line_width=8, max_line_count=1, fps=25),
)


@target(*_JSON_WORDS, seeds=texts(_RESULT, _WHISPERX))
def result(data: bytes) -> None:
    transcript = parse_result(_text(data), "talk.json")
    layout = _LAYOUTS[len(data) % len(_LAYOUTS)]
    written = {}
    for name in FORMATS:
        options = layout
        if layout.highlight_style == "karaoke" and name not in ("vtt", "ass", "lrc"):
            options = LayoutOptions(highlight_words=True)
        with suppress(SubalignError):
            file = io.BytesIO()
            get_writer(name, options).write_bytes(transcript, file)
            if name not in ("stl", "docx"):
                written[name] = file.getvalue().decode()
    assert "json" in written
    for text in written.values():
        text.encode()
        assert not any(char < " " and char not in "\t\n\r" for char in text)
        assert not any("\x7f" <= char < "\xa0" for char in text)
    assert _numbers_as_text(parse_result(written["json"], "r")) == _numbers_as_text(transcript)
    _check_cue_files(written)
    list(csv.reader(io.StringIO(written["csv"]), strict=True))
    _check_tables(written, transcript)


def _numbers_as_text(transcript: Transcript) -> str:
    """Everything in it, where NaN is like NaN and an infinite number like none."""
    return repr(transcript).replace("-inf", "nan").replace("inf", "nan")


def _check_cue_files(written: dict[str, str]) -> None:
    for name in ("srt", "vtt", "ass"):
        with suppress(InputError):  # no cues
            file = parse_subtitle_file(written[name], f"talk.{name}", name)
            kinds = {problem.kind for problem in check_file(file, _PROFILE)}
            assert not kinds & {
                "numbering",
                "time-format",
                "negative",
                "reversed",
                "zero",
                "header",
            }
            assert not kinds & {"lost-text", "empty", "blank-line"}, kinds
            assert render_subtitle_file(file).strip() == written[name].strip()


def _check_tables(written: dict[str, str], transcript: Transcript) -> None:
    from subalign.heads.reference_words import read_reference_words

    for name, ending in (("ctm", "ctm"), ("textgrid", "TextGrid")):
        with _file(written[name].encode(), f"talk.{ending}") as path, suppress(InputError):
            if any(segment.words for segment in transcript.segments):
                read_reference_words(path)
    for name in ("tsv", "ttml"):
        with _file(written[name].encode(), f"talk.{name}") as path, suppress(InputError):
            read_script(path)


@target(*_JSON_WORDS, seeds=texts(_RESULT, '[{"word": "a", "start": 0, "end": 1}]'))
def words_json(data: bytes) -> None:
    _reference_words(data, "talk.json")


@target(
    *(
        '"|""|"words"|"IntervalTier"|<exists>|0 1 |1e999 |nan|inf|1 |0.5|\n|size = |'
        '"TextGrid"|"ooTextFile"|\xff\xfe|<absent>|-1 '
    ).split("|"),
    "9" * 300,
    seeds=texts(
        'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0 \nxmax = 2 \ntiers? '
        '<exists> \nsize = 1 \nitem []: \n    item [1]:\n        class = "IntervalTier" \n'
        '        name = "words" \n        xmin = 0 \n        xmax = 2 \n        intervals: size = 2'
        "\n        intervals [1]:\n            xmin = 0 \n            xmax = 1 \n            text "
        '= "a""b" \n        intervals [2]:\n            xmin = 1 \n            xmax = 2 \n'
        '            text = "sil" \n',
        '"ooTextFile"\n"TextGrid"\n0\n2\n<exists>\n1\n"IntervalTier"\n"words"\n0\n2\n1\n0\n2\n"x"\n',
    ),
)
def textgrid(data: bytes) -> None:
    _reference_words(data, "talk.TextGrid")


@target(
    *";;|a 1 0 1 x| NA|\n|\ufeff|nan|inf|1e999|-1|\t|\x0b".split("|"),
    "9" * 400,
    seeds=texts("talk 1 0.00 0.40 Hello 0.9\ntalk 1 0.40 0.30 you NA lex ;; c\n;; x\nb A 1 1 z\n"),
)
def ctm(data: bytes) -> None:
    _reference_words(data, "talk.ctm")


def _reference_words(data: bytes, name: str) -> None:
    from subalign.heads.reference_words import read_reference_words

    with _file(data, name) as path:
        found = read_reference_words(path, recording="talk").words
    assert all(0 <= word.start <= word.end < LATEST for word in found)
    assert [word.start for word in found] == sorted(word.start for word in found)


# ---- text --------------------------------------------------------------------------------------


@target(
    *(
        b"\xff\xfe",
        b"\xfe\xff",
        b"\xef\xbb\xbf",
        b"\0",
        b"\xe9",
        b"\xc3\xa9",
        b"\x82\xa0",
        b"\x93",
        b"\r\n",
        b"\x85",
        b"%PDF",
        b"PK\x03\x04",
        b"{\\rtf",
        b"\xff\xfe\0\0",
        b"\xcf\xf0",
        b"\xd8\0",
    ),
    seeds=lambda: [
        "Où est la forêt, déjà ?\nC’est là-bas.\n".encode("cp1252"),
        "Привет, как дела?\nХорошо.\n".encode("cp1251"),
        "今日は晴れです。\nはい。\n".encode("cp932"),
        "Grüße\nplain\n".encode("utf-16"),
        "plain text\n".encode("utf-16-le"),
        "Ünlü şarkı\n".encode("cp1254") + "é\n".encode(),
    ],
)
def encoding(data: bytes) -> None:
    found = decode_text(data, "talk.txt")
    found.text.encode()
    again = decode_text(found.text.encode(), "talk.txt")
    assert again.text == found.text.removeprefix("\ufeff")
    assert again.encoding is None
    for name in ("cp1252", "utf-16", "utf-8", "cp932"):
        with suppress(InputError):
            decode_text(data, "talk.txt", encoding=name).text.encode()


@target(
    *"<font color=red>|</font>|<v A B>|<laugh>|{}".split("|"), *(*_MARKS, *_SIGNS), seeds=texts("a")
)
def tags(data: bytes) -> None:
    from subalign.subtitles.check.tags import match_tags

    text = _text(data)
    runs = split_tags(text)
    assert "".join(run if isinstance(run, str) else run.written for run in runs) == text
    assert html.unescape(escape_vtt("".join(char for char in text if char != "\r"))) is not None
    assert len(plain_text(text)) <= len(text)
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert one_line(line) == line
    for form in ("srt", "vtt", "ass"):
        fixed = match_tags(text, form).fixed
        if "<" not in fixed.replace("<i>", ""):
            assert match_tags(fixed, form).stray == ()


@target(*":|.|,|-|00:00:01,000|59|1".split("|"), "9" * 30, seeds=texts("01:02:03,456", "-1:2.5"))
def timecode(data: bytes) -> None:
    import re

    from subalign.cli.parsers import parse_clip

    text = _text(data)
    with suppress(SubalignError):
        parse_clip(text)
    for found in re.finditer(TIME, text):
        time = milliseconds(found[0])
        for form in ("srt", "vtt", "ass"):
            written = written_time(max(0, time), form)
            back = milliseconds(written)
            assert abs(back - max(0, time)) <= (5 if form == "ass" else 0)


# ---- checkpoints -------------------------------------------------------------------------------


@cache
def _checkpoint(kind: str) -> Path:
    """A small checkpoint of each form, made once."""
    import atexit

    import torch

    from checkpoint_models import (
        BYTES,
        hugging_face_vocabulary,
        openai_content,
        random_model,
        write_ctranslate2,
        write_hugging_face,
        write_json,
    )
    from subalign.model.checkpoints.subalign_folder import save_checkpoint
    from subalign.tokenizer.vocabulary import write_tiktoken

    folder = Path(tempfile.mkdtemp(prefix="fuzz-model-", dir=memory()))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    model = random_model()
    tokens = [*hugging_face_vocabulary(), "<|endoftext|>", "<|en|>"]
    if kind == "subalign":
        save_checkpoint(model, folder / "x")
    elif kind.startswith("hf"):
        write_hugging_face(model, folder / "x")
        if kind == "hf in shards":
            shard = (folder / "x" / "model.safetensors").rename(folder / "x" / "a.safetensors")
            index = {"weight_map": dict.fromkeys(("a", "b"), shard.name)}
            write_json(folder / "x" / "model.safetensors.index.json", index)
    elif kind.startswith("ct2"):
        write_ctranslate2(model, folder / "x")
        if kind != "ct2":
            (folder / "x" / "vocabulary.json").unlink()
        if kind == "ct2 with lines":
            (folder / "x" / "vocabulary.txt").write_text("\n".join(tokens), "utf-8")
        if kind == "ct2 with tokenizer":
            ids = {token: rank for rank, token in enumerate(tokens)}
            facts = {"added_tokens": [{"id": 256, "content": "<|endoftext|>"}]}
            write_json(folder / "x" / "tokenizer.json", {**facts, "model": {"vocab": ids}})
    else:
        (folder / "x").mkdir()
        write_tiktoken(BYTES, folder / "x" / "vocab.tiktoken")
        content = openai_content(model)
        torch.save(content, folder / "x" / "model.pt")
        torch.save(content, folder / "x" / "old.pt", _use_new_zipfile_serialization=False)
    return folder / "x"


def _load(kind: str, name: str, data: bytes) -> None:
    """A model from a checkpoint of which one file is replaced, or `CheckpointError`."""
    from subalign.model import load_whisper
    from subalign.model.alignment_heads import heads_of

    folder = _checkpoint(kind)
    path = folder / name
    before = path.read_bytes()
    # a new file: the old one may still be mapped
    path.unlink()
    path.write_bytes(data)
    try:
        if kind != "pt":
            with suppress(CheckpointError):
                heads_of(str(folder))
        model = load_whisper(folder / "model.pt" if kind == "pt" else folder, device="cpu")
        assert all(part.isfinite().all() for part in model.state_dict().values())
    except CheckpointError:
        raise
    finally:
        path.unlink()
        path.write_bytes(before)


def _part(kind: str, name: str) -> Callable[[], list[bytes]]:
    return lambda: [(_checkpoint(kind) / name).read_bytes()]


_CONFIG_WORDS = (
    *(
        '"dims"|"n_vocab"|"format"|"name"|null|[]|{}|1e999|-1|0|"\\ud800"|true|'
        '"vocabulary"|"../x"|"/etc/passwd"|[0, 1]|[[0]]|,|"alignment_heads"|'
        '"timing_heads"|"split_pattern"|"model_type"|1e5|NaN'
    ).split("|"),
    *("9" * 400, "9" * 4400, "[" * 500),
)


@target(*_CONFIG_WORDS, seeds=_part("subalign", "config.json"))
def subalign_config(data: bytes) -> None:
    _load("subalign", "config.json", data)


@target(
    *'F32|I64|"data_offsets"|[0,0]'.split("|"),
    *_CONFIG_WORDS,
    seeds=_part("subalign", "model.safetensors"),
)
def safetensors(data: bytes) -> None:
    _load("subalign", "model.safetensors", data)


@target(*"=| 0\n|YQ== 1\n|\n\n".split("|"), "9" * 20, seeds=_part("subalign", "vocab.tiktoken"))
def tiktoken_vocabulary(data: bytes) -> None:
    _load("subalign", "vocab.tiktoken", data)


@target(*_CONFIG_WORDS, seeds=_part("hf", "config.json"))
def hugging_face_config(data: bytes) -> None:
    _load("hf", "config.json", data)


@target(*('"no_timestamps_token_id"', *_CONFIG_WORDS), seeds=_part("hf", "generation_config.json"))
def generation_config(data: bytes) -> None:
    _load("hf", "generation_config.json", data)


@target(*('"\\u0120"', *_CONFIG_WORDS, '"<|endoftext|>"'), seeds=_part("hf", "vocab.json"))
def hugging_face_vocabulary(data: bytes) -> None:
    _load("hf", "vocab.json", data)


@target(
    *('"weight_map"', '"a.safetensors"', *_CONFIG_WORDS),
    seeds=_part("hf in shards", "model.safetensors.index.json"),
)
def shard_index(data: bytes) -> None:
    _load("hf in shards", "model.safetensors.index.json", data)


@target(*('"lang_ids"', '"suppress_ids"', *_CONFIG_WORDS), seeds=_part("ct2", "config.json"))
def ctranslate2_config(data: bytes) -> None:
    _load("ct2", "config.json", data)


@target(
    *('"added_tokens"', '"content"', '"vocab"', '"id"', *_CONFIG_WORDS),
    seeds=_part("ct2 with tokenizer", "tokenizer.json"),
)
def tokenizer_json(data: bytes) -> None:
    _load("ct2 with tokenizer", "tokenizer.json", data)


@target(*"\n \r\n \u2028 <|en|> Ġ \0".split(" "), seeds=_part("ct2 with lines", "vocabulary.txt"))
def ctranslate2_lines(data: bytes) -> None:
    _load("ct2 with lines", "vocabulary.txt", data)


@target(*_CONFIG_WORDS, seeds=_part("ct2", "vocabulary.json"))
def ctranslate2_vocabulary(data: bytes) -> None:
    _load("ct2", "vocabulary.json", data)


_INTEGERS = tuple(struct.pack("<I", n) for n in (0, 1, 2, 5, 255, 1 << 16, 1 << 31, (1 << 32) - 1))


@target(
    *"WhisperSpec\0|encoder/num_heads\0|decoder/projection/weight\0|weight_scale\0".split("|"),
    *_INTEGERS,
    seeds=_part("ct2", "model.bin"),
)
def model_bin(data: bytes) -> None:
    _load("ct2", "model.bin", data)


@target(
    *(
        *_INTEGERS,
        b"PK\x03\x04",
        b"PK\x01\x02",
        b"PK\x05\x06",
        b"\x80\x02",
        b"cos\nsystem\n",
        b"R",
        b"ctorch._utils\n_rebuild_tensor_v2\n",
        b"X\x05\0\0\0",
        b"}q\0",
        b"J\xff\xff\xff\x7f",
        b".",
    ),
    seeds=lambda: _part("pt", "model.pt")() + _part("pt", "old.pt")(),
)
def openai_pt(data: bytes) -> None:
    _load("pt", "model.pt", data)


@target(*"ABz|0000|~|é|\0".split("|"), seeds=texts("ABzY8000000{>%RfB;4Y6u<}oCu^>H7ytkO"))
def head_dump(data: bytes) -> None:
    from subalign.model.alignment_heads import decode_dump, encode_dump

    pairs = decode_dump(_text(data), 4, 6)
    if pairs:
        assert decode_dump(encode_dump(pairs, n_layers=4, n_heads=6), 4, 6) == pairs


@cache
def _hub_cache() -> Path:
    """A cache of the hub with one model, which `refs/main` names."""
    import atexit

    folder = Path(tempfile.mkdtemp(prefix="fuzz-hub-", dir=memory()))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    entry = folder / "models--a--b"
    for name in ("refs", "snapshots/1234"):
        (entry / name).mkdir(parents=True)
    (entry / "refs" / "main").write_text("1234")
    (entry / "snapshots" / "1234" / "config.json").write_text('{"model_type": "whisper"}')
    (entry / "snapshots" / "1234" / "model.safetensors").write_bytes(b"")
    return folder


def _cached(name: str, data: bytes) -> None:
    """Models of the cache, one file of which is replaced: they lie in it, or there are none."""
    from huggingface_hub import constants

    from subalign.model.hub import cached_repositories

    path = _hub_cache() / "models--a--b" / name
    given, before = path.read_bytes(), constants.HF_HUB_CACHE
    constants.HF_HUB_CACHE = str(_hub_cache())
    path.write_bytes(data)
    try:
        for repository, folder in cached_repositories():
            assert repository == "a/b"
            assert folder.resolve() == _hub_cache() / "models--a--b" / "snapshots" / "1234"
    finally:
        constants.HF_HUB_CACHE = before
        path.write_bytes(given)


@target(*"1234|..|/|\0|.|\n|../snapshots/1234".split("|"), "a" * 300, seeds=texts("1234"))
def hub_revision(data: bytes) -> None:
    _cached("refs/main", data)


@target(
    *('"suppress_ids_begin"', '"whisper"', *_CONFIG_WORDS), seeds=texts('{"model_type": "whisper"}')
)
def hub_config(data: bytes) -> None:
    _cached("snapshots/1234/config.json", data)


@target(*'W/|"|..|/|\\|C:|.|\0|%2e'.split("|"), seeds=texts('"0123abcd"', 'W/"0123abcd"', "0123"))
def hub_header(data: bytes) -> None:
    from huggingface_hub.file_download import _normalize_etag

    from subalign.model.hub import _STAYS_INSIDE

    value = data.decode("latin-1")
    for windows in (False, True):
        rules = ntpath if windows else posixpath
        root = "C:\\blobs" if windows else "/blobs"
        for name in (value, _normalize_etag(value)):
            inside = rules.normpath(rules.join(root, name)).startswith(root)
            assert inside or not _STAYS_INSIDE.fullmatch(value)


# ---- recordings --------------------------------------------------------------------------------


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def _wav() -> bytes:
    form = struct.pack("<HHIIHH", 1, 1, 16000, 32000, 2, 16)
    body = _chunk(b"fmt ", form) + _chunk(b"LIST", b"x") + _chunk(b"data", bytes(64))
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WAVE" + body


def _avi() -> bytes:
    header = b"auds" + bytes(16) + struct.pack("<7I", 1, 100, 0, 500, 0, 0, 0)
    streams = _chunk(b"strh", b"vids" + bytes(44)) + _chunk(b"strh", header)
    lists = _chunk(b"LIST", b"hdrl" + streams) + _chunk(b"LIST", b"movi" + _chunk(b"01wb", b"abcd"))
    index = _chunk(b"idx1", b"01wb" + struct.pack("<III", 0, 4, 0) + b"01wb" + bytes(12))
    return b"RIFF" + struct.pack("<I", 999) + b"AVI " + lists + index


def _ogg() -> bytes:
    pages = []
    for number, kind in enumerate((2, 0, 4)):
        head = struct.pack("<4sBBqIIIB", b"OggS", 0, kind, number * 960, 7, number, 0, 1)
        pages.append(head + bytes((20,)) + bytes(20))
    return b"".join(pages)


@target(
    *(
        *_INTEGERS,
        b"RIFF",
        b"RF64",
        b"WAVE",
        b"AVI ",
        b"data",
        b"fmt ",
        b"ds64",
        b"LIST",
        b"movi",
        b"strh",
        b"auds",
        b"idx1",
        b"01wb",
        b"OggS",
        b"\xff" * 8,
        b"OggS\0\x02",
        b"riff",
        b"G",
    ),
    seeds=lambda: [
        *(_wav(), _avi(), _ogg(), b"G" + bytes(187) + b"G" + bytes(187), b"riff" + bytes(36)),
        bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365") + bytes(60),
    ],
)
def recording_headers(data: bytes) -> None:
    from subalign.audio import truncation

    with _file(data, "talk") as path:
        for track in (1, 2):
            found = truncation._declared_avi_seconds(str(path), track)
            assert found is None or 0 < found < math.inf
        found = truncation._declared_wav_seconds(str(path))
        assert found is None or 0 < found < math.inf
        for container in ("ogg", "mpegts", "asf", "w64", None):
            fault = truncation._missing_end(str(path), container)
            assert fault is None or "\n" not in fault


@target(
    *(
        "[info] |[warning] |[error] |[fatal] |[aac @ 0x1] |Input #0, |, from 'x':\n|"
        "  Duration: 00:00:01.00, start: 0.5|"
        "  Stream #0:1(eng): Audio: aac, 44100 Hz, stereo, fltp|"
        "    DURATION        : 00:00:01.00|Last message repeated 3 times|, start 0.5|"
        " channels|[Eval @ 0x1] [warning] nan|[Eval @ 0x1] [info] 0.25|-inf|1.2.3|-|.|"
        "Stream mapping:|Packet corrupt (stream|Error opening input: |\n|\r|٣|\x1b"
    ).split("|"),
    "9" * 4400,
    seeds=texts(
        "[info] Input #0, matroska,webm, from 'talk.mkv':\n[info]   Duration: 00:00:12.50, start: "
        "1.000000, bitrate: 1 kb/s\n[info]   Stream #0:0(eng): Audio: opus, 48000 Hz, 5.1, fltp, "
        "start 0.007\n[info]       DURATION        : 00:00:12.40\n[info] Stream mapping:\n"
        "[Eval @ 0x55] [warning] 0.5\n[opus @ 0x5] [error] Error parsing\n[info]     Last message "
        "repeated 2 times\n[Eval @ 0x55] [info] 1.5\n"
    ),
)
def ffmpeg_log(data: bytes) -> None:
    from subalign.audio.log import FfmpegLog
    from subalign.audio.source import MediaSource
    from subalign.audio.truncation import nothing_decoded

    source = MediaSource("file:/x/talk.mkv", "talk.mkv", ("file",))
    log = FfmpegLog(address="file:/x/talk.mkv", label="talk.mkv")
    for line in data.split(b"\n"):
        log.read_line(line.decode("utf-8", "replace").rstrip("\r\n"))
    for track in (1, 2):
        assert math.isfinite(log.lead(track))
    assert log.n_problems >= 0
    assert not math.isnan(log.duration or 0.0)
    assert log.only_audio in (True, False)
    assert "\n" not in str(nothing_decoded(log, source, 1))


@target(*"-|en|zh-Hant|x-a|u-ca|1|_|é|a.de.srt|.|/".split("|"), seeds=texts("de", "Mandarin"))
def language(data: bytes) -> None:
    from subalign.pipeline.language_tags import guess_language, iso_639_2
    from subalign.tokenizer import to_language_code

    found = guess_language(Path(_text(data)))
    if found is not None:
        assert len(iso_639_2(found, "B")) == 3
    assert to_language_code(_text(data)).isascii()


@target(
    *(
        '{"path": "a.wav"}|"id":|"language":|"task":|"initial_prompt":|"clip":|"audio_track":|'
        '"channel":|{|}|[|]|,|:|"|\\u0000|\\ud800|\n|1|0|-1|true|null|"left"|"0:10-5:00"|"-"|'
        "99999999999999999999|1e999|NaN"
    ).split("|"),
    "[" * 4000,
    seeds=texts(
        '{"path": "a.wav", "id": "one", "language": "de", "clip": ["0:10-5:00", "7:00-"]}\n'
        '{"path": "b.wav", "task": "translate", "audio_track": 2, "channel": "left"}\n'
    ),
)
def manifest(data: bytes) -> None:
    from subalign.cli.manifest import read_manifest
    from subalign.options import AudioOptions, TranscriptionOptions

    usual = TranscriptionOptions(), AudioOptions()
    with _file(data, "list.jsonl") as path:
        for entry in read_manifest(str(path), *usual):
            assert entry.path
            entry.transcription(usual[0])
            entry.audio(usual[1])
