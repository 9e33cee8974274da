PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: setup demo test test-long fuzz lint types docs bench clean

setup: $(STAMP)

# torch first and pinned, by pip: a plain `torch` brings 2.7 GB of CUDA wheels on Linux (see README, "Install").
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet "torch==2.13.0" -c constraints.txt
	$(BIN)/python -m pip install --quiet --editable ".[all,docs,dev]" -c constraints.txt
	touch $(STAMP)

demo: setup
	$(BIN)/aquarius demo

test: setup lint types
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow"

test-long: setup
	$(BIN)/python -m pytest -n 2 --dist worksteal -m slow

# five minutes for each reader; says why where atheris is not installed
fuzz: setup
	for target in latex markdown html docx; do $(BIN)/python tests/reading/fuzz_reading.py $$target -max_total_time=300 -timeout=10 -rss_limit_mb=1024 || exit 1; done

lint: setup
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests

types: setup
	$(BIN)/mypy

docs: setup
	$(BIN)/mkdocs build --strict --quiet --site-dir .site

bench: setup
	$(BIN)/aquarius bench

clean:
	rm -rf $(VENV) .site .pytest_cache .mypy_cache .ruff_cache .hypothesis
