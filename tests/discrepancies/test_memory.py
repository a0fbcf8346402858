"""Fifty thousand points in half a gigabyte, and a workspace that does not grow."""

import subprocess
import sys
import threading
import tracemalloc

import numpy as np
import pytest

from refscore.discrepancies import energy_distance, kernel_stein, mmd

SCRIPT = """
import numpy as np
from refscore.discrepancies import {name}
x = np.random.default_rng(0).standard_normal((50_000, 2))
{call}
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("kernel_stein", "kernel_stein(lambda x: -x, x, kernel='rbf')"),
        ("mmd", "mmd(x, x[:3000] + 0.1)"),
        ("energy_distance", "energy_distance(x[:, :1], x[:, 1:])"),
    ],
)
def test_fifty_thousand_points_fit(name, call):
    script = SCRIPT.format(name=name, call=call)
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert not told.returncode, told.stderr
    assert int(told.stdout) < 500 * 1024  # the whole process, imports included


def _peak(call, *arrays):
    tracemalloc.start()
    thread = threading.Thread(target=call, args=arrays)  # keeps no workspace from before
    thread.start()
    thread.join()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize(
    ("call", "limit"),
    [
        (lambda x, y: kernel_stein(y, x), 8e6),
        (lambda x, y: kernel_stein(y, x, kernel="rbf", bandwidth=1e-3), 8e6),
        (lambda x, y: mmd(x, y, bandwidth=1.0), 5e6),
        (lambda x, y: mmd(x, y), 16e6),
        (lambda x, y: energy_distance(x, y), 5e6),
    ],
)
def test_the_workspace_does_not_grow(call, limit):
    x, y = np.random.default_rng(0).standard_normal((2, 4000, 3))
    call(x[:10], y[:10])
    small, large = (_peak(call, x[:n], y[:n]) for n in (1500, 4000))
    assert large < limit
    assert large < 1.05 * small + 1e5


def test_progress_goes_to_standard_error_and_ends_at_all_pairs(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    x = np.random.default_rng(0).standard_normal((600, 2))
    shown = kernel_stein(-x, x, progress=True)
    assert "179700 of 179700 pairs" in capsys.readouterr().err
    assert shown == kernel_stein(-x, x)
    mmd(x, x[:50] + 1, progress=True, bandwidth=1.0)
    assert "210925 of 210925 pairs" in capsys.readouterr().err
    assert capsys.readouterr().out == ""
