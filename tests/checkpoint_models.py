"""Small models with random weights, and the folders and files that other projects keep them in."""

import json
import struct
from dataclasses import asdict, replace
from pathlib import Path

import torch
from safetensors.torch import save_file

from subalign.model import ModelDimensions, Whisper
from subalign.tokenizer.vocabulary import Vocabulary

BYTES = Vocabulary({bytes([value]): value for value in range(256)})
# 256 tokens, 8 special tokens, 99 languages, 1501 timestamps
DIMS = ModelDimensions(
    n_mels=80,
    n_audio_ctx=10,
    n_audio_state=16,
    n_audio_head=2,
    n_audio_layer=3,
    n_vocab=256 + 8 + 99 + 1501,
    n_text_ctx=12,
    n_text_state=16,
    n_text_head=4,
    n_text_layer=2,
)

# The names that transformers gives to Whisper's tensors, "N" for the layer.
HF_ENCODER = {
    "model.encoder.conv1": "encoder.conv1",
    "model.encoder.conv2": "encoder.conv2",
    "model.encoder.layer_norm": "encoder.ln_post",
}
HF_ENCODER_LAYER = {
    "model.encoder.layers.N.self_attn.q_proj": "encoder.blocks.N.attn.query",
    "model.encoder.layers.N.self_attn.k_proj": "encoder.blocks.N.attn.key",
    "model.encoder.layers.N.self_attn.v_proj": "encoder.blocks.N.attn.value",
    "model.encoder.layers.N.self_attn.out_proj": "encoder.blocks.N.attn.out",
    "model.encoder.layers.N.self_attn_layer_norm": "encoder.blocks.N.attn_ln",
    "model.encoder.layers.N.fc1": "encoder.blocks.N.mlp.0",
    "model.encoder.layers.N.fc2": "encoder.blocks.N.mlp.2",
    "model.encoder.layers.N.final_layer_norm": "encoder.blocks.N.mlp_ln",
}
HF_DECODER = {"model.decoder.layer_norm": "decoder.ln"}
HF_DECODER_LAYER = {
    "model.decoder.layers.N.self_attn.q_proj": "decoder.blocks.N.attn.query",
    "model.decoder.layers.N.self_attn.k_proj": "decoder.blocks.N.attn.key",
    "model.decoder.layers.N.self_attn.v_proj": "decoder.blocks.N.attn.value",
    "model.decoder.layers.N.self_attn.out_proj": "decoder.blocks.N.attn.out",
    "model.decoder.layers.N.self_attn_layer_norm": "decoder.blocks.N.attn_ln",
    "model.decoder.layers.N.encoder_attn.q_proj": "decoder.blocks.N.cross_attn.query",
    "model.decoder.layers.N.encoder_attn.k_proj": "decoder.blocks.N.cross_attn.key",
    "model.decoder.layers.N.encoder_attn.v_proj": "decoder.blocks.N.cross_attn.value",
    "model.decoder.layers.N.encoder_attn.out_proj": "decoder.blocks.N.cross_attn.out",
    "model.decoder.layers.N.encoder_attn_layer_norm": "decoder.blocks.N.cross_attn_ln",
    "model.decoder.layers.N.fc1": "decoder.blocks.N.mlp.0",
    "model.decoder.layers.N.fc2": "decoder.blocks.N.mlp.2",
    "model.decoder.layers.N.final_layer_norm": "decoder.blocks.N.mlp_ln",
}
HF_SINGLE = {
    "model.encoder.embed_positions.weight": "encoder.positional_embedding",
    "model.decoder.embed_positions.weight": "decoder.positional_embedding",
    "model.decoder.embed_tokens.weight": "decoder.token_embedding.weight",
}


# CTranslate2's, and those of ours that lie in it, row under row. "N" is the layer; norms have gamma
# and beta.
CT2_ENCODER = {
    "encoder/conv1": ["encoder.conv1"],
    "encoder/conv2": ["encoder.conv2"],
    "encoder/layer_norm": ["encoder.ln_post"],
}
CT2_DECODER = {"decoder/layer_norm": ["decoder.ln"]}
CT2_ENCODER_LAYER = {
    "encoder/layer_N/self_attention/layer_norm": ["encoder.blocks.N.attn_ln"],
    "encoder/layer_N/self_attention/linear_0": [
        f"encoder.blocks.N.attn.{part}" for part in ("query", "key", "value")
    ],
    "encoder/layer_N/self_attention/linear_1": ["encoder.blocks.N.attn.out"],
    "encoder/layer_N/ffn/layer_norm": ["encoder.blocks.N.mlp_ln"],
    "encoder/layer_N/ffn/linear_0": ["encoder.blocks.N.mlp.0"],
    "encoder/layer_N/ffn/linear_1": ["encoder.blocks.N.mlp.2"],
}
CT2_DECODER_LAYER = {
    **{
        theirs.replace("encoder", "decoder"): [name.replace("encoder", "decoder") for name in ours]
        for theirs, ours in CT2_ENCODER_LAYER.items()
    },
    "decoder/layer_N/attention/layer_norm": ["decoder.blocks.N.cross_attn_ln"],
    "decoder/layer_N/attention/linear_0": ["decoder.blocks.N.cross_attn.query"],
    "decoder/layer_N/attention/linear_1": [
        "decoder.blocks.N.cross_attn.key",
        "decoder.blocks.N.cross_attn.value",
    ],
    "decoder/layer_N/attention/linear_2": ["decoder.blocks.N.cross_attn.out"],
}
CT2_SINGLE = {
    "encoder/position_encodings/encodings": "encoder.positional_embedding",
    "decoder/position_encodings/encodings": "decoder.positional_embedding",
    "decoder/embeddings/weight": "decoder.token_embedding.weight",
}
CT2_TYPES = {
    torch.float32: 0,
    torch.int8: 1,
    torch.int16: 2,
    torch.int32: 3,
    torch.float16: 4,
    torch.bfloat16: 5,
}


def random_model(dims: ModelDimensions = DIMS, vocabulary: Vocabulary = BYTES) -> Whisper:
    """A model with random weights that is to be found again after saving and loading."""
    torch.manual_seed(1)
    model = Whisper(dims, name="random", vocabulary=vocabulary, multilingual=False).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return model.requires_grad_(False)


def same_weights(one: Whisper, other: Whisper) -> bool:
    """Whether two models have the same tensors to the last bit."""
    left, right = one.state_dict(), other.state_dict()
    return left.keys() == right.keys() and all(
        torch.equal(left[name], right[name]) for name in left
    )


def hugging_face_state(model: Whisper) -> dict[str, torch.Tensor]:
    """The model's tensors under transformers' names."""
    pairs = {**HF_ENCODER, **HF_DECODER}
    for layers, table in (
        (model.dims.n_audio_layer, HF_ENCODER_LAYER),
        (model.dims.n_text_layer, HF_DECODER_LAYER),
    ):
        for layer in range(layers):
            pairs |= {
                theirs.replace(".N.", f".{layer}."): ours.replace(".N.", f".{layer}.")
                for theirs, ours in table.items()
            }
    state = model.state_dict()
    renamed = {theirs: state[ours] for theirs, ours in HF_SINGLE.items()}
    for theirs, ours in pairs.items():
        for part in ("weight", "bias"):
            if f"{ours}.{part}" in state:
                renamed[f"{theirs}.{part}"] = state[f"{ours}.{part}"].contiguous()
    assert len(renamed) == len(state)
    return renamed


def hugging_face_config(dims: ModelDimensions) -> dict[str, object]:
    """`config.json` as transformers writes it, but for what has no bearing on loading."""
    return {
        "model_type": "whisper",
        "architectures": ["WhisperForConditionalGeneration"],
        "num_mel_bins": dims.n_mels,
        "max_source_positions": dims.n_audio_ctx,
        "d_model": dims.n_audio_state,
        "encoder_attention_heads": dims.n_audio_head,
        "encoder_layers": dims.n_audio_layer,
        "vocab_size": dims.n_vocab,
        "max_target_positions": dims.n_text_ctx,
        "decoder_attention_heads": dims.n_text_head,
        "decoder_layers": dims.n_text_layer,
    }


def hugging_face_vocabulary(vocabulary: Vocabulary = BYTES) -> dict[str, int]:
    """Tokens as GPT-2's byte-level alphabet writes them."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1)]
    printable += range(ord("®"), ord("ÿ") + 1)
    others = [value for value in range(256) if value not in printable]
    characters = {value: chr(value) for value in printable}
    characters |= {value: chr(256 + index) for index, value in enumerate(others)}
    return {
        "".join(characters[value] for value in token): rank
        for token, rank in vocabulary.ranks.items()
    }


def write_json(path: Path, content: object) -> None:
    """Write a JSON file."""
    path.write_text(json.dumps(content), encoding="utf-8")


def write_hugging_face(model: Whisper, folder: Path, *, weights: bool = True) -> Path:
    """A folder as transformers writes it, with or without `model.safetensors`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", hugging_face_config(model.dims))
    write_json(
        folder / "generation_config.json",
        {
            "alignment_heads": [list(pair) for pair in model.alignment_pairs],
            "is_multilingual": model.multilingual,
            "no_timestamps_token_id": model.dims.n_vocab - 1502,
        },
    )
    write_json(folder / "vocab.json", hugging_face_vocabulary(model.vocabulary))
    write_json(folder / "added_tokens.json", {"<|endoftext|>": len(model.vocabulary.ranks)})
    if weights:
        save_file(hugging_face_state(model), folder / "model.safetensors")
    return folder


def ctranslate2_variables(model: Whisper) -> dict[str, torch.Tensor]:
    """The model's tensors and settings under CTranslate2's names."""
    table = {**CT2_ENCODER, **CT2_DECODER}
    for layers, parts in (
        (model.dims.n_audio_layer, CT2_ENCODER_LAYER),
        (model.dims.n_text_layer, CT2_DECODER_LAYER),
    ):
        for layer in range(layers):
            table |= {
                theirs.replace("_N", f"_{layer}"): [
                    name.replace(".N.", f".{layer}.") for name in ours
                ]
                for theirs, ours in parts.items()
            }
    state = model.state_dict()
    variables = {theirs: state[ours] for theirs, ours in CT2_SINGLE.items()}
    for theirs, ours in table.items():
        kinds = ("gamma", "beta") if theirs.endswith("layer_norm") else ("weight", "bias")
        for their_kind, kind in zip(kinds, ("weight", "bias"), strict=True):
            # keys have no bias
            no_bias = torch.zeros(model.dims.n_text_state, dtype=model.dtype)
            rows = [state.get(f"{name}.{kind}", no_bias) for name in ours]
            variables[f"{theirs}/{their_kind}"] = torch.cat(rows)
    for name, value, dtype in (
        ("encoder/num_heads", model.dims.n_audio_head, torch.int16),
        ("decoder/num_heads", model.dims.n_text_head, torch.int16),
        ("decoder/activation", 3, torch.int8),
        ("decoder/pre_norm", 1, torch.int8),
        ("decoder/scale_embeddings", 0, torch.int8),
        ("decoder/alignment_layer", -1, torch.int16),
    ):
        variables[name] = torch.tensor(value, dtype=dtype)
    return dict(sorted(variables.items()))


def scaled_integers(
    variables: dict[str, torch.Tensor], dtype: torch.dtype
) -> dict[str, torch.Tensor]:
    """Weights as int8, with a scale for each row, or as int16, with a single one."""
    scaled = {}
    for name, value in variables.items():
        if not name.endswith("/weight"):
            scaled[name] = value
            continue
        rows = value.float().flatten(1)
        scale = 127 / rows.abs().amax(1) if dtype == torch.int8 else 1024 / rows.abs().max()
        integers = (rows * (scale[:, None] if scale.ndim else scale)).round()
        scaled[name] = integers.to(dtype).reshape(value.shape)
        scaled[f"{name}_scale"] = scale
    return scaled


def write_model_bin(
    variables: dict[str, torch.Tensor],
    path: Path,
    *,
    aliases: dict[str, str] | None = None,
    version: int = 6,
    spec: str = "WhisperSpec",
    revision: int = 3,
) -> None:
    """CTranslate2's file of these variables and aliases."""

    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    if aliases is None:
        aliases = {"decoder/projection/weight": "decoder/embeddings/weight"}
    content = bytearray(struct.pack("<I", version) + text(spec) + struct.pack("<I", revision))
    content += struct.pack("<I", len(variables))
    for name, value in variables.items():
        # NumPy has no bfloat16
        bits = value.view(torch.int16) if value.dtype == torch.bfloat16 else value
        values = bits.contiguous().numpy().tobytes()
        content += text(name) + struct.pack(f"<B{value.ndim}I", value.ndim, *value.shape)
        content += struct.pack("<BI", CT2_TYPES[value.dtype], len(values)) + values
    content += struct.pack("<I", len(aliases))
    content += b"".join(text(alias) + text(name) for alias, name in aliases.items())
    path.write_bytes(content)


def write_ctranslate2(model: Whisper, folder: Path, dtype: torch.dtype | None = None) -> Path:
    """A folder as `ct2-transformers-converter` writes it, its weights in the model's own number
    type, or in int8 or int16.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_json(
        folder / "config.json",
        {
            "alignment_heads": [list(pair) for pair in model.alignment_pairs],
            "lang_ids": [],
            "suppress_ids": [],
            "suppress_ids_begin": [],
        },
    )
    specials = ["<|endoftext|>", "<|startoftranscript|>"]
    write_json(folder / "vocabulary.json", [*hugging_face_vocabulary(model.vocabulary), *specials])
    variables = ctranslate2_variables(model)
    if dtype is not None:
        variables = scaled_integers(variables, dtype)
    write_model_bin(variables, folder / "model.bin")
    return folder


def openai_content(model: Whisper) -> dict[str, object]:
    """What OpenAI's `.pt` files hold."""
    return {"dims": asdict(model.dims), "model_state_dict": model.state_dict()}


def with_vocabulary_size(n_vocab: int) -> ModelDimensions:
    """The small dimensions with another number of tokens."""
    return replace(DIMS, n_vocab=n_vocab)
