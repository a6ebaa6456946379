"""Generated C++ as a synthesis tool sees it: its directives, and the operations that reach hardware."""

from synthesis.check import Findings, check_project, check_text

__all__ = ["Findings", "check_project", "check_text"]
