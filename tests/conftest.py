"""What every test runs under: Qt without a display or scaling, set before Qt is imported.

Property tests draw the same examples in every run, so that a change that passed once passes again;
`HYPOTHESIS_PROFILE=default ./test` draws others.
"""

from __future__ import annotations

import os

from hypothesis import settings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_SCALE_FACTOR", "1")

settings.register_profile("same", derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
