"""One file per sub-command of ``hlsq``; a new one is a new file, and no list names them."""
