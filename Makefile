# `make` lists the targets. POSIX sh, GNU make.

# The first python3 of the PATH that will do and was compiled with optimizations, as those of distributions are: the tests
# take a fifth less than with one that pyenv compiled. Where there is none, the first that will do.
PYTHON ?= $(eval PYTHON := $(shell $(FIND_PYTHON)))$(PYTHON)
VENV := .venv
BIN := $(VENV)/bin
# The last time that what running needs was installed, and what testing needs, which is more.
RUNS := $(VENV)/.runs
STAMP := $(VENV)/.up-to-date
VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' catalyst/__init__.py)
# Many tests wait for a process, so that five go well on two cores; in the order that tests/conftest.py gives the files, in
# which the longest do not come last. PARALLEL= for one after another.
PARALLEL ?= -n 5 --dist loadfile --no-loadscope-reorder
# Where the tests are that ask more of PostgreSQL than others do, for to collect all of them takes each process seconds.
BOTH_DATABASES := tests/records tests/catalyst/web tests/syncer/zone
# They start some hundred processes, each of which would compile all it imports.
PYTEST_ENV := env -u PYTHONDONTWRITEBYTECODE
REGISTRY ?= localhost:5000
ENGINE ?= docker
# What the image is made of: its last commit, and a digest of what is not committed, so that each edit has a tag of its own.
# What is not in the image (an overlay) may change between push and deploy.
SOURCES := Dockerfile .dockerignore requirements.txt catalyst records syncer
EDITS := $(shell git status --porcelain --untracked-files=all -- $(SOURCES) 2>/dev/null | grep -q . && \
	{ git status --porcelain --untracked-files=all -- $(SOURCES); git diff HEAD -- $(SOURCES); \
	git ls-files -z --others --exclude-standard -- $(SOURCES) | xargs -0 cat; } | git hash-object --stdin | cut -c 1-8)
COMMIT := $(or $(shell git log -1 --format=%h -- $(SOURCES) 2>/dev/null),unknown)$(addprefix -dirty-,$(EDITS))
IMAGE ?= $(REGISTRY)/catalyst-dns-sync:$(VERSION)-$(COMMIT)
NAMESPACE ?= infrastructure
OVERLAY ?= deploy/overlays/production
KUBECTL = kubectl --namespace $(NAMESPACE)
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
# The Python of .venv may be too old, removed, or replaced by the system since: then its packages are not found any more.
SUITS = import os, sys; \
	made = next(line.split("=")[1].strip() for line in open(os.path.join(sys.prefix, "pyvenv.cfg")) if line[:7] == "version"); \
	sys.exit(sys.version_info < (3, 11) or made.split(".")[:2] != list(map(str, sys.version_info[:2])))
WHICH = import sys; print(sys.version_info[:2], sys.base_prefix)
WILL_DO = import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
# What Debian's own was configured with does not tell that it is.
IS_FAST = import sys, sysconfig; told = sysconfig.get_config_var("CONFIG_ARGS") or ""; \
	sys.exit(sys.base_prefix != "/usr" and "--enable-optimizations" not in told)
FIND_PYTHON = found=; IFS=:; for folder in $$PATH; do python="$$folder/python3"; \
	"$$python" -c '$(WILL_DO)' 2>/dev/null || continue; found="$${found:-$$python}"; \
	if "$$python" -c '$(IS_FAST)'; then found="$$python"; break; fi; done; echo "$${found:-python3}"
# A path file instead of an editable installation, for which the run would need what builds a wheel.
LINK = import os, sysconfig; site = sysconfig.get_path("purelib"); \
	open(os.path.join(site, "catalyst-dns-sync.pth"), "w").write(os.path.relpath(os.getcwd(), site) + "\n")
COMMAND = exec "$$(dirname "$$(readlink -f "$$0")")/python" -P -m catalyst.cli "$$@"
# For the advice: the first of these that this machine has.
FOUND = $$(for name in python3.13 python3.14 python3.12 python3.11; do \
	"$$name" -c "import venv" 2>/dev/null && exec echo "$$name"; done; echo python3.13)
define make_venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed, with its module venv: make setup PYTHON=$(FOUND)" >&2; exit 1; }
	@echo "making $(VENV) with $$($(PYTHON) --version), $(PYTHON)"
	@$(PYTHON) -m venv $(1) $(VENV)
	@$(BIN)/python -c '$(LINK)'
	@printf '%s\n' '#!/bin/sh' '$(COMMAND)' > $(BIN)/catalyst-dns-sync && chmod +x $(BIN)/catalyst-dns-sync
endef
need = command -v $(1) >/dev/null || { echo "make $@ needs $(1), which is not installed" >&2; exit 1; }

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help known-python fresh-venv setup dev-setup demo run dev test test-all test-postgres exhaustive check pictures \
	hostile bench bench-targets bench-registry bench-backups lock build docker push deploy prod-deploy logs status \
	metrics health debug-pod

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | awk -F '\t' '{ printf "  %-14s %s\n", $$1, $$2 }'

setup: ## make .venv with the pinned packages; with PYTHON=python3.13 by that Python, anew if need be
	@test ! -e $(VENV)/pyvenv.cfg || { $(BIN)/python -c '$(SUITS)' && { test $(origin PYTHON) = file || \
		test "$$($(BIN)/python -c '$(WHICH)')" = "$$($(PYTHON) -c '$(WHICH)')"; }; } 2>/dev/null || \
		$(MAKE) --no-print-directory fresh-venv
	@$(MAKE) --no-print-directory $(STAMP)
	@echo "ready: make run"
dev-setup: setup ## the same, under the name that `task dev:setup` has

fresh-venv:
	$(call make_venv,--clear)

$(VENV)/pyvenv.cfg: | known-python
	$(call make_venv,)

known-python:
	@test ! -e $(VENV)/pyvenv.cfg || $(BIN)/python -c '$(SUITS)' 2>/dev/null || { echo \
		"the Python of $(VENV) is gone, was replaced since, or is too old: make setup PYTHON=$(FOUND) makes it anew" >&2; exit 1; }

$(RUNS): requirements.txt | $(VENV)/pyvenv.cfg known-python
	@echo "installing what running needs, of requirements.txt: half a minute or more, once"
	@$(PIP) -r $<
	@touch $@

$(STAMP): requirements-dev.txt | $(VENV)/pyvenv.cfg known-python
	@echo "installing what testing needs, of requirements-dev.txt: two minutes or more, once"
	@$(PIP) -r $<
	@touch $@ $(RUNS)

demo: $(RUNS) ## the program beside two servers of its own, with a story (ARGS="--speed 4", --step, --once, --port 9000)
	@exec $(BIN)/catalyst-dns-sync demo $(ARGS)

run: $(RUNS) ## everything on this machine: names go to ./hosts.dev, the admin is printed (ARGS="--manifests DIR --port 9000")
	@exec $(BIN)/catalyst-dns-sync up --dev $(ARGS)

dev: $(RUNS) ## the syncer alone, reloading itself when the code changes (ARGS="--manifests DIR")
	@touch hosts.dev
	@$(BIN)/catalyst-dns-sync prepare
	@exec $(BIN)/python manage.py runsyncer --dev-mode --hosts-file hosts.dev $(ARGS)

# Both at once, so that one fills the time in which the other waits. What one of them shows comes in one piece.
test: $(STAMP) ## the tests; those of the database on PostgreSQL too, where it is installed (ARGS=... for pytest)
	@$(MAKE) --no-print-directory -j 2 test-all test-postgres

test-all:
	@$(PYTEST_ENV) $(BIN)/python -m pytest $(PARALLEL) $(ARGS)

test-postgres:
	@shown=$$(mktemp) && trap 'rm -f "$$shown"' EXIT && trap 'exit 130' INT TERM; \
	$(PYTEST_ENV) $(BIN)/python -m tests.postgres $(BIN)/python -m pytest -q -m "django_db and not one_database" \
		$(if $(findstring tests/,$(ARGS)),,$(BOTH_DATABASES)) $(ARGS) > "$$shown" 2>&1; \
	code=$$?; cat "$$shown"; exit $$code

exhaustive: $(STAMP) ## what make test tries a sample of: kills at each step, histories, made-up values (ARGS=... for pytest)
	@$(PYTEST_ENV) CATALYST_TEST_EXHAUSTIVE=1 $(BIN)/python -m pytest -q --timeout 900 $(subst -n 5,-n 2,$(PARALLEL)) \
		$$(grep -rlE --include='test_*.py' --exclude-dir=hostile 'import EXHAUSTIVE|hypothesis import|list_faults' tests) $(ARGS)

check: $(STAMP) ## style, types, layers, migrations, docs, lock files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python -m pip check
	$(BIN)/python -m pytest -q -p no:cacheprovider tests/test_*.py tests/catalyst/settings/test_settings.py

pictures: $(STAMP) ## those of the README, made anew by the browser test of the demo
	@$(PYTEST_ENV) CATALYST_DEMO_PICTURES=docs/pictures $(BIN)/python -m pytest -q tests/browser/test_demo.py -k scene

# By chance: what is made up and what was made by hand, for every role. With the figures of the other attacks it would be
# told in the log of the web, line by line. Where ARGS leave no test of a part (5), the others are made.
FUZZED := tests/hostile/test_fuzz.py tests/hostile/test_dashboard.py tests/records/dashboard/test_nonsense.py
FUZZ_ENV = $(PYTEST_ENV) FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-5}
hostile: $(STAMP) ## what tenants, visitors and servers that attack reach, what it costs, what is told (ARGS=... for pytest)
	@$(PYTEST_ENV) $(BIN)/python -m pytest -q -s tests/hostile $(FUZZED:%=--ignore=%) $(ARGS) || test $$? = 5
	@$(FUZZ_ENV) $(BIN)/python -m pytest -q $(FUZZED) tests/records/api/test_fuzz.py $(ARGS) || test $$? = 5
	@$(FUZZ_ENV) $(BIN)/python -m tests.postgres $(BIN)/python -m pytest -q $(FUZZED) $(ARGS)

bench: $(STAMP) ## how long a change takes, and what it costs (ARGS=...)
	@exec $(BIN)/python -m tests.bench $(ARGS)

bench-targets: $(STAMP) ## how long two targets take, beside each of them alone (ARGS=...)
	@exec $(BIN)/python -m tests.bench.targets $(ARGS)

bench-registry: $(STAMP) ## how long the dashboard and each list take with 100,000 records (ARGS=--postgres)
	@exec $(BIN)/python -m tests.bench.registry $(ARGS)

bench-backups: $(STAMP) ## how long an export and an import of 10,000 rows take (ARGS=--postgres)
	@exec $(BIN)/python -m tests.bench.backups $(ARGS)

# Locked for the oldest Python that we support: what only that one needs is harmless on the others.
COMPILE = CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options
lock: $(STAMP) ## pin the packages anew, as pyproject.toml allows (ARGS=--upgrade for newer ones)
	$(COMPILE) $(ARGS) --extra dev --output-file requirements-dev.txt pyproject.toml
	$(COMPILE) $(ARGS) --output-file requirements.txt pyproject.toml

build: $(STAMP) ## a wheel in dist/
	$(BIN)/python -m build --wheel --no-isolation

docker: ## the image (ENGINE=docker, podman or buildah; ARGS=... for its build)
	@$(call need,$(ENGINE))
	$(ENGINE) build --tag $(IMAGE) --build-arg VERSION=$(VERSION) --build-arg GIT_COMMIT=$(COMMIT) $(ARGS) .

# The digest that REGISTRY gave it: nodes then run what was pushed, whatever the tag comes to mean. Of buildah, which keeps
# none, the tag.
DIGEST = $(shell $(ENGINE) image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' $(IMAGE) 2>/dev/null | \
	sed -n 's#^$(REGISTRY)/catalyst-dns-sync\(@sha256:[0-9a-f]*\)$$#\1#p' | head -n 1)

push: ## the image to REGISTRY
	@$(call need,$(ENGINE))
	$(ENGINE) push $(IMAGE)

deploy: ## to the cluster of the current kubeconfig (OVERLAY=folder)
	@$(call need,kubectl)
	@test -f $(OVERLAY)/kustomization.yaml || { echo "there is no $(OVERLAY)/kustomization.yaml: OVERLAY=folder" >&2; exit 1; }
	kubectl kustomize $(OVERLAY) | sed 's#localhost:5000/catalyst-dns-sync:$(VERSION)$$#$(IMAGE)$(DIGEST)#' | kubectl apply --filename -

prod-deploy: ## docker, push, deploy, status
	@$(MAKE) docker
	@$(MAKE) push
	@$(MAKE) deploy
	@$(MAKE) status

logs: ## of the running pod
	@$(call need,kubectl)
	$(KUBECTL) logs --follow --tail 100 --all-containers --prefix deployment/catalyst-dns-sync

status: ## of the pods, until they are ready
	@$(call need,kubectl)
	$(KUBECTL) rollout status --timeout 120s deployment --selector app=catalyst-dns-sync
	$(KUBECTL) get pods --selector app=catalyst-dns-sync

metrics: ## of the running pod, on http://127.0.0.1:8080/metrics
	@$(call need,kubectl)
	$(KUBECTL) port-forward deployment/catalyst-dns-sync 8080:8080

health: ## of the running pod, on http://127.0.0.1:8081/readyz
	@$(call need,kubectl)
	$(KUBECTL) port-forward deployment/catalyst-dns-sync 8081:8081

debug-pod: ## a shell in the running pod
	@$(call need,kubectl)
	$(KUBECTL) exec --stdin --tty deployment/catalyst-dns-sync --container controller -- /bin/sh
