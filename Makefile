# Everything is done in .venv with what the locks name; only python3, its venv module and make are
# needed. uv is used where it is there, because it is quicker.
.DEFAULT_GOAL := help
PYTHON ?= python3
UV ?= $(shell command -v uv)
BIN := .venv/bin
HASH := sha256sum
STAMP = .venv/installed-$(shell cat requirements.lock pyproject.toml | $(HASH) | cut -c1-16)
FOREIGN_STAMP = .venv/foreign/installed-$(shell cat requirements-foreign.lock | $(HASH) | cut -c1-16)
DEV_STAMP = .venv/tested-$(shell cat requirements.lock requirements-dev.lock pyproject.toml | $(HASH) | cut -c1-16)

ifneq ($(strip $(UV)),)
PIP_INSTALL = $(UV) pip install --quiet --python $(BIN)/python
else
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif

.PHONY: help
help: ## list what make can do
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

.PHONY: install
install: $(STAMP) ## make .venv with ppa in it
$(STAMP): | .venv
	@echo "installing what requirements.lock names"
	@$(PIP_INSTALL) --require-hashes --no-deps -r requirements.lock -r requirements-build.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@rm -f .venv/installed-* && touch $@

.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@$(PYTHON) -m venv .venv || { echo "python3's venv module is needed: apt-get install python3-venv"; rm -rf .venv; exit 1; }

.PHONY: demo
demo: install ## run the product with a small simulated fleet (ARGS="--port 8010 --homes 3")
	@$(BIN)/ppa demo $(ARGS)

.PHONY: test
test: develop servers ## run all tests (ARGS="-k readings" passes options on)
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

.PHONY: check
check: develop ## run linters, types and import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

.PHONY: bench
bench: develop ## run the benchmarks and print ratios (ARGS="--homes 10000")
	@$(BIN)/python -m bench $(ARGS)

.PHONY: develop
develop: $(DEV_STAMP) $(FOREIGN_STAMP)
$(DEV_STAMP): $(STAMP)
	@echo "installing what requirements-dev.lock names"
	@$(PIP_INSTALL) --require-hashes --no-deps -r requirements-dev.lock
	@rm -f .venv/tested-* && touch $@

$(FOREIGN_STAMP): | $(DEV_STAMP)
	@echo "installing what requirements-foreign.lock names, apart from the rest"
	@$(PYTHON) -m venv --clear .venv/foreign
	@.venv/foreign/bin/python -m pip install --quiet --disable-pip-version-check \
	  --ignore-requires-python --only-binary :all: --require-hashes --no-deps -r requirements-foreign.lock
	@touch $@

# The Debian packages that the tests need, and a file by which each is known to be there. node and ip
# are for a device in a network namespace of its own, which only root may make.
.PHONY: servers
servers: packages device

DEVICE := .cache/echonet-device
.PHONY: device
device: packages
	@command -v npm >/dev/null || exit 0; \
	cmp -s tests/ingest/echonet-device/package-lock.json $(DEVICE)/package-lock.json \
	  && [ -d $(DEVICE)/node_modules ] && exit 0; \
	rm -rf $(DEVICE); mkdir -p $(DEVICE); \
	cp tests/ingest/echonet-device/package.json tests/ingest/echonet-device/package-lock.json $(DEVICE); \
	npm ci --prefix $(DEVICE) --ignore-scripts --no-audit --no-fund --silent \
	  || { rm -rf $(DEVICE); echo "npm could not fetch echonet-lite: its tests will be left out"; }

.PHONY: packages
packages:
	@missing=""; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null \
	  || [ -n "$$PPA_TEST_DATABASE_URL" ] || missing="$$missing postgresql"; \
	ls /usr/lib/*/libmodbus.so.5 /usr/lib/libmodbus.so.5 2>/dev/null | grep -q . \
	  || missing="$$missing libmodbus5"; \
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || missing="$$missing chromium"; \
	ls /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc >/dev/null 2>&1 || missing="$$missing fonts-noto-cjk"; \
	command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	if [ "$$(id -u)" = 0 ]; then \
	  command -v npm >/dev/null || missing="$$missing nodejs npm"; \
	  command -v ip >/dev/null || missing="$$missing iproute2"; \
	fi; \
	[ -z "$$missing" ] && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing$$missing"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
	    --no-install-recommends $$missing >/dev/null; \
	else echo "the tests need: sudo apt-get install$$missing"; exit 1; fi

LOCK = env -u PIP_FIND_LINKS -u UV_FIND_LINKS -u UV_INDEX_URL $(UV) pip compile --quiet --universal \
	--python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links

.PHONY: lock
lock: ## for maintainers: write the locks anew (needs uv)
	@[ -n "$(UV)" ] || { echo "make lock needs uv: pip install uv, or make lock UV=/path/to/uv"; exit 1; }
	@$(LOCK) pyproject.toml -o requirements.lock
	@$(LOCK) --group build -c requirements.lock -o requirements-build.lock
	@$(subst 3.11,3.12,$(LOCK)) --group foreign -o requirements-foreign.lock
	@$(LOCK) --group dev -c requirements.lock -c requirements-build.lock -o requirements-dev.lock

CHART = chart.js@4.6.1 @kurkle/color@0.3.4 esbuild@0.28.2
CHART_INTEGRITY = sha512-hJyniucsFmq//EvXYvJ6c6mahPoI3kaxdjVH8awTaJ/fDNWeSqqqArixMJWkWNN6fcYvPU3HneSANFNYtRi61g==
CHART_BANNER = /*! Chart.js v4.6.1, its bars alone | (c) Chart.js Contributors | MIT License */

.PHONY: chart
chart: ## for maintainers: build the vendored chart library anew (needs npm)
	@built=$$(mktemp -d) && cp static/vendor/chart.bars.entry.js $$built/entry.js && here=$$PWD && cd $$built \
	  && npm install --silent --ignore-scripts --no-audit --no-fund $(CHART) \
	  && grep -qF '$(CHART_INTEGRITY)' package-lock.json \
	  && npx --no-install esbuild entry.js --bundle --minify --format=iife --target=es2022 \
	    --legal-comments=none --log-level=warning --banner:js='$(CHART_BANNER)' --outfile=chart.bars.js \
	  && cp chart.bars.js $$here/static/vendor/ && rm -r $$built
	@echo "sha384-$$(openssl dgst -sha384 -binary static/vendor/chart.bars.js | openssl base64 -A)"
