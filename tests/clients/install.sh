#!/bin/sh
# One isolated environment for each file in environments/, made anew when that file changes.
# Versions are pinned; hashes are left out, since nothing of this is part of the product, but for the collectors: those
# are programs as somebody built them, and uv checks every hash that a file names.
set -eu
cd "$(dirname "$0")/../.."
described=tests/clients/environments
home=.venv-clients
mkdir -p "$home"

uv=$(command -v uv || echo "$home/uv/bin/uv")
if ! [ -x "$uv" ]; then
    .venv/bin/python -m venv "$home/uv"
    "$home/uv/bin/python" -m pip install -q --disable-pip-version-check uv
fi

for file in "$described"/*.txt; do
    name=$(basename "$file" .txt)
    cmp -s "$file" "$home/$name/.installed" && continue
    echo "Installing the clients of $file …"
    "$uv" venv -q --clear --python .venv/bin/python "$home/$name"
    "$uv" pip install -q --python "$home/$name/bin/python" -r "$file"
    cp "$file" "$home/$name/.installed"
done

for folder in "$described"/*/; do
    name=$(basename "$folder")
    cmp -s "$folder/package-lock.json" "$home/$name/.installed" && continue
    echo "Installing the clients of $folder …"
    mkdir -p "$home/$name"
    cp "$folder/package.json" "$folder/package-lock.json" "$home/$name"
    (cd "$home/$name" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    cp "$folder/package-lock.json" "$home/$name/.installed"
done
