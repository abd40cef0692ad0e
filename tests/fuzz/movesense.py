"""Any bytes at all through the decoders of Movesense's own service: they decode, or are a BadFrame; nothing else.

    pip install atheris
    python tests/fuzz/movesense.py -atheris_runs=1000000 -max_len=128

Coverage-guided, by atheris, which is not in the locks: run by hand, its last figures are in docs/endurance.md. Hypothesis does the same every day.
"""

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

with atheris.instrument_imports():
    from ingest.straps.movesense import (
        AccPacket,
        BeatPacket,
        EcgPacket,
        Result,
        decode,
        decode_command,
        decode_notification,
        decode_sent,
        encode_command,
        encode_packet,
        encode_result,
    )
    from somalink.domain.errors import BadFrame


def one(payload: bytes) -> None:
    try:
        command = decode_command(payload)
        assert decode_command(encode_command(command)) == command
        decode_sent(payload)
    except BadFrame:
        pass
    try:
        said = decode_notification(payload)
    except BadFrame:
        return
    match said:
        case Result():
            assert decode_notification(encode_result(said)) == said or said.status > 599
        case AccPacket() | EcgPacket() | BeatPacket():
            assert encode_packet(said) == payload
    assert all(frame.stream for frame in decode(payload))


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
