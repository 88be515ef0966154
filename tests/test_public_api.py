"""What `import subalign` offers, and how little it costs."""

import ast
import importlib
import inspect
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

import subalign
from subalign.options import (
    AlignmentOptions,
    AudioOptions,
    ScriptOptions,
    SpeakerOptions,
    TranscriptionOptions,
)

PUBLIC_NAMES = {
    "__version__",
    # recordings
    "align",
    "list_models",
    "load_model",
    "transcribe",
    # what is read and written
    "parse_script",
    "read_result",
    "read_script",
    "read_subtitle_file",
    "write",
    "write_report",
    # subtitles
    "check",
    "fix",
    "lay_out",
    "render",
    "retime",
    "reword",
    # what it works with
    "Model",
    "Transcription",
    "Line",
    "Script",
    "SubtitleFile",
    # what it finds
    "Word",
    "Segment",
    "Transcript",
    "Alignment",
    "AlignmentReport",
    "Chapter",
    "Cue",
    "CueScore",
    "Passage",
    "Problem",
    # how it is asked
    "Clip",
    "LayoutOptions",
    "OwnProfile",
    "StyleOptions",
    # what goes wrong
    "SubalignError",
    "UsageError",
    "InputError",
    "MediaNotFoundError",
    "NoAudioError",
    "MediaReadError",
    "ToolMissingError",
    "OutputError",
    "OutputExistsError",
    "ModelError",
    "UnknownModelError",
    "ModelUnavailableError",
    "ChecksumError",
    "CheckpointError",
}

HEAVY = ("torch", "numba", "triton", "tiktoken", "huggingface_hub", "numpy")


def test_all_is_exactly_the_public_names():
    assert set(subalign.__all__) == PUBLIC_NAMES
    assert len(subalign.__all__) == len(PUBLIC_NAMES)


@pytest.mark.parametrize("name", sorted(PUBLIC_NAMES))
def test_every_name_resolves(name):
    value = getattr(subalign, name)
    assert name in dir(subalign)
    if name != "__version__":
        assert value.__name__ == name
        home = importlib.import_module(value.__module__)
        assert getattr(home, name) is value


def test_every_error_is_public():
    from subalign import errors

    assert set(errors.__all__) <= set(subalign.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'subalign' has no attribute 'transcibe'"):
        subalign.transcibe  # noqa: B018


def test_type_checkers_see_every_lazy_name():
    tree = ast.parse(Path(subalign.__file__).read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    seen = {node.module: tuple(alias.name for alias in node.names) for node in imports}
    assert seen == subalign._MODULES


OPTIONS = (TranscriptionOptions, AlignmentOptions, AudioOptions, ScriptOptions, SpeakerOptions)
DEFAULTS = {field.name: field.default for kind in OPTIONS for field in fields(kind)}


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("transcribe", (TranscriptionOptions, AlignmentOptions, AudioOptions, SpeakerOptions)),
        (
            "transcribe_stream",
            (TranscriptionOptions, AlignmentOptions, AudioOptions, SpeakerOptions),
        ),
        ("align", (ScriptOptions, AlignmentOptions, AudioOptions, SpeakerOptions)),
    ],
)
def test_a_models_arguments_are_the_fields_of_the_options(name, kinds):
    (_, *parameters) = inspect.signature(getattr(subalign.Model, name)).parameters.values()
    given = {one.name: one.default for one in parameters if one.kind is one.KEYWORD_ONLY}
    del given["on_audio"]
    given.pop("on_progress", None)
    missing = {field.name for kind in kinds for field in fields(kind)} - set(given)
    assert missing <= {"stall_timeout", "prepend_punctuations", "append_punctuations"}
    assert given == {name: DEFAULTS[name] for name in given}
    assert all(one.kind is not one.VAR_KEYWORD for one in parameters)


def test_every_argument_arrives_in_the_options(monkeypatch):
    from subalign.pipeline import model

    seen = []
    monkeypatch.setattr(
        model, "transcribe_recording", lambda *source, **given: seen.append(given) or Stream()
    )
    monkeypatch.setattr(model, "align_recording", lambda *source, **given: seen.append(given))

    class Stream:
        def transcript(self):
            return "all of it"

    spoken = {
        "language": "de",
        "task": "translate",
        "temperatures": [0.0, 0.5],
        "best_of": 2,
        "beam_size": 3,
        "patience": 1.5,
        "length_penalty": 0.5,
        "suppress_tokens": [1],
        "compression_ratio_threshold": 1.0,
        "logprob_threshold": -2.0,
        "no_speech_threshold": 0.1,
        "condition_on_previous_text": False,
        "initial_prompt": "Hm",
        "carry_initial_prompt": True,
        "clips": [subalign.Clip(1.0, 2.0)],
        "hallucination_silence_threshold": 2.0,
        "sequential": True,
        "batch_size": 3,
        "each_language": False,
        "vad": "loudness",
        "vad_threshold": 0.4,
    }
    timed = {
        "method": "dtw",
        "heads": [(1, 2)],
        "qk_scale": 2.0,
        "medfilt_width": 3,
        "kernels": "cpu",
    }
    marks = {"prepend_punctuations": "(", "append_punctuations": ")"}
    read = {"track": 2, "channel": 1, "max_seconds": 9.0}
    who = {"speakers": "channels", "speaker_names": {"A": "Anna"}}
    asked = SpeakerOptions(speakers="channels", speaker_names=(("A", "Anna"),))

    def tuples(given):
        return {k: tuple(v) if isinstance(v, list) else v for k, v in given.items()}

    loaded = subalign.Model("the network")
    assert loaded.transcribe("a.wav", **spoken, **timed, **marks, **read, **who) == "all of it"
    assert seen.pop() == {
        "model": "the network",
        "options": TranscriptionOptions(**tuples(spoken)),
        "alignment": AlignmentOptions(**tuples(timed), **marks),
        "speakers": asked,
        "audio": AudioOptions(**read),
        "on_audio": None,
    }
    loaded.align(
        "a.wav", "a.txt", language="de", ignore=["a"], encoding="utf-8", **timed, **read, **who
    )
    assert seen.pop() == {
        "model": "the network",
        "options": ScriptOptions(language="de", ignore=("a",), encoding="utf-8"),
        "alignment": AlignmentOptions(**tuples(timed)),
        "speakers": asked,
        "audio": AudioOptions(**read),
        "on_audio": None,
        "on_progress": None,
    }
    with pytest.raises(TypeError, match="unexpected keyword argument 'beamsize'"):
        loaded.transcribe("a.wav", beamsize=5)


def test_options_of_another_kind_are_refused_by_name(tmp_path):
    result = subalign.Transcript("", "en", (), 1.0, "micro.en", "0")
    wrong = AlignmentOptions()
    sentence = r"^`layout` takes LayoutOptions, not AlignmentOptions\.$"
    with pytest.raises(subalign.UsageError, match=sentence):
        subalign.write(result, tmp_path / "a.srt", layout=wrong)
    with pytest.raises(subalign.UsageError, match=sentence):
        subalign.lay_out(result, wrong)
    with pytest.raises(subalign.UsageError, match=sentence):
        subalign.render(result, "srt", wrong)
    with pytest.raises(subalign.UsageError, match=sentence):
        subalign.check(None, wrong)


def test_a_result_goes_through_cues_checks_and_new_times(tmp_path):
    word = subalign.Word(" Hello.", 1.0, 2.0, 0.9)
    segment = subalign.Segment(0, 0, 1.0, 2.0, " Hello.", (), 0.0, -0.1, 1.0, 0.0, (word,))
    result = subalign.Transcript(" Hello.", "en", (segment,), 5.0, "micro.en", "0")
    (cue,) = subalign.lay_out(result)
    assert (cue.start_ms, cue.end_ms) == (1000, 3000)
    assert subalign.render(result, "txt") == "Hello.\n"
    subalign.write(result, tmp_path / "a.srt")
    file = subalign.read_subtitle_file(tmp_path / "a.srt")
    assert subalign.check(file) == ()
    assert subalign.fix(file) == file
    (short,) = subalign.check(file, subalign.LayoutOptions(min_duration=4))
    assert short.kind == "short"
    moved = subalign.retime(file, shift=1.5, scale=2)
    assert [(cue.start_ms, cue.end_ms) for cue in moved.cues] == [(3500, 7500)]
    assert subalign.retime(file, at=[(1, 3.5), (3, 7.5)]) == moved
    subalign.write(moved, tmp_path / "a.srt")
    assert "00:00:03,500 --> 00:00:07,500" in (tmp_path / "a.srt").read_text()
    with pytest.raises(subalign.UsageError, match="leave `shift` and `scale` out"):
        subalign.retime(file, shift=1, at=[(1, 2)])


@pytest.mark.parametrize(
    "statement",
    ["import subalign", "import subalign.options, subalign.results, subalign.errors"],
)
def test_importing_is_light(statement):
    program = f"import sys; {statement}; print(sorted({set(HEAVY)!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
