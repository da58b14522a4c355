# `make run` and `make test` are the manual. Each makes the environment it needs first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test lint clean
run: $(VENV)/.app
	$(BIN)/streamlit run app.py

test: $(VENV)/.tests
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/.tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/.app: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

# The browser tests drive Chromium; where none is installed, Debian's package is fetched.
$(VENV)/.tests: $(VENV)/.app pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/pip install --quiet --disable-pip-version-check --group test
	command -v chromium >/dev/null || (apt-get update -qq && apt-get install -y -qq chromium)
	touch $@

clean:
	rm -rf $(VENV) build
