"""ir_measures computes the figures that Neurodex prints: python check_measures.py TREC_FOLDER EVALUATE.json REPORT.json

TREC_FOLDER holds qrels.txt and run-SYSTEM.txt as `evaluate --trec` writes them, EVALUATE.json what `evaluate --json`
prints of the same index. Every measure but IA, which is of the indexing task and no TREC measure, is computed by
pytrec_eval (trec_eval's own code) and must agree to four digits. A run ranks the whole catalogue for every query, once.
REPORT.json is what `report --json` prints: its precision at eleven levels of recall must be trec_eval's.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import ir_measures
from ir_measures.providers.pytrec_eval_provider import PytrecEvalProvider

TOLERANCE = 0.5e-4


def run_problems(system: str, run: list, queries: set[str], catalogue: int) -> list[str]:
    answers = Counter(answer.query_id for answer in run)
    documents = {(answer.query_id, answer.doc_id) for answer in run}
    problems = []
    if set(answers) != queries:
        problems.append(f"{system}: {len(set(answers) ^ queries)} queries are only in the run or only in the qrels")
    if len(documents) != len(run):
        problems.append(f"{system}: {len(run) - len(documents)} answers repeat a document")
    problems += [
        f"{system}: query {query} has {count} answers, the catalogue {catalogue} pictures"
        for query, count in answers.items()
        if count != catalogue
    ]
    return problems


def figure_problems(system: str, figures: dict[str, float], qrels: list, run: list) -> list[str]:
    names = [name for name in figures if not name.startswith("IA@")]
    measures = {name: ir_measures.parse_measure(name) for name in names}
    theirs = PytrecEvalProvider().calc_aggregate(list(measures.values()), qrels, run)
    problems = []
    for name, measure in measures.items():
        difference = abs(theirs[measure] - figures[name])
        if not difference <= TOLERANCE:
            problems.append(f"{system}: {name} is {figures[name]:.6f} here and {theirs[measure]:.6f} in ir_measures")
    if not names:
        problems.append(f"{system}: no figure to compare")
    else:
        print(f"{system}: {', '.join(f'{name} {theirs[measures[name]]:.4f}' for name in names)}")
    return problems


def curve_problems(system: str, precision: list[float], qrels: list, run: list) -> list[str]:
    levels = [ir_measures.IPrec @ (level / 10) for level in range(11)]
    theirs = PytrecEvalProvider().calc_aggregate(levels, qrels, run)
    return [
        f"{system}: {level} is {ours:.6f} in the report and {theirs[level]:.6f} in ir_measures"
        for level, ours in zip(levels, precision, strict=True)
        if not abs(theirs[level] - ours) <= TOLERANCE
    ]


def main(folder: Path, json_file: Path, report_file: Path) -> int:
    evaluation = json.loads(json_file.read_text(encoding="utf-8"))
    curves = json.loads(report_file.read_text(encoding="utf-8"))["curves"]
    qrels = list(ir_measures.read_trec_qrels(str(folder / "qrels.txt")))
    queries = {judgement.query_id for judgement in qrels}
    problems = []
    if len(queries) != evaluation["queries"]:
        problems.append(f"{len(queries)} queries in the qrels, {evaluation['queries']} in the JSON")
    runs = {file.stem.removeprefix("run-") for file in folder.glob("run-*.txt")}
    if runs != set(evaluation["systems"]) or not runs:
        problems.append(f"runs of {sorted(runs)}, figures of {sorted(evaluation['systems'])}")
    for system in sorted(runs & set(evaluation["systems"])):
        run = list(ir_measures.read_trec_run(str(folder / f"run-{system}.txt")))
        problems += run_problems(system, run, queries, evaluation["catalogue"])
        problems += figure_problems(system, evaluation["systems"][system], qrels, run)
        problems += curve_problems(system, curves[system]["precision"], qrels, run)
    for problem in problems[:20]:
        print(f"FAILED: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(*map(Path, sys.argv[1:])))
