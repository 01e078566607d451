"""Draw a small labelled folder of pictures: python make_pictures.py FOLDER

Four classes of twelve: a shape of its own per class, with colour, place, size, background and noise drawn at random
from a fixed seed. PNG, JPEG and WebP, colour and grey, and names with spaces and accents, as people's folders have.
"""

import math
import random
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

EDGE = 96
PER_CLASS = 12
FORMATS = (".png", ".jpg", ".webp")


Point = tuple[float, float]


def corners(count: int, inner: float, centre: Point, radius: float, turn: float) -> list[Point]:
    """A regular polygon, or a star where every second corner lies at `inner` of the radius."""
    points = []
    for i in range(count):
        reach = radius * (inner if i % 2 else 1.0)
        angle = turn + 2 * math.pi * i / count
        points.append((centre[0] + reach * math.cos(angle), centre[1] + reach * math.sin(angle)))
    return points


SHAPES = {"disc": (40, 1.0), "triangle": (3, 1.0), "square": (4, 1.0), "étoile": (10, 0.4)}


def draw(shape: str, rng: random.Random) -> Image.Image:
    background = tuple(rng.randrange(140, 256) for _ in range(3))
    picture = Image.new("RGB", (EDGE, EDGE), background)
    centre = (rng.uniform(38, 58), rng.uniform(38, 58))
    count, inner = SHAPES[shape]
    points = corners(count, inner, centre, rng.uniform(24, 36), rng.uniform(0, 2 * math.pi))
    ImageDraw.Draw(picture).polygon(points, fill=tuple(rng.randrange(0, 130) for _ in range(3)))
    noise = np.random.default_rng(rng.randrange(2**32)).normal(0, 12, (EDGE, EDGE, 3))
    return Image.fromarray((np.asarray(picture) + noise).clip(0, 255).astype(np.uint8))


def main(folder: Path) -> int:
    rng = random.Random(2024)
    for shape in SHAPES:
        (folder / shape).mkdir(parents=True, exist_ok=True)
        for i in range(PER_CLASS):
            picture = draw(shape, rng)
            if i % 6 == 5:
                picture = picture.convert("L")
            picture.save(folder / shape / f"{shape} {i:02}{FORMATS[i % len(FORMATS)]}")
    print(f"drew {len(SHAPES) * PER_CLASS} pictures of {len(SHAPES)} classes")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
