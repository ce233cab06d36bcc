# Reads with TensorBoard's own reader what `ghpo export RUN` wrote, and compares every value with metrics.jsonl.
#   pip install tensorboard
#   npm run -s ghpo -- export RUN && python trainer/parity/read_events.py RUN

import json
import struct
import sys
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

run = Path(sys.argv[1])
records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
[file] = (run / "export").glob("events.out.tfevents.*")
reader = EventAccumulator(str(file), size_guidance={"scalars": 0})
reader.Reload()


def as_float32(value):
    return struct.unpack("f", struct.pack("f", value))[0]


tags = reader.Tags()["scalars"]
keys = {key for record in records for key, value in record.items() if value is not None} - {"step", "time"}
assert set(tags) == keys, set(tags) ^ keys
count = 0
for tag in tags:
    read = [(event.step, event.value) for event in reader.Scalars(tag)]
    assert read == [(r["step"], as_float32(r[tag])) for r in records if r.get(tag) is not None], tag
    count += len(read)
print(f"{len(tags)} tags, {count} values: all as in metrics.jsonl")
