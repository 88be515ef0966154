"""Small models with random weights, and the folders and files that other projects keep them in."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import torch
from safetensors.torch import save_file

from subalign.model import ModelDimensions, Whisper
from subalign.vocabulary import Vocabulary

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


def openai_content(model: Whisper) -> dict[str, object]:
    """What OpenAI's `.pt` files hold."""
    return {"dims": asdict(model.dims), "model_state_dict": model.state_dict()}


def with_vocabulary_size(n_vocab: int) -> ModelDimensions:
    """The small dimensions with another number of tokens."""
    return replace(DIMS, n_vocab=n_vocab)
