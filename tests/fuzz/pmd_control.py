"""Any bytes at all through the decoders of Polar's control point: they decode, or are a BadFrame; nothing else.

    pip install atheris
    python tests/fuzz/pmd_control.py -atheris_runs=1000000 -max_len=64

Coverage-guided, by atheris, which is not in the locks: run by hand, its last figures are in docs/endurance.md. Hypothesis does the same every day.
"""

import sys
from dataclasses import replace
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

with atheris.instrument_imports():
    from ingest.straps.pmd import Measurement
    from ingest.straps.pmd_control import (
        Command,
        Reply,
        Setting,
        choose,
        decode,
        decode_command,
        decode_features,
        decode_reply,
        decode_sent,
        encode_command,
        encode_features,
        encode_reply,
    )
    from somalink.domain.errors import BadFrame


def plain(said: Command | Reply | frozenset[Measurement]) -> object:
    """A factor may be no number, which is not equal to itself."""
    if isinstance(said, frozenset):
        return said
    return replace(said, settings={kind: repr(values) for kind, values in said.settings.items()})


def one(payload: bytes) -> None:
    for read, write in ((decode_reply, encode_reply), (decode_command, encode_command), (decode_features, encode_features)):
        try:
            said = read(payload)
        except BadFrame:
            continue
        assert plain(read(write(said))) == plain(said)
    for tell in (decode, decode_sent):
        try:
            told = tell(payload)
        except BadFrame:
            continue
        assert all(each.rate_hz >= 0 and (each.factor_g is None or 0 < each.factor_g < float("inf")) for each in told)
    try:
        reply = decode_reply(payload)
    except BadFrame:
        return
    wanted = {Setting.SAMPLE_RATE: (25,), Setting.RESOLUTION: (16,), Setting.RANGE: (4,)}
    assert all(values[0] in reply.settings.get(kind, values) for kind, values in choose(reply.settings, wanted).items())


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
