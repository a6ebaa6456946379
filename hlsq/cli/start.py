"""The command ``hlsq``."""

from hlsq.cli.interrupts import ended_at_once, exit_when_terminated


def run() -> None:
    """Run the command of ``sys.argv``."""
    with ended_at_once():
        from hlsq.cli import main
    exit_when_terminated()
    main()
