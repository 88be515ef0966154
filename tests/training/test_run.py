"""A whole run in small: corpus, steps, checkpoint, resuming, export."""

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from training.checkpoint import CHECKPOINT, EXPORT
from training.config import (
    Config,
    ConfigError,
    CorpusConfig,
    CorpusPart,
    ModelConfig,
    RunConfig,
    Stage,
    read_config,
)
from training.synthesis.corpus import write_shard
from training.team import gather
from training.train import train

from subalign.model import load_whisper

pytestmark = pytest.mark.slow

STAGES = (
    Stage(until=4, windows={"4": 1.0}, learning_rate=1e-3, ramp=2, batch_seconds=16, single=True),
    Stage(until=8, windows={"4": 0.5, "30": 0.5}, learning_rate=1e-3, batch_seconds=30),
)


@pytest.fixture
def config(tmp_path, speech):
    texts = [
        f"{first.capitalize()} {', '.join(rest)}."
        for first, *rest in itertools.permutations(("one", "two", "three", "four"), 4)
    ]
    sentences = tmp_path / "sentences.txt"
    sentences.write_text("\n".join(texts))
    speeches = [speech(text) for text in texts]
    samples = np.concatenate([(s.samples * 32767).astype(np.int16) for s in speeches])
    (tmp_path / "corpus").mkdir()
    write_shard(tmp_path / "corpus", 0, speeches, samples, "")
    return Config(
        corpus=CorpusConfig(
            sentences=sentences,
            folder=tmp_path / "corpus",
            parts=(CorpusPart(until=4, shares={"espeak": 1.0}),),
        ),
        model=ModelConfig(
            start="", name="tiny", width=24, heads=2, encoder_layers=1, decoder_layers=1
        ),
        run=RunConfig(name="whole", runs=tmp_path / "runs", workers=0, log_steps=1),
        stages=STAGES,
    )


def weights(config):
    path = config.run.folder / CHECKPOINT
    return torch.load(path, weights_only=True)["model"]


def test_an_interrupted_run_goes_on_from_its_mirror_as_if_it_had_not_been(config, tmp_path):
    whole = train(config)
    assert whole.step == 8
    run = dataclasses.replace(config.run, name="parts", mirror=tmp_path / "mirror")
    parts = dataclasses.replace(config, run=run)
    assert train(parts, last_step=5).step == 5
    (run.folder / CHECKPOINT).unlink()
    resumed = train(parts)
    assert resumed.step == 8
    assert resumed.audio_seconds == whole.audio_seconds
    for name, expected in weights(config).items():
        torch.testing.assert_close(weights(parts)[name], expected, rtol=0, atol=0, msg=name)


def test_two_processes_train_one_model(config):
    run = dataclasses.replace(config.run, processes=2)
    shared = dataclasses.replace(config, run=run)
    assert train(shared, last_step=3).step == 3
    whole = train(shared)
    assert whole.step == 8
    # windows of 4 s, then of 4 or 30 s, 30 s in all: a half of a batch holds one at least
    assert whole.audio_seconds >= 4 * 16 + 4 * 24
    assert all(torch.isfinite(tensor).all() for tensor in weights(shared).values())


def test_a_team_steps_by_the_mean_of_its_gradients(tmp_path):
    with gather(2, _descend, tmp_path) as team:
        mine = _descend(tmp_path, team)
    assert mine.tolist() == [-1.5, -1.5]
    assert torch.load(tmp_path / "1").tolist() == mine.tolist()


def _descend(folder, team):
    """A step down the gradient 1 for the first member, and 2 for the second, who ends the run."""
    layer = torch.nn.Linear(2, 1, bias=False)
    torch.nn.init.zeros_(layer.weight)
    with team.met():
        (layer.weight.sum() * (team.rank + 1)).backward()
        assert team.average(layer.parameters(), ends=team.rank == 1)
    stepped = (layer.weight - layer.weight.grad).detach()[0]
    torch.save(stepped, folder / str(team.rank))
    return stepped


def test_the_export_is_a_checkpoint_of_the_package(config):
    train(config, last_step=3)
    model = load_whisper(config.run.folder / EXPORT)
    assert model.name == "tiny"
    assert model.alignment_pairs == ((0, 0), (0, 1))
    assert (model.dims.n_audio_state, model.dims.n_text_layer) == (24, 1)


def test_training_brings_the_loss_down(config):
    stage = dataclasses.replace(STAGES[0], until=60, learning_rate=3e-3, ramp=5)
    config = dataclasses.replace(config, stages=(stage,))
    from training.data.batches import BatchMaker
    from training.loss import losses
    from training.model import make_model, tokenizer_of_model

    torch.manual_seed(config.run.seed)
    model = make_model(config.model)
    batch = BatchMaker(config, model.whisper.dims, tokenizer_of_model(model.whisper))[1000]
    before = losses(model(batch), batch, config.loss)
    train(config)
    model.load_state_dict(weights(config))
    after = losses(model(batch), batch, config.loss)
    assert after.tokens < 0.7 * before.tokens
    assert after.guided < before.guided


def test_a_misspelt_key_is_an_error(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text('[run]\nname = "x"\ntreads = 2\n')
    with pytest.raises(ConfigError, match="treads"):
        read_config(path)


def test_a_config_has_what_its_base_has_and_it_has_not():
    folder = Path(__file__).parents[2] / "training"
    micro, anneal = (read_config(folder / name) for name in ("micro.toml", "anneal.toml"))
    run = dataclasses.replace(micro.run, name=anneal.run.name, average=anneal.run.average)
    assert anneal == dataclasses.replace(micro, run=run, stages=anneal.stages)
    assert anneal.run.name != micro.run.name
    assert anneal.stages != micro.stages


def test_each_part_of_the_corpus_has_its_own_voices(tmp_path):
    few, more = {"espeak": 1.0}, {"espeak": 0.5, "pico": 0.5}
    parts = (CorpusPart(until=2, shares=few), CorpusPart(until=5, shares=more, exchanged=0.5))
    corpus = CorpusConfig(sentences=tmp_path, folder=tmp_path, parts=parts)
    assert [corpus.part(n) for n in range(corpus.shards)] == [parts[0]] * 2 + [parts[1]] * 3


def test_a_missing_base_is_an_error(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text('base = "nothing.toml"\n')
    with pytest.raises(ConfigError, match=r"nothing\.toml cannot be read"):
        read_config(path)
