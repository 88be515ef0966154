"""Mix a model with the one that it was trained from, weight by weight.

    python -m training.mix BEFORE AFTER FOLDER --share 0.7

What a model gains by further training and what it loses by it lie along a line, and a point
between its ends is often better than both (Wortsman et al. 2022, arXiv 2109.01903).
"""

import argparse
from pathlib import Path

from subalign.model import load_whisper, save_checkpoint

__all__ = ["mix"]


def mix(before: str, after: str, share: float, folder: Path) -> None:
    """Write `share` of the weights of `after`, the rest of `before`, in float16."""
    first = load_whisper(before, device="cpu", compute="float32")
    mixed = load_whisper(after, device="cpu", compute="float32")
    if first.dims != mixed.dims:
        raise ValueError(f"{before} and {after} are of different sizes")
    weights = first.state_dict()
    mixed.load_state_dict(
        {name: weights[name].lerp(new, share) for name, new in mixed.state_dict().items()}
    )
    save_checkpoint(mixed.half(), folder)


def main() -> None:
    parser = argparse.ArgumentParser(description="Mix two checkpoints of one shape.")
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--share", type=float, default=0.5, help="of AFTER; default: 0.5")
    arguments = parser.parse_args()
    mix(arguments.before, arguments.after, arguments.share, arguments.folder)


if __name__ == "__main__":
    main()
