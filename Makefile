# Everything runs in virtual environments of its own; nothing outside this folder is touched.
PYTHON ?= python3
VENV := .venv
VENV2 := .venv-airflow2
PIP_INSTALL = install --quiet --disable-pip-version-check
TESTS ?= tests

.PHONY: demo test test-airflow2 lint benchmarks install clean

demo: $(VENV)/.installed  ## rehearse the example cutover against an emulated DTS
	$(VENV)/bin/airflow-dts rehearse dags_examples/cutover.py

test: $(VENV)/.installed  ## the whole suite, on Airflow 3.3
	$(VENV)/bin/pytest -n 2 --dist loadgroup $(TESTS)

test-airflow2: $(VENV2)/.installed  ## the part that faces Airflow, on Airflow 2.11
	$(VENV2)/bin/pytest -n 2 --dist loadgroup -m airflow $(TESTS)

lint: $(VENV)/.installed
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

benchmarks: $(VENV)/.installed  ## prints ratios to yardsticks measured in the same run
	for bench in tests/benchmarks/bench_*.py; do $(VENV)/bin/python $$bench || exit 1; done

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml .ci/constraints-airflow3.3.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip $(PIP_INSTALL) --upgrade 'pip>=25.1'
	$(VENV)/bin/pip $(PIP_INSTALL) -c .ci/constraints-airflow3.3.txt -e '.[rehearsal]' --group test --group lint
	touch $@

$(VENV2)/.installed: pyproject.toml .ci/constraints-airflow2.11.txt
	$(PYTHON) -m venv $(VENV2)
	$(VENV2)/bin/pip $(PIP_INSTALL) --upgrade 'pip>=25.1'
	$(VENV2)/bin/pip $(PIP_INSTALL) -c .ci/constraints-airflow2.11.txt -e '.[rehearsal]' --group test
	touch $@

clean:
	rm -rf $(VENV) $(VENV2) .pytest_cache .mypy_cache .ruff_cache .hypothesis
