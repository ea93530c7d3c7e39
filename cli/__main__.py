"""`python -m cli` is `heliograph`, where the program itself is not installed."""

import sys

from cli.main import main

sys.exit(main())
