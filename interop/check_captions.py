"""pycocotools and ir_measures judge text → picture: python check_captions.py ANNOTATIONS INDEX TREC EVALUATE.json

ANNOTATIONS holds captions_val2017.json and instances_val2017.json, INDEX is an index of them with text.withheld, TREC what
`evaluate --queries text --trec` wrote and EVALUATE.json what `evaluate --queries text --json` printed. From the annotations come, by
pycocotools: every query (which caption of which picture) and what is relevant to it, by both protocols. ir_measures computes the
figures from the runs; Recall@K as papers on COCO define it is counted here. bm25s computes the scores of bm25 from the captions that are
not withheld. Of the index only the part that each picture plays, the seed and text.withheld are read.
"""

import contextlib
import json
import math
import re
import sys
import unicodedata
from collections import defaultdict
from pathlib import Path

import bm25s
import ir_measures
import numpy as np
import pyarrow.dataset
from ir_measures.providers.pytrec_eval_provider import PytrecEvalProvider
from pycocotools.coco import COCO

TOLERANCE = 0.5e-4
WORD = 0xFFFFFFFF


def first_uniform(seed: int, name: str) -> float:
    """The first number in [0, 1) of the random stream of a purpose: xoshiro128** of a state by SplitMix32 of seed and FNV-1a of name."""
    hashed = 0x811C9DC5
    units = name.encode("utf-16-le")
    for low, high in zip(units[::2], units[1::2]):
        hashed = (hashed ^ (low | high << 8)) * 0x01000193 & WORD
    x, state = seed ^ hashed, []
    for _ in range(4):
        x = (x + 0x9E3779B9) & WORD
        z = (x ^ x >> 16) * 0x21F0AAAD & WORD
        z = (z ^ z >> 15) * 0x735A2D97 & WORD
        state.append(z ^ z >> 15)
    x = state[1] * 5 & WORD
    return ((x << 7 | x >> 25) * 9 & WORD) / 2**32


def comparable(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(unicodedata.normalize("NFC", text).split()).lower())


class Annotations:
    """What pycocotools knows of the pictures, by file."""

    def __init__(self, folder: Path):
        with contextlib.redirect_stdout(sys.stderr):
            self.captions = COCO(str(folder / "captions_val2017.json"))
            self.instances = COCO(str(folder / "instances_val2017.json"))
        self.numbers = {image["file_name"]: image["id"] for image in self.instances.imgs.values()}

    def said(self, file: str) -> list[str]:
        """The captions of a picture in the order of the file, those left out that say nothing."""
        rows = self.captions.loadAnns(self.captions.getAnnIds(imgIds=self.numbers[file]))
        return [row["caption"].strip() for row in rows if len(row["caption"].strip()) > 1]

    def categories(self, file: str) -> set[int]:
        return {row["category_id"] for row in self.instances.loadAnns(self.instances.getAnnIds(imgIds=self.numbers[file]))}

    def names(self, file: str) -> list[str]:
        return [category["name"] for category in self.instances.loadCats(sorted(self.categories(file)))]

    def sharing(self, file: str) -> set[str]:
        """Files of the pictures with an object of a category that this picture has."""
        numbers = {number for category in self.categories(file) for number in self.instances.getImgIds(catIds=[category])}
        return {self.instances.imgs[number]["file_name"] for number in numbers}


def distinct_captions(said: list[str]) -> dict[str, int]:
    """Comparable text → place from 1, of the first caption that says it."""
    places = {}
    for place, caption in enumerate(said, 1):
        places.setdefault(comparable(caption), place)
    return places


def withheld_of(said: list[str], seed: int, share: float) -> set[str]:
    draws = {text: first_uniform(seed, f"withheld caption {text}") for text in distinct_captions(said)}
    last = max(draws.values(), default=0)
    return {text for text, draw in draws.items() if draw < share and draw < last}


def expected_queries(annotations: Annotations, roles: dict[str, str], seed: int, share: float):
    """By protocol: query → relevant files; and how many captions are withheld, and learned all the same."""
    catalogue = {file for file, role in roles.items() if role == "catalogue"}
    withheld = {file: withheld_of(annotations.said(file), seed, share) for file in catalogue}
    learned = set()
    for file, role in roles.items():
        if role in ("catalogue", "train"):
            own = [text for text in map(comparable, annotations.said(file)) if text not in withheld.get(file, ())]
            learned.update(own, map(comparable, annotations.names(file)))
    pictures = defaultdict(set)
    for file, texts in withheld.items():
        for text in texts:
            pictures[text].add(file)
    captioned, shared, left_out = {}, {}, 0
    for file in catalogue:
        for text, place in distinct_captions(annotations.said(file)).items():
            if text in withheld[file] and text in learned:
                left_out += 1
            elif text in withheld[file]:
                captioned[f"{file}#caption-{place}"] = pictures[text]
    for file, role in roles.items():
        if role == "test":
            relevant = annotations.sharing(file) & catalogue
            shared |= {f"{file}#caption-{place}": relevant for place in distinct_captions(annotations.said(file)).values()}
    return {"captioned": captioned, "shared": shared}, withheld, left_out


def query_problems(name: str, expected: dict[str, set[str]], qrels: list, run: list, catalogue: int) -> list[str]:
    judged = defaultdict(set)
    for judgement in qrels:
        judged[judgement.query_id].add(judgement.doc_id)
    problems = []
    if dict(judged) != {query: relevant for query, relevant in expected.items() if relevant}:
        wrong = [query for query in expected.keys() | judged.keys() if judged.get(query, set()) != expected.get(query, set())]
        problems.append(f"{name}: {len(wrong)} queries are judged otherwise, {wrong[:3]} among them")
    answered = defaultdict(set)
    for answer in run:
        answered[answer.query_id].add(answer.doc_id)
    if answered.keys() != expected.keys():
        problems.append(f"{name}: {sorted(answered.keys() ^ expected.keys())[:3]} are asked and not expected, or not asked")
    if any(len(documents) != catalogue for documents in answered.values()):
        problems.append(f"{name}: a query does not rank the catalogue")
    return problems


def recall_problems(name: str, expected: dict[str, set[str]], qrels: list, run: list) -> list[str]:
    """Of the captions of one picture, the share whose picture is among the first answers: Recall@K of papers, R@K and Success@K alike."""
    single = {query: next(iter(files)) for query, files in expected.items() if len(files) == 1}
    ranked = defaultdict(list)
    for answer in run:
        ranked[answer.query_id].append((-answer.score, answer.doc_id))
    order = {query: [document for _, document in sorted(ranked[query])] for query in single}
    measures = {depth: (ir_measures.R @ depth, ir_measures.Success @ depth) for depth in (1, 5, 10)}
    theirs = PytrecEvalProvider().calc_aggregate(
        [measure for pair in measures.values() for measure in pair],
        [judgement for judgement in qrels if judgement.query_id in single],
        [answer for answer in run if answer.query_id in single],
    )
    recall = {depth: sum(file in order[query][:depth] for query, file in single.items()) / len(single) for depth in measures}
    print(f"{name}: {len(single)} captions of one picture, {', '.join(f'Recall@{k} {value:.4f}' for k, value in recall.items())}")
    return [
        f"{name}: Recall@{depth} of papers is {recall[depth]}, {measure} {theirs[measure]}"
        for depth, pair in measures.items()
        for measure in pair
        if not math.isclose(recall[depth], theirs[measure], abs_tol=1e-9)
    ]


def figure_problems(name: str, system: str, figures: dict[str, float], qrels: list, run: list) -> list[str]:
    measures = {label: ir_measures.parse_measure(label) for label in figures}
    theirs = PytrecEvalProvider().calc_aggregate(list(measures.values()), qrels, run)
    print(f"{name}, {system}: {', '.join(f'{label} {theirs[measure]:.4f}' for label, measure in measures.items())}")
    return [
        f"{name}, {system}: {label} is {figures[label]:.6f} here and {theirs[measure]:.6f} in ir_measures"
        for label, measure in measures.items()
        if not abs(theirs[measure] - figures[label]) <= TOLERANCE
    ]


def terms(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def bm25_problems(annotations: Annotations, withheld: dict[str, set[str]], run: list) -> list[str]:
    """Every score of bm25 from the captions that are left: a caption that was counted and should not be changes many."""
    files = sorted(withheld)
    documents = []
    for file in files:
        kept = [caption for caption in annotations.said(file) if comparable(caption) not in withheld[file]]
        documents.append([term for text in dict.fromkeys([*kept, *annotations.names(file)]) for term in terms(text)])
    judge = bm25s.BM25(method="lucene", k1=1.2, b=0.75, dtype="float64")
    judge.index(documents, show_progress=False)
    scores = defaultdict(dict)
    for answer in run:
        scores[answer.query_id][answer.doc_id] = answer.score
    worst = 0.0
    for query, ours in scores.items():
        file, place = query.rsplit("#caption-", 1)
        theirs = judge.get_scores(terms(annotations.said(file)[int(place) - 1]))
        worst = max(worst, float(np.max(np.abs(theirs - np.array([ours[file] for file in files])))))
    print(f"bm25s: {len(scores)} captions over {len(files)} pictures; largest difference {worst:.2g}")
    return [] if worst <= 1e-4 else [f"the scores of bm25 are off by up to {worst:.3g}"]


def main(annotations_folder: Path, index: Path, trec: Path, json_file: Path) -> int:
    annotations = Annotations(annotations_folder)
    manifest = json.loads((index / "index.json").read_text(encoding="utf-8"))
    share, seed = manifest["config"]["text"]["withheld"], manifest["seed"]
    table = pyarrow.dataset.dataset(sorted((index / "catalogue").glob("*.parquet"))).to_table(columns=["path", "split"])
    roles = dict(zip(table["path"].to_pylist(), table["split"].to_pylist(), strict=True))
    expected, withheld, left_out = expected_queries(annotations, roles, seed, share)
    evaluation = json.loads(json_file.read_text(encoding="utf-8"))
    problems = [] if evaluation["catalogue"] == len(withheld) else ["the catalogue has another size"]
    if set(evaluation["text"]) != set(expected):
        problems.append(f"the protocols are {sorted(evaluation['text'])}")
    for name, queries in expected.items():
        measured, folder = evaluation["text"][name], trec / f"text-{name}"
        qrels = list(ir_measures.read_trec_qrels(str(folder / "qrels.txt")))
        asked = sum(1 for relevant in queries.values() if relevant)
        found = (measured["queries"], measured["withoutRelevant"], measured["leftOut"]["learned"])
        if found != (asked, len(queries) - asked, left_out if name == "captioned" else 0) or asked < 20:
            problems.append(f"{name}: {found} queries measured, without a relevant picture and learned; expected {asked}, {len(queries) - asked}, {left_out}")
        for system, figures in measured["systems"].items():
            run = list(ir_measures.read_trec_run(str(folder / f"run-{system}.txt")))
            problems += query_problems(f"{name}, {system}", queries, qrels, run, len(withheld))
            problems += figure_problems(name, system, figures, qrels, run)
            if system == "bm25":
                problems += bm25_problems(annotations, withheld, run)
            if name == "captioned":
                problems += recall_problems(f"{name}, {system}", queries, qrels, run)
    for problem in problems[:20]:
        print(f"FAILED: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    sys.exit(main(*map(Path, sys.argv[1:])))
