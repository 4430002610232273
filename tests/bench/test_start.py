"""The command line answers at once only if importing the calculator stays cheap."""

import subprocess
import sys


def test_import(benchmark):
    benchmark.pedantic(
        subprocess.run,
        args=([sys.executable, "-c", "import calculator"],),
        kwargs={"check": True},
        rounds=5,
        warmup_rounds=1,
    )
