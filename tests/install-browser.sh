#!/bin/sh
# A browser for the tests: the one on PATH, else Playwright's own, else Debian's.
set -eu
bin=.venv/bin
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null && exit 0
"$bin/python" - <<'PY' && exit 0
import pathlib, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as p:
    sys.exit(0 if pathlib.Path(p.chromium.executable_path).exists() else 1)
PY
echo "Installing a browser for the tests …"
timeout 300 "$bin/python" -m playwright install --with-deps chromium && exit 0
if command -v apt-get >/dev/null; then
    sudo=""
    [ "$(id -u)" = 0 ] || sudo=sudo
    $sudo apt-get update -q
    $sudo apt-get install -q -y --no-install-recommends chromium
else
    echo "Install Chromium and put it on PATH: the browser tests need it." >&2
    exit 1
fi
