"""How many connections a process may have is not for the shell to say that has started it."""

import subprocess
import sys

PROGRAM = """
import resource
from cli.process import run

_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (256, most))

async def work(stopping):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    print(soft == hard == most > 256)

run(work)
"""


def test_a_process_may_have_as_many_files_open_as_the_system_lets_it() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("True\n", "")
