"""The cases that fuzzing found, and a few inputs of each target; `run.py` runs it for minutes."""

import pytest

from fuzz.targets import FOUND, TARGETS, mutated

EACH = 60
CASES = [(name, path) for name, target in TARGETS.items() for path in target.found()]


@pytest.mark.parametrize(("name", "path"), CASES, ids=[f"{n}-{p.name}" for n, p in CASES])
def test_found_case(name, path):
    TARGETS[name](path.read_bytes())


def test_every_case_belongs_to_a_target():
    assert {folder.name for folder in FOUND.iterdir()} <= TARGETS.keys()


@pytest.mark.parametrize("name", TARGETS)
def test_seeds(name):
    for data in TARGETS[name].seeds():
        TARGETS[name].run(data)


@pytest.mark.parametrize("name", TARGETS)
def test_changed_inputs(name):
    for seed in range(EACH):
        data = mutated(name, seed)
        try:
            TARGETS[name](data)
        except Exception as error:
            raise AssertionError(f"change {seed} of {name}: {data!r}") from error
