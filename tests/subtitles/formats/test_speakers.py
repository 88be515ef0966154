"""Who speaks, as cues and formats tell it."""

import io
import json
from dataclasses import replace
from typing import Any

import pytest
import webvtt
from praatio import textgrid

from page_transcripts import timed_segment, transcript_of
from subalign.errors import UsageError
from subalign.options import LayoutOptions, StyleOptions
from subalign.results import Transcript
from subalign.subtitles import get_writer, lay_out
from subalign.subtitles.captions import read_saved
from subalign.subtitles.saved_results import parse_result

WORDS = (
    *((" How", 0.0, 0.3, "Anna"), (" are", 0.3, 0.5, "Anna"), (" you?", 0.5, 0.9, "Anna")),
    *((" Fine.", 1.1, 1.5, "Ben"), (" And", 1.5, 1.7, "Ben"), (" you?", 1.7, 2.0, "Ben")),
    *((" Very", 3.5, 3.8, "Anna"), (" well.", 3.8, 4.3, "Anna")),
)


@pytest.fixture
def talk() -> Transcript:
    """Two speakers in one segment, and the first of them in another."""
    return transcript_of(*(segment(n, WORDS[part]) for n, part in enumerate(PARTS)), duration=5.0)


PARTS = (slice(0, 6), slice(6, 8))


def segment(number, words):
    timed = timed_segment(number, *(word[:3] for word in words))
    named = (replace(word, speaker=who) for word, (*_, who) in zip(timed.words, words, strict=True))
    return replace(timed, words=tuple(named), speaker=words[0][3])


def texts(transcript: Transcript, **options: Any) -> list[str]:
    return [cue.text for cue in lay_out(transcript.segments, LayoutOptions(**options))]


def written(format_name: str, transcript: Transcript, **options: Any) -> str:
    content = io.BytesIO()
    writer = get_writer(format_name, LayoutOptions(**options), recording="talk")
    writer.write_bytes(transcript, content)
    return content.getvalue().decode()


APART = ["How are you?", "Fine. And you?", "Very well."]
NAMED = ["ANNA: How are you?", "BEN: Fine. And you?", "ANNA: Very well."]
DASHED = ["- How are you?\n- Fine. And you?", "Very well."]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, DASHED),
        ({"profile": "netflix"}, DASHED),
        ({"profile": "bbc"}, APART),
        ({"profile": "social"}, APART),
        ({"profile": "verbatim"}, NAMED),
        ({"profile": "openai"}, NAMED),
        ({"profile": "openai", "max_line_width": 42, "max_line_count": 2}, NAMED),
        ({"profile": "bbc", "speaker_labels": "dash"}, DASHED),
        ({"speaker_labels": "name"}, NAMED),
        ({"speaker_labels": "none"}, APART),
        ({"speaker_labels": "dash", "max_line_count": 1}, APART),
        ({"keep_lines": True}, ["How are you? Fine. And you?", "Very well."]),
    ],
)
def test_cues_break_between_speakers(talk, options, expected):
    assert texts(talk, **options) == expected


def test_a_kept_line_is_whose_it_mostly_is(talk):
    first, second = talk.segments
    lines = transcript_of(first, replace(second, speaker="Ben"))
    shown = texts(lines, keep_lines=True, speaker_labels="name")
    assert shown == ["ANNA: How are you? Fine. And you?", "BEN: Very well."]


def test_a_label_that_is_there_stands_alone(talk):
    first, second = talk.segments
    words = (replace(first.words[0], before=" ANNA:"), *first.words[1:])
    given = transcript_of(replace(first, words=words), second)
    assert texts(given, speaker_labels="name")[0] == "ANNA: How are you?"
    words = (replace(first.words[0], before=" -"), *first.words[1:])
    given = transcript_of(replace(first, words=words), second)
    assert texts(given)[0] == "- How are you?\n- Fine. And you?"


def test_one_speaker_needs_no_label(talk):
    alone = transcript_of(talk.segments[1])
    assert texts(alone, speaker_labels="name") == ["Very well."]
    assert written("txt", alone) == "Very well.\n"


def test_segments_without_words_have_labels_too(talk):
    untimed = transcript_of(*(replace(one, words=None) for one in talk.segments))
    other = replace(untimed.segments[1], speaker="Ben", text=" Very well.")
    both = transcript_of(untimed.segments[0], other)
    assert texts(both, speaker_labels="name")[1] == "BEN: Very well."
    assert "\tAnna\n" in written("tsv", both)
    assert written("rttm", both).splitlines()[1].split()[7] == "Ben"


def test_names_of_unspaced_scripts(talk):
    first, second = talk.segments
    named = transcript_of(replace(first, speaker="田中", words=None), replace(second, words=None))
    assert texts(named, speaker_labels="name")[0].startswith("田中：How")


def test_webvtt_has_voices(talk):
    text = written("vtt", talk)
    assert "<v Anna>- How are you?</v>\n<v Ben>- Fine. And you?</v>\n" in text
    assert "\n<v Anna>Very well.\n" in text
    found = webvtt.from_string(text).captions
    assert [caption.voice for caption in found] == ["Anna", "Anna"]
    assert "- Fine. And you?" in found[0].text
    coloured = written("vtt", talk, speaker_labels="colour")
    assert '::cue(v[voice="Anna"]) { color: #ffffff; }' in coloured
    assert '::cue(v[voice="Ben"]) { color: #ffff00; }' in coloured
    assert "<v Ben>Fine. And you?\n" in coloured
    karaoke = written("vtt", talk, highlight_words=True, highlight_style="karaoke", profile="bbc")
    assert "\n<v Ben><c.highlight>Fine.</c>" in karaoke


def test_a_voice_is_escaped(talk):
    first, second = talk.segments
    odd = replace(second, words=tuple(replace(w, speaker='A&B > "C"') for w in second.words))
    text = written("vtt", transcript_of(first, odd), speaker_labels="colour")
    assert '<v A&amp;B &gt; "C">Very' in text
    assert r'::cue(v[voice="A&B > \"C\""])' in text


def test_subrip_has_colours_or_dashes(talk):
    text = written("srt", talk, profile="bbc")
    assert '\n<font color="#ffffff">How are you?</font>\n' in text
    assert '\n<font color="#ffff00">Fine. And you?</font>\n' in text
    lit = written("srt", talk, profile="bbc", highlight_words=True, highlight_style="color")
    # not the colour of the highlighted word
    assert '<font color="#00ffff"><font color="#ffff00">Fine.</font> And you?</font>' in lit
    assert "- How are you?\n- Fine. And you?" in written("sbv", talk, profile="bbc")


def test_substation_alpha_has_names_and_styles(talk):
    rows = [row for row in written("ass", talk).splitlines() if row.startswith("Dialogue")]
    assert [row.split(",")[3:5] for row in rows] == [["Default", ""], ["Default", "Anna"]]
    text = written("ass", talk, speaker_labels="colour")
    rows = [row for row in text.splitlines() if row.startswith("Dialogue")]
    assert [row.split(",")[3:5] for row in rows] == [
        ["Speaker 1", "Anna"],
        ["Speaker 2", "Ben"],
        ["Speaker 1", "Anna"],
    ]
    assert "\nStyle: Speaker 2,Arial,60,&H0000FFFF," in text


def test_ttml_has_agents_and_colours(talk):
    text = written("ttml", talk, speaker_labels="colour")
    assert '<ttm:agent xml:id="speaker2" type="person"><ttm:name type="full">Ben</ttm:name>' in text
    assert 'ttm:agent="speaker2"' in text
    assert '<span tts:color="#ffff00">Fine. And you?</span></p>' in text
    assert "agent" not in written("itt", talk)
    assert '<span tts:color="#ffff00">' in written("itt", talk, speaker_labels="colour")


def test_text_has_a_line_for_each_turn(talk):
    assert written("txt", talk).splitlines() == NAMED
    assert written("txt", talk, speaker_labels="none").splitlines() == APART
    dashed = written("txt", talk, speaker_labels="dash").splitlines()
    assert dashed == [f"- {line}" for line in APART]


def test_tables_have_a_column(talk):
    assert written("tsv", talk).splitlines() == [
        "start\tend\ttext\tspeaker",
        "0\t900\tHow are you?\tAnna",
        "1100\t2000\tFine. And you?\tBen",
        "3500\t4300\tVery well.\tAnna",
    ]
    rows = written("csv", talk).splitlines()
    assert rows[0].endswith(",before,after,speaker")
    assert [row.rpartition(",")[2] for row in rows[1:]] == [who for *_, who in WORDS]


def test_word_lists_have_speakers(talk):
    assert written("ctm", talk).splitlines()[3] == "talk 1 1.100 0.400 Fine 0.9000 lex Ben"
    assert written("rttm", talk) == (
        "SPEAKER talk 1 0.000 0.900 <NA> <NA> Anna <NA> <NA>\n"
        "SPEAKER talk 1 1.100 0.900 <NA> <NA> Ben <NA> <NA>\n"
        "SPEAKER talk 1 3.500 0.800 <NA> <NA> Anna <NA> <NA>\n"
    )


def test_rttm_of_a_nameless_recording(talk):
    assert next(get_writer("rttm").render(talk)).startswith("SPEAKER recording 1 0.000 ")


def test_rttm_without_speakers_tells_when_there_is_speech(spoken):
    assert written("rttm", spoken) == (
        "SPEAKER talk 1 0.000 1.320 <NA> <NA> unknown <NA> <NA>\n"
        "SPEAKER talk 1 3600.500 0.580 <NA> <NA> unknown <NA> <NA>\n"
    )


def test_textgrid_has_a_tier_for_each_speaker(talk, tmp_path):
    path = tmp_path / "talk.TextGrid"
    path.write_text(written("textgrid", talk))
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False)
    assert grid.tierNames == ("words", "segments", "Anna", "Ben")
    assert [tuple(entry) for entry in grid.getTier("Ben").entries] == [(1.1, 2.0, "Fine. And you?")]
    assert [entry.start for entry in grid.getTier("Anna").entries] == [0.0, 3.5]


def test_transcripts_to_read_have_names(talk):
    text = written("markdown", talk)
    assert "**00:00:00** **Anna:** How are you?\n" in text
    assert "**00:00:01** **Ben:** Fine.\n\n**00:00:01** And you?\n" in text
    assert "|M:BEN: Fine. |D:" in written("edl", talk)


def test_json_comes_back(talk):
    text = written("json", talk)
    assert json.loads(text)["speakers"] == ["Anna", "Ben"]
    assert parse_result(text, "x").segments == talk.segments


def test_whisperx_words_without_times_have_the_segments_speaker():
    facts = {"text": "one two", "start": 0, "end": 1, "speaker": "SPEAKER_00"}
    words = [{"word": "one", "start": 0, "end": 0.5, "speaker": "SPEAKER_01"}, {"word": "two"}]
    found = parse_result(json.dumps({"segments": [{**facts, "words": words}]}), "x")
    assert [word.speaker for word in found.words] == ["SPEAKER_01", "SPEAKER_00"]
    assert found.segments[0].speaker == "SPEAKER_00"


def test_voices_of_files_are_speakers(tmp_path):
    vtt = tmp_path / "talk.vtt"
    vtt.write_text(
        "WEBVTT\n\n00:00.000 --> 00:01.000\n<v.loud Anna B.>How <i>so</i>?\n\n"
        "00:01.000 --> 00:02.000\n<v Anna B.>One</v>\n<v Ben>Two</v>\n"
    )
    transcript, _ = read_saved(vtt)
    assert [one.speaker for one in transcript.segments] == ["Anna B.", None]
    assert transcript.segments[0].text == "How <i>so</i>?"
    assert transcript.segments[1].text == "<v Anna B.>One</v>\n<v Ben>Two</v>"
    ass = tmp_path / "talk.ass"
    ass.write_text(
        "[Events]\n"
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        "Dialogue: 0,0:00:00.00,0:00:01.00,Default,Anna,0,0,0,,How, so?\n"
        "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,Well.\n"
    )
    transcript, _ = read_saved(ass)
    assert [(one.speaker, one.text) for one in transcript.segments] == [
        ("Anna", "How, so?"),
        (None, "Well."),
    ]


def test_labels_are_checked():
    with pytest.raises(UsageError, match="`speaker_labels` must be dash, name, colour or none"):
        LayoutOptions(speaker_labels="color")
    assert LayoutOptions(style=StyleOptions(color="#ffff00")).speaker_labels is None
