"""Any bytes at all through the decoder of Polar's measurement data: they decode, or are a BadFrame; nothing else.

    pip install atheris
    python tests/fuzz/pmd.py -atheris_runs=1000000 -max_len=256

Coverage-guided, by atheris, which is not in the locks: run by hand, its last figures are in docs/endurance.md. Hypothesis does the same every day.
"""

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

with atheris.instrument_imports():
    from ingest.straps.pmd import MOST_SAMPLES, AccFrame, EcgFrame, PpiFrame, decode, decode_data, encode_acc, encode_acc_compressed, encode_ecg, encode_ppi
    from somalink.domain.errors import BadFrame


def one(payload: bytes) -> None:
    try:
        said = decode_data(payload)
    except BadFrame:
        return
    match said:
        case EcgFrame():
            again = decode_data(encode_ecg(said))
            assert isinstance(again, EcgFrame)
            assert (again.sensor_ns, again.uv.tolist()) == (said.sensor_ns, said.uv.tolist())
        case AccFrame():
            again = decode_data(encode_acc_compressed(said) if said.lsb else encode_acc(said, size=3))
            assert isinstance(again, AccFrame)
            assert (again.sensor_ns, again.xyz.tolist(), again.lsb) == (said.sensor_ns, said.xyz.tolist(), said.lsb)
            assert len(said.xyz) <= MOST_SAMPLES
        case PpiFrame():
            assert decode_data(encode_ppi(said)) == said
    for frame in decode(payload):
        assert frame.flags is None or len(frame.flags) == len(frame.values)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
