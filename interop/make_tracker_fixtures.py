"""Golden bytes for the tests of tracking/, made by TensorBoard and wandb: python make_tracker_fixtures.py OUT.json"""

import base64
import hashlib
import io
import json
import sys
import tempfile
from pathlib import Path

import tensorboard
import wandb
from PIL import Image
from google.protobuf.timestamp_pb2 import Timestamp
from tensorboard.compat.proto import event_pb2, summary_pb2, types_pb2
from tensorboard.summary.writer.record_writer import RecordWriter
from wandb.proto import wandb_internal_pb2 as pb
from wandb.sdk.internal.datastore import DataStore

# Around the ends of blocks of 32 KiB, whose first has a header of 7 bytes, and over several of them.
LENGTHS = [0, 1, 32740, 3, 0, 32754, 32755, 32761, 100000, 32748, 6, 5, 7, 70000]


def pattern(length: int) -> bytes:
    return bytes(i * 31 % 251 for i in range(length))


class Raw:
    """Stands in for a record: the datastore wants only these two."""

    def __init__(self, data: bytes):
        self.data = data

    def ByteSize(self) -> int:
        return len(self.data)

    def SerializeToString(self) -> bytes:
        return self.data


def wandb_log() -> dict:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "x.wandb")
        store = DataStore()
        store.open_for_write(path)
        for length in LENGTHS:
            store.write(Raw(pattern(length)))
        store.close()
        data = Path(path).read_bytes()
    return {"lengths": LENGTHS, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def wandb_records() -> dict:
    def items(holder, pairs):
        for key, value in pairs:
            item = holder.add()
            item.key = key
            item.value_json = value

    header = pb.Record(num=1)
    header.header.version_info.producer = "0.29.0"
    header.header.version_info.min_consumer = "0.70.0"
    run = pb.Record(num=2)
    run.run.run_id = "abc1234i"
    run.run.entity = "team"
    run.run.project = "vit-dsi-project"
    items(run.run.config.update, [("model", '{"width":64}'), ("seed", "7")])
    run.run.run_group = "photos-abc1234"
    run.run.job_type = "indexing"
    run.run.display_name = "ViT (Indexing)"
    run.run.notes = "été"
    run.run.tags.extend(["a", "b"])
    run.run.host = "machine"
    run.run.start_time.CopyFrom(Timestamp(seconds=1714557600, nanos=250000000))
    run.run.resumed = True
    history = pb.Record(num=3)
    items(history.history.item, [("train/loss", "0.5"), ("_step", "300")])
    history.history.step.num = 300
    summary = pb.Record(num=4)
    items(summary.summary.update, [("train/loss", "NaN")])
    files = pb.Record(num=5)
    for path, kind in [("config.yaml", "WANDB"), ("media/images/x.png", "MEDIA")]:
        item = files.files.files.add()
        item.path = path
        item.type = pb.FilesItem.FileType.Value(kind)
    output = pb.Record(num=6)
    output.output_raw.output_type = pb.OutputRawRecord.STDOUT
    output.output_raw.timestamp.CopyFrom(Timestamp(seconds=1714557601, nanos=5000000))
    output.output_raw.line = "hello\n"
    end = pb.Record(num=7)
    end.exit.exit_code = 1
    end.exit.runtime = 42
    records = {"header": header, "run": run, "history": history, "summary": summary, "files": files, "output": output, "exit": end}
    return {name: record.SerializeToString().hex() for name, record in records.items()}


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (2, 1), (200, 30, 30)).save(buffer, "PNG")
    return buffer.getvalue()


def tensorboard_file(picture: bytes) -> str:
    version = event_pb2.Event(wall_time=1714557600.25, file_version="brain.Event:2")
    restart = event_pb2.Event(wall_time=1714557601.5, step=300)
    restart.session_log.status = event_pb2.SessionLog.START
    scalars = event_pb2.Event(wall_time=1714557602.0, step=301)
    scalars.summary.value.add(tag="train/loss", simple_value=0.1)
    text = scalars.summary.value.add(tag="configuration")
    text.tensor.dtype = types_pb2.DT_STRING
    text.tensor.tensor_shape.dim.add(size=1)
    text.tensor.string_val.append("été".encode())
    text.metadata.plugin_data.plugin_name = "text"
    text.metadata.display_name = "configuration"
    image = scalars.summary.value.add(tag="catalogue/0")
    image.image.CopyFrom(summary_pb2.Summary.Image(height=1, width=2, colorspace=3, encoded_image_string=picture))
    image.metadata.plugin_data.plugin_name = "images"
    image.metadata.display_name = "catalogue/0: 00 cat"
    buffer = io.BytesIO()
    writer = RecordWriter(buffer)
    for event in [version, restart, scalars]:
        writer.write(event.SerializeToString())
    return base64.b64encode(buffer.getvalue()).decode()


def main() -> None:
    picture = png()
    golden = {
        "madeBy": {"tensorboard": tensorboard.__version__, "wandb": wandb.__version__},
        "picture": base64.b64encode(picture).decode(),
        "tensorboard": tensorboard_file(picture),
        "wandbLog": wandb_log(),
        "wandbRecords": wandb_records(),
    }
    Path(sys.argv[1]).write_text(json.dumps(golden, indent=2) + "\n")


if __name__ == "__main__":
    main()
