"""Draw a folder of pictures that say when and where they were taken: python make_photos.py FOLDER

Pillow writes their EXIF (date, offset, GPS, camera) and their XMP (city, rating, keywords). Some say only a part, some nothing.
"""

import datetime
import random
import sys
from pathlib import Path

from PIL import ExifTags, Image

COUNT = 40
CITIES = ["Paris", "Zürich", "東京", "New York"]
CAMERAS = [("NIKON CORPORATION", "NIKON D750"), ("Apple", "iPhone 12"), ("Canon", "Canon EOS 5D")]


def rationals(degrees: float) -> tuple[float, float, float]:
    whole = int(abs(degrees))
    minutes = (abs(degrees) - whole) * 60
    return (float(whole), float(int(minutes)), round((minutes - int(minutes)) * 60, 4))


def exif_of(rng: random.Random) -> Image.Exif:
    exif = Image.Exif()
    taken = datetime.datetime(2015, 1, 1) + datetime.timedelta(seconds=rng.randrange(10 * 365 * 86_400))
    photo = exif.get_ifd(ExifTags.IFD.Exif)
    photo[ExifTags.Base.DateTimeOriginal] = taken.strftime("%Y:%m:%d %H:%M:%S")
    if rng.random() < 0.6:
        photo[ExifTags.Base.OffsetTimeOriginal] = rng.choice(["+02:00", "-05:30", "+00:00"])
    if rng.random() < 0.7:
        latitude, longitude = rng.uniform(-89, 89), rng.uniform(-179, 179)
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        gps[ExifTags.GPS.GPSLatitudeRef] = "N" if latitude >= 0 else "S"
        gps[ExifTags.GPS.GPSLatitude] = rationals(latitude)
        gps[ExifTags.GPS.GPSLongitudeRef] = "E" if longitude >= 0 else "W"
        gps[ExifTags.GPS.GPSLongitude] = rationals(longitude)
    make, model = rng.choice(CAMERAS)
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = make, model
    return exif


def xmp_of(rng: random.Random) -> bytes:
    words = "".join(f"<rdf:li>{word}</rdf:li>" for word in rng.sample(["sea", "mountain", "été", "family"], 2))
    return f"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmp:Rating="{rng.randrange(6)}" photoshop:City="{rng.choice(CITIES)}">
<dc:subject><rdf:Bag>{words}</rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>""".encode()


def main() -> None:
    folder, rng = Path(sys.argv[1]), random.Random(5)
    for i in range(COUNT):
        picture = Image.effect_noise((64, 48), 40 + i).convert("RGB")
        place = folder / ("a" if i % 2 else "b") / f"day {i % 3}"
        place.mkdir(parents=True, exist_ok=True)
        ending = (".jpg", ".png", ".webp", ".tiff")[i % 4]
        said = {}
        if i % 7 != 0:
            said["exif"] = exif_of(rng)
        if ending != ".png" and i % 5 != 0:
            said["xmp"] = xmp_of(rng)
        picture.save(place / f"{i}{ending}", **said)


if __name__ == "__main__":
    main()
