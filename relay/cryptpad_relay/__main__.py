"""`python -m cryptpad_relay`, the same as `cryptpad-relay`."""

from __future__ import annotations

import sys

from cryptpad_relay.cli import main

if __name__ == "__main__":
    sys.exit(main())
