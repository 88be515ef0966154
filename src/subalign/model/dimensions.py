"""The numbers that fix a checkpoint's shape."""

import reprlib
from dataclasses import dataclass, fields

from subalign.errors import CheckpointError

__all__ = ["FRAME_SECONDS", "ModelDimensions"]

# seconds between mel frames
FRAME_SECONDS = 0.01

# ten times those of the largest official model: what states more is damaged, or meant to do harm
_MOST = {
    **dict.fromkeys(("n_mels", "n_audio_head", "n_text_head"), 1_280),
    **dict.fromkeys(("n_audio_layer", "n_text_layer"), 320),
    **dict.fromkeys(("n_audio_state", "n_text_state"), 12_800),
    "n_audio_ctx": 15_000,
    "n_text_ctx": 4_480,
    "n_vocab": 520_000,
}


@dataclass(frozen=True, slots=True)
class ModelDimensions:
    """Sizes of Whisper's encoder and decoder, named as in OpenAI's checkpoints."""

    n_mels: int
    n_audio_ctx: int
    n_audio_state: int
    n_audio_head: int
    n_audio_layer: int
    n_vocab: int
    n_text_ctx: int
    n_text_state: int
    n_text_head: int
    n_text_layer: int

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise CheckpointError(
                    f"The checkpoint's {field.name} is {reprlib.repr(value)}, not a whole number "
                    "above 0."
                )
            if value > _MOST[field.name]:
                raise CheckpointError(
                    f"The checkpoint's {field.name} is over {_MOST[field.name]}, which is more "
                    "than any Whisper model has."
                )
        for state, head in (
            (self.n_audio_state, self.n_audio_head),
            (self.n_text_state, self.n_text_head),
        ):
            if state % head or state % 2 or state < 4:
                raise CheckpointError(
                    f"The checkpoint's width {state} does not split into {head} heads of even size."
                )

        if self.n_audio_state != self.n_text_state:
            raise CheckpointError(
                f"The checkpoint's encoder is {self.n_audio_state} wide, but its decoder "
                f"{self.n_text_state}: they must be equal."
            )

    @property
    def window_frames(self) -> int:
        """Mel frames in one window: the second convolution has stride 2."""
        return 2 * self.n_audio_ctx

    @property
    def window_seconds(self) -> float:
        """Seconds of audio in one window."""
        return self.window_frames * FRAME_SECONDS

    @property
    def position_seconds(self) -> float:
        """Seconds between audio positions, which is also the timestamps' step."""
        return 2 * FRAME_SECONDS
