"""The small model that checkpoints of every form are written of."""

import signal

import pytest

from checkpoint_models import random_model

HEADS = ((0, 2), (1, 3))


@pytest.fixture
def model():
    model = random_model()
    # not the sinusoids, to see that they are read and not computed
    model.encoder.positional_embedding.add_(0.5)
    model.mark_alignment_heads(HEADS)
    return model


@pytest.fixture
def never_waiting():
    """A read that waits fails; one thread may wait for another."""

    def stop(_number, _frame):
        raise AssertionError("waits")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
