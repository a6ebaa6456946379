"""``python -m hlsq.cli`` is the command ``hlsq``."""

from hlsq.cli.start import run

if __name__ == "__main__":
    run()
