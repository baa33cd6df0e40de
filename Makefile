PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run install test lint fix bench lock

run: install
	@ONWATCH_DEMO=$${ONWATCH_DEMO-1} $(BIN)/python manage.py up

install: $(VENV)/.installed $(VENV)/.static

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock | $(BIN)/python
	$(BIN)/pip install --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@
