"""Loading TensorFlow without its greeting."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from hlsq.cli.interrupts import ended_at_once


def load_tensorflow() -> None:
    """Import TensorFlow and let it look for devices, silently; for the command line, whose errors are one line.

    Its C++ parts write a page about CPU instructions and missing GPUs straight to file descriptor 2, before any
    setting of a log level takes effect.
    """
    if "tensorflow" in sys.modules:
        return
    with ended_at_once(), stderr_held_back():
        import tensorflow

        tensorflow.config.list_physical_devices()


@contextmanager
def stderr_held_back() -> Iterator[None]:
    """Drop what is written to standard error, even by C++; after an exception it is written after all."""
    if sys.stderr is None:  # closed before we began: nothing would be seen, and 2 is the number of another file
        yield
        return
    sys.stderr.flush()
    with tempfile.TemporaryFile() as sink:
        kept = os.dup(2)
        os.dup2(sink.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(kept, 2)
            sink.seek(0)
            os.write(2, sink.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
