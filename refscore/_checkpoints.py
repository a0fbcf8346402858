"""Checkpoints: named arrays and a JSON record in one .npz, written whole or not at all."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import numpy as np

_GENERATORS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")


def save_checkpoint(path, arrays: dict[str, np.ndarray], record: dict) -> None:
    """Write arrays and a record (anything JSON can hold) to `path`, atomically.

    A reader, or a run that resumes after a kill, finds the old file or the new one, never a
    part. The file is first written beside it as `path`.part; what a killed run left there is
    written over by the next. Raises OSError where the folder cannot be written.
    Tested in: tests/estimation/test_training.py
    """
    path = Path(path)
    text = np.frombuffer(json.dumps(record, sort_keys=True).encode(), dtype=np.uint8)
    temporary = path.with_name(f"{path.name}.part")
    try:
        with open(temporary, "wb") as file:
            np.savez(file, **{"_record": text, **arrays})  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def load_checkpoint(path) -> tuple[dict[str, np.ndarray], dict]:
    """The arrays and the record of a checkpoint; nothing in it is unpickled.

    Raises FileNotFoundError, or ValueError if the file is not a checkpoint.
    Tested in: tests/estimation/test_training.py
    """
    if Path(path).exists() and not zipfile.is_zipfile(path):
        raise ValueError(f"{path} is not a checkpoint of refscore: it is no .npz file")
    try:
        with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        record = json.loads(arrays.pop("_record").tobytes().decode())
        if not isinstance(record, dict):
            raise TypeError("its record is no mapping")
    except OSError:
        raise
    except Exception as error:  # zip, zlib, NumPy and JSON each have their own for a damaged file
        raise ValueError(f"{path} is not a checkpoint of refscore: {error}") from None
    return arrays, record


def generator_state(rng: np.random.Generator) -> dict:
    """The state of a generator as JSON can hold it."""
    return _plain(rng.bit_generator.state)


def generator_from(state: dict) -> np.random.Generator:
    """The generator of a state.

    Raises ValueError for a bit generator that is not NumPy's.
    """
    name = state.get("bit_generator")
    if name not in _GENERATORS:
        raise ValueError(f"the bit generator must be one of {', '.join(_GENERATORS)}; got {name!r}")
    bits = getattr(np.random, name)()
    bits.state = _arrays(state)
    return np.random.Generator(bits)


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    if isinstance(value, np.ndarray):
        return {"dtype": str(value.dtype), "values": value.tolist()}
    return value.item() if isinstance(value, np.generic) else value


def _arrays(value):
    if isinstance(value, dict) and set(value) == {"dtype", "values"}:
        return np.array(value["values"], dtype=value["dtype"])
    return {k: _arrays(v) for k, v in value.items()} if isinstance(value, dict) else value
