"""All threads of a process share one heap, so that what one of them has freed is for the others to take."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, sqlite3, sys, tempfile
from threading import Barrier, Thread
from cli.process import run

def fill(together):
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE t AS SELECT zeroblob(1000000) AS c")
    together.wait()

def heaps():
    libc = ctypes.CDLL(None)
    libc.fopen.restype, libc.malloc_info.argtypes = ctypes.c_void_p, [ctypes.c_int, ctypes.c_void_p]
    libc.fclose.argtypes = [ctypes.c_void_p]
    with tempfile.NamedTemporaryFile() as told:
        file = libc.fopen(told.name.encode(), b"w")
        libc.malloc_info(0, file)
        libc.fclose(file)
        return told.read().count(b"<heap nr=")

def threads():
    together = Barrier(8)
    started = [Thread(target=fill, args=(together,)) for _ in range(8)]
    for each in started:
        each.start()
    for each in started:
        each.join()

async def work(stopping):
    threads()

threads() if sys.argv[1] == "before" else run(work)
print(heaps())
"""


def heaps(when: str) -> int:
    done = subprocess.run([sys.executable, "-c", PROGRAM, when], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="There are several only with glibc.")
def test_threads_share_one_and_would_not_otherwise() -> None:
    assert heaps("before") > 1
    assert heaps("in a process") == 1
