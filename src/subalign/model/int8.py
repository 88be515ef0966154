"""Linear layers in 8-bit integers on a processor, by PyTorch's dynamically quantized product.

Each output channel of the weights has a scale of its own; the inputs' scale is found at each call.
The product adds up in 32 bits and gives floats, so that everything between the layers, attention
with its raw scores included, stays float32. PyTorch has this product for x86 (FBGEMM); its
quantized tensors, which weights are packed from, are deprecated (pytorch/pytorch issue 184982):
where they are gone, `devices.int8_available` says so.
"""

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from subalign.kernels.int8_attention import attend
from subalign.model.attention import KeyValues, Linear, MultiHeadAttention
from subalign.model.devices import processor

if TYPE_CHECKING:
    from subalign.model.whisper import Whisper

__all__ = ["Int8Embedding", "Int8Linear", "quantize"]

# GELU's outputs, which these layers take, differ in size from row to row: with one scale for all
# rows they carry most of the error (bench/dtype.py)
_WITH_ROW_SCALES = "mlp.2"
_ROWS = 4096  # rounded at a time
# of a window: the beams of a step, or a prompt; more are multiplied faster as floats
_FEW_QUERIES = 8


class Int8Linear(nn.Module):
    """A linear layer of packed 8-bit weights; what goes in and comes out is float32.

    With `row_scales` each row of the input is quantized with a scale of its own.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, *, row_scales: bool = False) -> None:
        super().__init__()
        self.out_features, self.in_features = weight.shape
        self._row_scales = row_scales
        self._bias = bias if row_scales else None
        self._packed = _pack(weight, None if row_scales else bias)
        # without VNNI, sums of two products have 16 bits, which inputs of 7 bits do not exceed
        self._reduced_range = not processor().native_int8

    def product(self, x: Tensor) -> Tensor:
        """(..., in_features) to (..., out_features)."""
        if not self._row_scales:
            return self._multiply(x)
        size = x.abs().amax(dim=-1, keepdim=True).clamp_(min=torch.finfo(x.dtype).tiny)
        y = self._multiply(x / size).mul_(size)
        return y if self._bias is None else y.add_(self._bias)

    forward = product

    def _multiply(self, x: Tensor) -> Tensor:
        return torch.ops.quantized.linear_dynamic(x, self._packed, self._reduced_range)  # type: ignore[no-any-return]


class Int8KeyValues(NamedTuple):
    """Keys and values of one layer in 8 bits, each (windows, heads, d_head, positions).

    Their scales are (windows, heads, d_head): one for each channel.
    """

    keys: Tensor
    values: Tensor
    key_scales: Tensor
    value_scales: Tensor

    @classmethod
    def of(cls, memory: KeyValues) -> "Int8KeyValues":
        """The same rounded."""
        (keys, key_scales), (values, value_scales) = map(_rounded, memory)
        return cls(keys, values, key_scales, value_scales)

    def attend(self, query: Tensor, *, causal: bool = False) -> Tensor:
        """See `Memory`; by the kernel for few queries."""
        windows, heads, n_queries, d_head = query.shape
        if causal or n_queries > _FEW_QUERIES:
            return self.floats().attend(query, causal=causal)
        integers = (part.flatten(0, 1).numpy() for part in self)
        scaled = (query * d_head**-0.5).contiguous().flatten(0, 1)
        found = attend(scaled.numpy(), *integers, threads=torch.get_num_threads())
        return torch.from_numpy(found).view(windows, heads, n_queries, d_head)

    def floats(self) -> KeyValues:
        """See `Memory`."""
        keys = self.keys * self.key_scales[..., None]
        values = self.values * self.value_scales[..., None]
        return KeyValues(keys.transpose(2, 3), values.transpose(2, 3))

    def select(self, windows: Tensor | slice) -> "Int8KeyValues":
        """See `Memory`."""
        return Int8KeyValues(*(part[windows] for part in self))


class Bfloat16KeyValues(KeyValues):
    """Keys and values that float32 queries are multiplied with in bfloat16.

    The attention of all of a window's positions to all others is as much work as its linear layers.
    """

    def attend(self, query: Tensor, *, causal: bool = False) -> Tensor:
        """See `Memory`."""
        if causal or query.shape[2] <= _FEW_QUERIES:
            return super().attend(query, causal=causal)
        found = torch.empty_like(query)
        scaled = (query * query.shape[3] ** -0.5).bfloat16().contiguous()
        keys = self.keys.bfloat16().transpose(2, 3).contiguous()
        values = self.values.bfloat16().contiguous()
        # one head after another: its scores stay in the processor's cache
        for window in range(query.shape[0]):
            for head in range(query.shape[1]):
                weights = (scaled[window, head] @ keys[window, head]).softmax(dim=-1)
                found[window, head] = weights @ values[window, head]
        return found


class Int8Embedding(nn.Module):
    """Tokens' vectors as they are in the checkpoint, and the same in 8 bits to read logits with."""

    def __init__(self, vectors: Tensor) -> None:
        super().__init__()
        self._projection = Int8Linear(vectors, None)
        half = vectors.to(torch.float16, copy=True)
        # all of OpenAI's weights are the same in half the memory
        exact = vectors.dtype == half.dtype or torch.equal(half, vectors)
        self._vectors = half if exact else vectors.float()

    def forward(self, tokens: Tensor) -> Tensor:
        """Vectors (..., n_text_state) of tokens (...)."""
        return functional.embedding(tokens, self._vectors)

    def project(self, hidden: Tensor) -> Tensor:
        """Logits (..., n_vocab) of states (..., n_text_state)."""
        return self._projection.product(hidden)


def quantize(model: "Whisper", read: Callable[[str], Tensor]) -> None:
    """Put 8-bit layers in the place of a model's linear layers and of its token embedding.

    Keys and values of encoded windows are kept in 8 bits, too.

    `read` gives the weights of a name in `state_dict`, on the processor and of any floating type;
    only one layer's are held at a time. The model's other weights are left as they are.
    """
    # the largest goes first, while there is nothing else
    vectors = Int8Embedding(read("decoder.token_embedding.weight"))
    model.set_submodule("decoder.token_embedding", vectors)
    linear = [(name, layer) for name, layer in model.named_modules() if isinstance(layer, Linear)]
    for name, layer in linear:
        bias = None
        if layer.bias is not None:
            bias = read(f"{name}.bias").to(torch.float32, copy=True)
        weight = read(f"{name}.weight")
        row_scales = name.endswith(_WITH_ROW_SCALES)
        model.set_submodule(name, Int8Linear(weight, bias, row_scales=row_scales))
    if processor().native_bf16:
        for part in model.encoder.modules():
            if isinstance(part, MultiHeadAttention):
                part.memory_type = Bfloat16KeyValues
    if model.dims.n_text_state // model.dims.n_text_head % 4 == 0:
        model.decoder.packed_memory = Int8KeyValues.of


def _rounded(x: Tensor) -> tuple[Tensor, Tensor]:
    """`x` (windows, heads, positions, d_head) as `Int8KeyValues` keeps it, and its scales."""
    scales = x.abs().amax(dim=2).clamp_(min=torch.finfo(torch.float32).tiny) / 127
    integers = (x / scales[:, :, None]).round_().to(torch.int8)
    return integers.transpose(2, 3).contiguous(), scales


def _pack(weight: Tensor, bias: Tensor | None) -> Any:
    """The operator's own form of a matrix (out_features, in_features), symmetric around zero."""
    rounded = torch.empty(weight.shape, dtype=torch.int8)
    scales = torch.empty(weight.shape[0])
    # the token embedding has 50,000 rows, of which copies in float32 would be most of the peak
    for start in range(0, weight.shape[0], _ROWS):
        rows = slice(start, start + _ROWS)
        part = weight[rows].float()
        scales[rows] = part.abs().amax(dim=1).clamp_(min=torch.finfo(torch.float32).tiny) / 127
        rounded[rows] = (part / scales[rows][:, None]).round_().to(torch.int8)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, message=".*quantize")
        quantized = torch._make_per_channel_quantized_tensor(
            rounded, scales.double(), torch.zeros_like(scales, dtype=torch.long), 0
        )
    return torch.ops.quantized.linear_prepack(quantized, bias)
