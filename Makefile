PYTHON ?= python3
BIN := .venv/bin

.PHONY: run install test test-install test-clients lint fix bench lock

run: install
	@ONWATCH_DEMO=$${ONWATCH_DEMO-1} exec $(BIN)/python manage.py up

install: .venv/.installed build/static/staticfiles.json

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.installed: requirements.lock | .venv/bin/python
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

# Hashed and compressed once; Plotly's script takes some ten seconds.
build/static/staticfiles.json: .venv/.installed $(shell find static -type f)
	@echo "Preparing static files …"
	@$(BIN)/python manage.py collectstatic --noinput --verbosity 0
	@touch $@

.venv/.test-installed: requirements-test.lock | .venv/bin/python
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements-test.lock
	@touch $@

test-install: install .venv/.test-installed
	@tests/install-browser.sh

test: test-install
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

test-clients: test-install
	@tests/clients/install.sh
	$(BIN)/python -m pytest tests/clients $(ARGS)

lint: .venv/.test-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run

fix: .venv/.test-installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: test-install
	$(BIN)/python -m bench

# Pins every dependency with its hashes, for Python 3.11 and newer.
lock:
	uv pip compile --universal --python-version 3.11 --prerelease=if-necessary-or-explicit --generate-hashes --no-header \
		pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --prerelease=if-necessary-or-explicit --generate-hashes --no-header \
		--extra test pyproject.toml -c requirements.lock -o requirements-test.lock
	for file in tests/clients/environments/*.in; do \
		case "$$file" in *collectors.in) hashes=--generate-hashes ;; *) hashes= ;; esac; \
		uv pip compile --universal --python-version 3.11 --prerelease=if-necessary-or-explicit --no-header --no-annotate \
			$$hashes "$$file" -o "$${file%.in}.txt" || exit; \
	done
