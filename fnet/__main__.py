"""`python -m fnet`: the command line."""

import sys

from fnet.cli import main

if __name__ == "__main__":
    sys.exit(main())
