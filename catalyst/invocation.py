"""How a person starts this program from where they are."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

PROGRAM = "catalyst-dns-sync"


def spell_command() -> str:
    """By its name, or by its path where the name leads nowhere and the Python that runs is one of the working folder,
    as after ``make run`` in a clone."""
    script = Path(sys.executable).with_name(PROGRAM)
    here = Path.cwd()
    if not shutil.which(PROGRAM) and script.is_relative_to(here) and os.access(script, os.X_OK):
        return str(script.relative_to(here))
    return PROGRAM
