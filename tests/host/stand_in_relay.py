"""The least that the launcher expects of a relay: it listens, says so, and ends on SIGTERM.

It writes down its environment, for the test that looks for secrets there.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sys
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--listen", required=True)
parser.add_argument("--data", required=True)
parser.add_argument("--fail", action="store_true")
parser.add_argument("--stubborn", action="store_true")
options = parser.parse_args()
if options.fail:
    sys.exit("cannot")
signal.signal(signal.SIGTERM, signal.SIG_IGN if options.stubborn else lambda *_: os._exit(0))
host, port = options.listen.rsplit(":", 1)
listener = socket.create_server((host, int(port)))
(Path(options.data) / "environ.json").write_text(json.dumps(dict(os.environ)))
print(f"relay ready on ws://{options.listen}", flush=True)
while True:
    listener.accept()[0].close()
