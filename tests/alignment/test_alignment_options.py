"""How words are timed: what is allowed, and what holds where nothing is said."""

import pytest

from subalign.errors import UsageError
from subalign.options import AlignmentOptions


def test_defaults():
    options = AlignmentOptions()
    assert (options.method, options.heads, options.qk_scale) == ("viterbi", (), 1.0)
    assert (options.medfilt_width, options.kernels) == (None, "auto")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"method": "dwt"}, "`method` must be viterbi or dtw, not 'dwt'."),
        ({"method": None}, "`method` must be viterbi or dtw, not None."),
        ({"heads": ((0, 1), (-1, 0))}, "`heads` counts layers and heads from 0."),
        ({"heads": ((0, -1),)}, "`heads` counts layers and heads from 0."),
        ({"medfilt_width": 4}, "`medfilt_width` must be an odd number from 1 up, not 4."),
        ({"medfilt_width": 0}, "`medfilt_width` must be an odd number from 1 up, not 0."),
        ({"medfilt_width": -3}, "`medfilt_width` must be an odd number from 1 up, not -3."),
        ({"qk_scale": 0.0}, "`qk_scale` must be above 0."),
        ({"qk_scale": float("nan")}, "`qk_scale` must be above 0."),
        ({"qk_scale": float("inf")}, "`qk_scale` must be above 0."),
        ({"kernels": "gpu"}, "`kernels` must be auto, triton or cpu, not 'gpu'."),
    ],
)
def test_wrong_options_are_refused(wrong, sentence):
    with pytest.raises(UsageError) as raised:
        AlignmentOptions(**wrong)
    assert str(raised.value) == sentence
