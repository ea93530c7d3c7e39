"""nginx is taken where it has nchan, and keeps all of its files in a folder that it is given."""

from pathlib import Path

import pytest

from bench.fanout import nchan
from bench.fanout.nchan import MODULE, Nginx, at, found

BODIES = "/var/lib/nginx/body"
COMPILED = b"code\0" + BODIES.encode() + b"\0more code\0" + BODIES.encode() + b"/x\0"


def installed(root: Path, options: str = "", module: str = "") -> Path:
    """A program that tells what it was built with, and a module where it is said."""
    program = root / "sbin" / "nginx"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "configure arguments: {options}" >&2\n')
    program.chmod(0o755)
    if module:
        (root / module).mkdir(parents=True)
        (root / module / MODULE).write_bytes(COMPILED)
    return program


@pytest.mark.parametrize("folder", ["lib/nginx/modules", "modules"])
def test_the_module_is_found_beside_the_program(tmp_path: Path, folder: str) -> None:
    program = installed(tmp_path, f"--http-client-body-temp-path={BODIES} --with-debug", folder)
    one = at(str(program))
    assert (one.program, one.bodies) == (program, BODIES)
    assert one.module is not None
    assert one.module.samefile(tmp_path / folder / MODULE)


def test_the_module_is_found_where_the_program_was_built_to_look(tmp_path: Path) -> None:
    one = at(str(installed(tmp_path, f"--modules-path={tmp_path}/far", "far")))
    assert (one.module, one.bodies) == (tmp_path / "far" / MODULE, "")


def test_it_may_be_compiled_in(tmp_path: Path) -> None:
    assert at(str(installed(tmp_path, "--add-module=/src/nchan-1.3.6"))).module is None


def test_without_it_nginx_is_of_no_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = installed(tmp_path, "--with-debug")
    with pytest.raises(ValueError, match="has no module nchan"):
        at(str(program))
    with pytest.raises(ValueError, match="is no program"):
        at(str(tmp_path / "nothing"))
    monkeypatch.setenv("PATH", str(program.parent))
    assert found() is None


def test_that_of_the_machine_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = installed(tmp_path, module="modules")
    monkeypatch.setenv("PATH", str(program.parent))
    one = found()
    assert one is not None
    assert one.program == program


def test_every_folder_is_its_own(tmp_path: Path) -> None:
    module = tmp_path / MODULE
    module.write_bytes(COMPILED)
    folder = tmp_path / "own"
    command = nchan._command(Nginx(Path("/sbin/nginx"), module, BODIES), folder, 1234)
    assert command == ["/sbin/nginx", "-p", str(folder), "-c", f"{folder}/nginx.conf"]
    settings = (folder / "nginx.conf").read_text()
    assert f"load_module {folder}/{MODULE};" in settings
    paths = [line.split()[1] for line in settings.splitlines() if "_path " in line or line.startswith("pid")]
    assert len(paths) == 6
    assert all(path.startswith(str(folder)) for path in paths)
    own = (folder / MODULE).read_bytes()
    assert own == COMPILED.replace(BODIES.encode() + b"\0", b"b" * len(BODIES) + b"\0")
