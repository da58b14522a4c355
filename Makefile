# `make run` and `make test` are the manual. Each makes the environment it needs first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test test-fast lint audit fuzz soak clean
run: $(VENV)/.app
	@$(BIN)/streamlit run app.py

# Three processes on two cores: tests that wait for a browser or a worker leave the cores to the others.
# They write into a folder of this call, kept where one fails: pytest's own clears away after earlier calls, and where one
# of those left what cannot be removed (a mount, a process that still writes) it breaks off with every test passed.
test: $(VENV)/.tests
	@folder=$$(mktemp -d) && $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --basetemp "$$folder/tests" \
		|| { code=$$?; echo "What the tests wrote is kept in $$folder."; exit $$code; }; rm -rf "$$folder" || true

# The inner loop: what needs no training, no browser and no other process.
test-fast: $(VENV)/.tests
	$(BIN)/python -m pytest -q -n 2 --dist loadfile tests/figures tests/layers tests/published tests/spec/test_spec.py tests/spec/test_typed.py \
		tests/statistics tests/store/test_queries.py

lint: $(VENV)/.tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# A report of known holes in the packages: it prints what it finds and fails nothing.
audit: $(VENV)/.tests
	$(BIN)/python -m scripts.audit

# What takes too long for the tests: bad input by the thousand, and kills by the hundred.
fuzz: $(VENV)/.tests
	$(BIN)/python -m benchmarks.robustness.fuzz --cases 10000

soak: $(VENV)/.tests
	$(BIN)/python -m benchmarks.robustness.soak --kills 200

# pip's warnings tell of folders that a configuration names and this machine lacks; its errors are shown (-qq).
PIP := $(BIN)/pip install -qq --disable-pip-version-check

$(VENV)/.app: requirements.txt
	@echo "Installing the packages (once; about a minute, and their download) …"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) -r requirements.txt
	@touch $@

# The browser tests drive Chromium; where none is installed, Debian's package is fetched.
$(VENV)/.tests: $(VENV)/.app pyproject.toml
	@echo "Installing what the tests need (once; about half a minute, and its download) …"
	@$(PIP) --upgrade "pip>=25.1"
	@$(PIP) --group test --group audit
	@command -v chromium >/dev/null || (echo "Installing Chromium (once) …" && apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null)
	@touch $@

clean:
	rm -rf $(VENV) build
