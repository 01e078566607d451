"""TensorBoard reads the event files of a run and gets every value back: python check_tensorboard.py INDEX RUNS"""

import io
import json
import sys
from pathlib import Path

import tensorboard
from PIL import Image
from run_log import RunLog, compare
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer

# Values are kept as 32-bit floats.
FLOAT32 = 2**-23


def text_of(events: EventAccumulator, tag: str) -> str:
    return events.Tensors(tag)[-1].tensor_proto.string_val[0].decode()


def json_in(markdown: str):
    return json.loads(markdown.removeprefix("```json\n").removesuffix("\n```"))


def main() -> int:
    index, runs = Path(sys.argv[1]), Path(sys.argv[2])
    log = RunLog(index)
    [folder] = [path for path in runs.iterdir() if path.is_dir()]
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0, "tensors": 0})
    events.Reload()
    problems = []
    tags = events.Tags()
    if sorted(tags["scalars"]) != sorted(log.scalars):
        problems.append(f"the scalars are {sorted(tags['scalars'])}, not {sorted(log.scalars)}")
    for name in set(tags["scalars"]) & set(log.scalars):
        actual = {event.step: event.value for event in events.Scalars(name)}
        problems += compare(log.scalars[name], actual, name, FLOAT32)
    expected = {f"{name}/{i}" for name, pictures in log.pictures.items() for i in range(len(pictures))}
    if set(tags["images"]) != expected:
        problems.append(f"the pictures are {sorted(tags['images'])}, not {sorted(expected)}")
    for tag in tags["images"]:
        [event] = events.Images(tag)
        with Image.open(io.BytesIO(event.encoded_image_string)) as picture:
            picture.load()
            if picture.size != (event.width, event.height):
                problems.append(f"{tag}: {picture.size}, not {(event.width, event.height)}")
    if json_in(text_of(events, "configuration")) != log.config:
        problems.append("the configuration is not that of the run log")
    if json_in(text_of(events, "run"))["seed"] != log.start["seed"]:
        problems.append("the seed is not that of the run log")
    # What the pages of the program itself are made from.
    pages = EventMultiplexer().AddRunsFromDirectory(str(runs))
    pages.Reload()
    plugins = {plugin for plugin in ("scalars", "images", "text") if pages.PluginRunToTagToContent(plugin).get(folder.name)}
    if plugins != {"scalars", "images", "text"}:
        problems.append(f"the pages that have something are {sorted(plugins)}")
    for problem in problems[:20]:
        print(f"FAILED: {problem}")
    if not problems:
        values = sum(len(steps) for steps in log.scalars.values())
        print(f"tensorboard {tensorboard.__version__} read {values} values of {len(log.scalars)} scalars, {len(expected)} pictures")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
