"""Any bytes at all through the decoder of 0x2A37 and the clocking behind it: they decode, or are a BadFrame; nothing else.

    pip install atheris
    python tests/fuzz/heart_rate.py -atheris_runs=1000000 -max_len=64

Coverage-guided, by atheris, which is not in the locks: run by hand, its last figures are in docs/endurance.md. Hypothesis does the same every day.
"""

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

with atheris.instrument_imports():
    from ingest.straps.heart_rate import decode, decode_measurement, encode_measurement
    from somalink.domain.errors import BadFrame


def one(payload: bytes) -> None:
    try:
        said = decode_measurement(payload)
    except BadFrame:
        return
    assert decode_measurement(encode_measurement(said)) == said
    assert [len(frame.values) for frame in decode(payload)] == [len(said.rr_ticks), 1 if said.bpm else 0]


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
