"""Measure everything that docs/benchmarks.md tells, one bench after the other, and write the page: `make benchmarks`.

It takes about twenty minutes, and wants a machine that does nothing else.
"""

import sys

from bench.guarantees import measure
from tools.benchmarks_page import BENCHMARKS

if __name__ == "__main__":
    sys.exit(measure("bench.benchmarks", __doc__, BENCHMARKS))
