# make book | test | serve | notebooks | assignments | lint | bench | clean
# Each target sets up what it needs in .venv; nothing outside this folder changes.

# The first Python that is new enough; or name one: make book PYTHON=python3.12
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.10 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo $$p && break; done)
PORT ?= 8000

BIN := .venv/bin
INSTALLED := .venv/.installed
FIRST_PAGE := _build/html/index.html
PAGES := $(shell find book _ext rlcourse -name '*.py' -o -name '*.md' -o -name '*.ipynb' -o -name '*.csv' \
	-o -name '*.bib' -o -name '*.css' -o -name '*.js' -o -name '*.svg') _config.yml _toc.yml

# Two processes at a time with one thread each; results must not depend on the machine's cores.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export NUMBA_NUM_THREADS := 1

.PHONY: book test serve notebooks assignments lint bench clean
.DELETE_ON_ERROR:

book: $(FIRST_PAGE)
	@echo "The book: $(CURDIR)/$(FIRST_PAGE)"

$(FIRST_PAGE): $(INSTALLED) $(PAGES)
	@# Sphinx does not notice changes in _ext and _static. It prints where the pages are, and so do we.
	@$(BIN)/jupyter-book build . -n -q $(if $(filter _ext/% book/_static/%,$?),--all) > /dev/null
	@touch $@

serve: book
	@echo "http://127.0.0.1:$(PORT)/ (Ctrl-C stops it)"
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

notebooks: $(INSTALLED)
	@$(BIN)/python -m rlcourse.book.notebooks

lint: $(INSTALLED)
	@$(BIN)/ruff check .

# Cold build: with unchanged pages Sphinx does not look at their references again.
test: lint
	$(BIN)/python -m rlcourse.book.notebooks --check
	rm -rf _build
	$(BIN)/jupyter-book build . --all -W -n --keep-going -q
	$(BIN)/pytest -q --nbval --nbval-current-env --nbval-cell-timeout=120 \
		--nbval-sanitize-with tests/nbval_sanitize.cfg -p no:cacheprovider -n 2 --dist loadscope book
	$(BIN)/pytest -q -n 2 tests

assignments: $(INSTALLED)
	@echo "No assignments yet: their instructor sources will be in assignments/."

# The peers that it measures against; torch and numpy stay as they are.
bench: $(INSTALLED)
	@$(BIN)/python -m pip install -q --constraint requirements.lock --editable '.[bench]'
	@for file in $(filter-out %/harness.py,$(wildcard benchmarks/*.py)); do $(BIN)/python $$file || exit 1; done

clean:
	rm -rf _build .venv .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

$(INSTALLED): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" && "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo "Python 3.10 or newer is needed; here '$(or $(PYTHON),python3)' is: $$($(or $(PYTHON),python3) --version 2>&1)."; \
		echo "Install a newer one, or name it: make book PYTHON=/path/to/python3.12"; exit 1; }
	@rm -f $@
	@$(BIN)/python -c 'import pip' 2>/dev/null || { echo "Making .venv ..."; "$(PYTHON)" -m venv --clear .venv; } || { \
		rm -rf .venv; echo "No virtual environment could be made. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Installing the packages of requirements.lock into .venv (once; about 2 GB) ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements.lock \
		&& $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e . \
		&& $(BIN)/python -m pip check -q || { \
		echo "The installation did not finish (see the message above; most often the network failed)."; \
		echo "Type the same command again: what has been downloaded is kept. If it keeps failing: make clean, then again."; exit 1; }
	@touch $@
