"""``python -m hlsq.cli`` is the command ``hlsq``."""

<<<<<<< HEAD
from hlsq.cli import main
=======
from hlsq.cli.start import run
>>>>>>> 19bf08f (Searches leave nothing behind: error feedback keeps what it rounded, workers end with their parent, Ctrl-C and SIGTERM end quietly)

if __name__ == "__main__":
    run()
