"""The text files of ../shared/cases give what their README says."""

import pytest

from subalign.subtitles.check import check_file, fix_file
from subalign.subtitles.files import check_certain, read_subtitle_file, render_subtitle_file
from subalign.subtitles.layout.profiles import PROFILES
from subalign.subtitles.retiming import TimeMap, retime
from subalign.subtitles.script import read_script


@pytest.fixture
def cases(shared):
    folder = shared / "cases"
    if not folder.is_dir():
        pytest.skip("needs ../shared/cases")
    return folder


def said(script):
    return [
        word
        for line in script.lines
        for first, end in line.spoken
        for word in line.text[first:end].split()
    ]


@pytest.mark.parametrize(
    "name",
    [
        *("sbv.sbv", "youtube.vtt", "ytcopy.txt", "tsv.tsv", "ttml.ttml", "draw.ass", "full.vtt"),
        *("noms.srt", "longms.srt"),
    ],
)
def test_what_is_said(cases, name):
    assert said(read_script(cases / name)) == said(read_script(cases / "ref.txt"))


def test_a_sign_is_kept_and_not_said(cases):
    lines = {line.text: line.spoken for line in read_script(cases / "draw.ass").lines}
    assert lines["Open daily from nine"] == ()
    assert len(lines) == 5


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("french_cp1252_10.srt", "Les élèves étaient très énervés hier."),
        ("enc_tr_cp1254_2.srt", "Çocuk okula gitmiş."),
        ("enc_de_cp1252_2.srt", "Wir müssen über die Brücke gehen."),
        ("mixed.srt", "Garçon"),
    ],
)
def test_old_encodings(cases, name, text):
    assert read_script(cases / name).lines[-1].text == text
    file = read_subtitle_file(cases / name)
    check_certain(file, name)
    assert [cue.text for cue in file.cues][-1] == text


@pytest.mark.parametrize("name", ["noms.srt", "longms.srt"])
def test_times_of_one_reader(cases, name):
    moved = retime(read_subtitle_file(cases / name), TimeMap()).file
    starts = [cue.start_ms / 1000 for cue in moved.cues]
    assert starts == [line.start for line in read_script(cases / name).lines]
    assert "00:00:00,000 --> 00:00:04," in render_subtitle_file(moved)


@pytest.mark.parametrize("name", ["broken/text_mend_744fc8.srt", "youtube.vtt", "full.vtt"])
def test_nothing_is_left_to_fix_after_once(cases, name, tmp_path):
    profile = PROFILES["broadcast"]
    fixed = render_subtitle_file(fix_file(read_subtitle_file(cases / name), profile))
    path = tmp_path / name.rpartition("/")[2]
    path.write_text(fixed, "utf-8")
    assert render_subtitle_file(fix_file(read_subtitle_file(path), profile)) == fixed


def test_rolling_captions_are_told(cases):
    file = read_subtitle_file(cases / "youtube.vtt")
    profile = PROFILES["broadcast"]
    assert "rolling" in {problem.kind for problem in check_file(file, profile)}
    assert len(list(fix_file(file, profile).cues)) == 8
