"""The Python SDK of the Model Context Protocol searches an index by `neurodex mcp`: python check_mcp.py INDEX PICTURES COMMAND…

Starts COMMAND mcp INDEX over standard input and output, and over Streamable HTTP, each with the protocol of 2025 and that of 2026. The client
checks structured results against the schemas that the tools declare. What search answers must be what COMMAND search answers, pictures must be
what Pillow decodes, and errors must be errors of tools with a code. In an environment of its own (requirements-mcp.txt).
"""

import asyncio
import base64
import io
import json
import re
import subprocess
import sys
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from mcp import Client, StdioServerParameters
from PIL import Image

TOOLS = {"search", "explain", "view", "duplicates"}
MODES = ["legacy", "auto"]
K = 4


def names_by_command(command: list[str], index: Path, file: Path) -> list[str]:
    """What the command line answers."""
    done = subprocess.run(
        [*command, "search", str(index), str(file), "--k", str(K), "--all", "--json"], check=True, capture_output=True
    )
    [result] = json.loads(done.stdout)["results"]
    return [answer["picture"] for answer in result["answers"]]


def pictures_in(content: list) -> list[Image.Image]:
    found = [Image.open(io.BytesIO(base64.b64decode(block.data))) for block in content if block.type == "image"]
    for picture in found:
        picture.load()
    return found


async def promises(client: Client, query: dict, wanted: list[str]) -> int:
    assert client.server_info.name == "neurodex", client.server_info
    tools = (await client.list_tools()).tools
    assert {tool.name for tool in tools} == TOOLS, tools
    assert all(tool.annotations.read_only_hint for tool in tools), tools

    found = await client.call_tool("search", {**query, "k": K, "thumbnails": 2})
    assert not found.is_error, found
    answers = found.structured_content["answers"]
    assert [answer["picture"]["name"] for answer in answers] == wanted, (answers, wanted)
    assert json.loads(found.content[0].text) == found.structured_content
    assert all(max(picture.size) <= 128 for picture in pictures_in(found.content))

    best = answers[0]["picture"]["id"]
    shown = await client.call_tool("view", {"picture": best})
    [picture] = pictures_in(shown.content)
    facts = shown.structured_content
    assert picture.size == (facts["width"], facts["height"]), facts

    explained = await client.call_tool("explain", query)
    assert not explained.is_error, explained
    side = explained.structured_content["patchesPerSide"]
    [answer] = explained.structured_content["answers"]
    assert all(len(token["attention"]) == side * side for token in answer["tokens"]), answer
    assert len(pictures_in(explained.content)) == 1

    heard: list[float] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        heard.append(progress)

    groups = await client.call_tool("duplicates", {}, progress_callback=on_progress)
    assert not groups.is_error and groups.structured_content["pictures"] > 0, groups
    assert heard and heard == sorted(set(heard)), heard

    wrong = await client.call_tool("search", {"picture": "no.0"})
    assert wrong.is_error and wrong.content[0].text.startswith("picture-unknown: "), wrong

    index, number = best.rsplit(".", 1)
    resource = await client.read_resource(f"neurodex://{index}/pictures/{number}")
    assert base64.b64decode(resource.contents[0].blob) == base64.b64decode(shown.content[-1].data)
    return len(answers)


@contextmanager
def listening(command: list[str], index: Path):
    """`neurodex mcp INDEX --port 0`, with its address."""
    process = subprocess.Popen([*command, "mcp", str(index), "--port", "0"], stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stderr:
            if match := re.search(r"http://\S+/mcp", line):
                yield match[0]
                break
        else:
            raise AssertionError("the server did not say where it listens")
    finally:
        process.terminate()
        process.wait(30)
    assert process.returncode == 0, process.returncode


async def check(index: Path, file: Path, command: list[str]) -> int:
    wanted = names_by_command(command, index, file)
    compared = 0
    for mode in MODES:
        parameters = StdioServerParameters(command=command[0], args=[*command[1:], "mcp", str(index), "--quiet"])
        async with Client(parameters, mode=mode) as client:
            compared += await promises(client, {"file": str(file)}, wanted)
    with listening(command, index) as address:
        for mode in MODES:
            async with Client(address, mode=mode) as client:
                image = base64.b64encode(file.read_bytes()).decode()
                compared += await promises(client, {"image": image}, wanted)
    return compared


def main() -> None:
    index, pictures, *command = sys.argv[1:]
    file = next(path for path in sorted(Path(pictures).rglob("*")) if path.suffix in {".png", ".jpg"})
    compared = asyncio.run(check(Path(index), file, command))
    print(f"check_mcp: {compared} answers over standard input and HTTP, by mcp {version('mcp')}")


main()
