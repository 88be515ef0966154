"""Keys and values: the decoder's own of all tokens so far, and those of the encoded windows."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from subalign.model.attention import KeyValues, Memory
from subalign.model.dimensions import ModelDimensions

__all__ = ["DecoderCache", "EncodedAudio"]


@dataclass(frozen=True, slots=True)
class EncodedAudio:
    """A batch of encoded windows, with every decoder layer's keys and values of them.

    `features` is (windows, positions, n_audio_state); `cross` has one `KeyValues` a layer, each
    tensor (windows, heads, positions, d_head). `mel` is what was encoded (windows, n_mels,
    frames), in float32 and in main memory. Decoding reads no features: `without_features` has no
    positions of them.
    """

    features: Tensor
    cross: tuple[Memory, ...]
    mel: Tensor

    @property
    def windows(self) -> int:
        """How many windows the batch holds."""
        return self.features.shape[0]

    def without_features(self) -> "EncodedAudio":
        """The same for the decoder alone, in less memory."""
        return replace(self, features=self.features[:, :0].clone())

    def select(self, windows: Tensor | slice) -> "EncodedAudio":
        """A part of the batch, by indices or by a slice (which copies nothing)."""
        cross = (memory.select(windows) for memory in self.cross)
        mel = self.mel[windows.cpu() if isinstance(windows, Tensor) else windows]
        return EncodedAudio(self.features[windows], tuple(cross), mel)


class DecoderCache:
    """Self-attention keys and values of every layer, allocated once for a whole decoding.

    One tensor (layers, 2, rows, heads, n_text_ctx, d_head) holds them all, so that reordering
    beams is one operation for all layers. `length` counts the positions in use.

    Beams mostly differ in their last tokens alone, and a processor copies only those (a ninth of
    all in batches of 8 windows with 5 beams):
    `_writers` (rows, n_text_ctx) has the row that each position was written by, in main memory.
    """

    def __init__(
        self, dims: ModelDimensions, rows: int, *, device: torch.device, dtype: torch.dtype
    ) -> None:
        d_head = dims.n_text_state // dims.n_text_head
        self.length = 0
        self._store = torch.empty(
            (dims.n_text_layer, 2, rows, dims.n_text_head, dims.n_text_ctx, d_head),
            device=device,
            dtype=dtype,
        )
        self._layers = [KeyValues(*layer.unbind()) for layer in self._store.unbind()]
        self._writers = torch.zeros(rows, dims.n_text_ctx, dtype=torch.long)

    @property
    def rows(self) -> int:
        """How many sequences the cache holds."""
        return self._store.shape[2]

    def extend(self, layer: int, new: KeyValues) -> KeyValues:
        """Write the new positions of one layer behind those in use; return all of them.

        Where `new` has one entry for all beams of a window (the prompt's call), every beam gets a
        copy, and one entry a window comes back.
        """
        start, count = self.length, new.keys.shape[2]
        beams = self.rows // new.keys.shape[0]
        if layer == 0:
            first_beams = torch.arange(self.rows) // beams * beams
            self._writers[:, start : start + count] = first_beams[:, None]
        whole = []
        for stored, added in zip(self._layers[layer], new, strict=True):
            target = stored.narrow(2, start, count)
            target.copy_(added if beams == 1 else added.repeat_interleave(beams, dim=0))
            # (new's batch, heads, positions, d_head)
            used = stored.narrow(2, 0, start + count)
            whole.append(used if beams == 1 else used[::beams])
        return KeyValues(*whole)

    def reorder(self, source_rows: Tensor) -> None:
        """Let row i go on from what row `source_rows[i]` holds (rows,)."""
        if reads_wait(self._store.device):
            used = self._store[..., : self.length, :]
            used.copy_(used.index_select(2, source_rows))
            return
        before = self._writers[:, : self.length]
        after = before[source_rows]
        changed = after != before  # (rows, positions)
        rows = changed.any(dim=1).nonzero()[:, 0]
        starts = changed[rows].byte().argmax(dim=1).tolist()
        places = list(zip(rows.tolist(), source_rows[rows].tolist(), starts, strict=True))
        parts = [self._used(source, start).clone() for _, source, start in places]
        for part, (row, _, start) in zip(parts, places, strict=True):
            self._used(row, start).copy_(part)
        before.copy_(after)

    def _used(self, row: int, start: int) -> Tensor:
        """One row's positions in use from `start` (layers, 2, heads, positions, d_head)."""
        return self._store[:, :, row, :, start : self.length]

    def select(self, rows: Tensor) -> None:
        """Go on with these rows alone (rows,), in increasing order."""
        kept = self._store[:, :, : len(rows)]
        if reads_wait(self._store.device):
            kept[..., : self.length, :] = self._store[..., : self.length, :].index_select(2, rows)
        else:
            # in place: the batch's copy would be most of what it takes
            for row, source in enumerate(rows.tolist()):
                if row != source:
                    self._used(row, 0).copy_(self._used(source, 0))
        self._store = kept
        self._writers = self._writers[rows.cpu()]
        self._layers = [KeyValues(*layer.unbind()) for layer in kept.unbind()]


def reads_wait(device: torch.device) -> bool:
    """Whether to read a tensor's value means to wait until the device has computed all before."""
    return device.type != "cpu"
