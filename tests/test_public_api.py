"""What `import subalign` offers, and how little it costs."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import subalign

PUBLIC_NAMES = {
    "__version__",
    # what the library does
    "align",
    "load_model",
    "read_script",
    "transcribe",
    "transcribe_stream",
    "write_report",
    "write_transcript",
    # what it works with
    "Whisper",
    "Transcription",
    "Line",
    "Script",
    # what it finds
    "Word",
    "Segment",
    "Transcript",
    "Alignment",
    "AlignmentReport",
    "CueScore",
    "Passage",
    # how it is asked
    "AlignmentOptions",
    "AudioOptions",
    "Clip",
    "DecodingOptions",
    "LayoutOptions",
    "ScriptOptions",
    "StyleOptions",
    "TranscriptionOptions",
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
    seen = {alias.name: node.module for node in imports for alias in node.names}
    assert seen == subalign._LAZY


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
