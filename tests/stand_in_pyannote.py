"""A package in the place of pyannote.audio: of its version 4.0.7 what subalign calls.

It asks the hub for its files as the original does, and is as loud: it prints, warns, logs, and
changes PyTorch's settings. Each speaker, SPEAKER_00 the last, has an equal share of the recording.
"""

from pathlib import Path

COMMUNITY = "pyannote/speaker-diarization-community-1"
OLDER = "pyannote/speaker-diarization-3.1"
FILES = ("config.yaml", "segmentation/pytorch_model.bin", "plda/plda.npz")

_SOURCE = """
import logging
import os
import warnings
from dataclasses import dataclass
from typing import NamedTuple

import torch
from huggingface_hub import constants, hf_hub_download

warnings.warn("torchcodec is not installed correctly")
if "PYANNOTE_METRICS_ENABLED" not in os.environ:
    os.environ["PYANNOTE_METRICS_ENABLED"] = "true"


class Segment(NamedTuple):
    start: float
    end: float


@dataclass
class Annotation:
    tracks: list

    def itertracks(self, yield_label=False):
        for number, (segment, label) in enumerate(self.tracks):
            yield (segment, number, label) if yield_label else (segment, number)


@dataclass
class DiarizeOutput:
    speaker_diarization: Annotation
    exclusive_speaker_diarization: Annotation
    speaker_embeddings: object = None


class Pipeline:
    heard = []

    @classmethod
    def from_pretrained(cls, checkpoint, revision=None, hparams_file=None, subfolder=None,
                        token=None, cache_dir=None):
        assert constants.HF_HUB_OFFLINE
        assert os.environ["PYANNOTE_METRICS_ENABLED"] == "false"
        print("Could not download")
        logging.getLogger("lightning").warning("upgraded")
        for name in FILES:
            hf_hub_download(checkpoint, name)
        return cls()

    def to(self, device):
        if not isinstance(device, torch.device):
            raise TypeError("`device` must be an instance of `torch.device`")
        self.device = device
        return self

    def __call__(self, file, preload=False, num_speakers=None, min_speakers=None,
                 max_speakers=None, hook=None):
        assert os.environ["PYANNOTE_METRICS_ENABLED"] == "false"
        waveform = file["waveform"]
        if len(waveform.shape) != 2 or waveform.shape[0] > waveform.shape[1]:
            raise ValueError("'waveform' must be provided as a (channel, time) torch Tensor.")
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
        warnings.warn("TensorFloat-32 (TF32) has been disabled")
        self.heard.append((waveform, num_speakers))
        count, length = num_speakers or 2, waveform.shape[1] / file["sample_rate"]
        tracks = [
            (Segment(n * length / count, (n + 1) * length / count), f"SPEAKER_{count - 1 - n:02d}")
            for n in range(count)
        ]
        whole = [(Segment(0.0, length), label) for _, label in tracks]
        return DiarizeOutput(Annotation(whole), Annotation(tracks))
"""


def install(folder: Path, version: str = "4.0.7", source: str = _SOURCE) -> Path:
    """Write the package into a folder, which is to be on `sys.path`; returns it."""
    package = folder / "pyannote" / "audio"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(source.replace("FILES", repr(FILES)))
    facts = folder / f"pyannote_audio-{version}.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: pyannote.audio\nVersion: {version}\n"
    )
    return folder


def cache(folder: Path, repository: str, files: tuple[str, ...] = FILES) -> None:
    """Lay files of a repository into a folder that is the hub's cache."""
    entry = folder / f"models--{repository.replace('/', '--')}"
    commit = "0" * 40
    for name in files:
        path = entry / "snapshots" / commit / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    (entry / "refs").mkdir()
    (entry / "refs" / "main").write_text(commit)
