"""What workers are asked to do: in a module that a spawned worker can import."""

from __future__ import annotations

import os
import signal
import time


def work(item):
    """What an item says is done."""
    match item:
        case "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "hang":
            while True:
                pass
        case "sleep":
            time.sleep(60)
        case "nap":
            time.sleep(0.5)
        case "exit":
            os._exit(7)
        case "memory":
            return len(bytearray(4 << 30))
        case "deep":
            return work_deep()
        case "raise":
            raise ValueError("no such thing")
        case "noise":
            os.write(1, b"to stdout\n")
            os.write(2, b"to stderr\n")
        case "large":
            return "x" * 3_000_000
        case "pid":
            return os.getpid()
    return item


def work_deep():
    return work_deep()
