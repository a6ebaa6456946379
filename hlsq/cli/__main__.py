"""``python -m hlsq.cli`` is the command ``hlsq``."""

from hlsq.cli import main

if __name__ == "__main__":
    main()
