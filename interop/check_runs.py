"""ir_measures and ranx judge the runs that Neurodex judged: python check_runs.py FOLDER EVALUATE.json COMPARE.json

FOLDER is what make_runs.py wrote, EVALUATE.json what `evaluate --run … --qrels … --json` printed of all runs,
COMPARE.json what `compare … --qrels … --json` printed of some. Every figure must be that of ir_measures (pytrec_eval, the
code of trec_eval) to four digits; of runs without tied scores, whose order ranx settles otherwise, also that of ranx. The
p-values must be those of ranx's Fisher randomisation test and SciPy's permutation test within what sampling leaves, and
Holm's correction that of statsmodels.
"""

import json
import math
import sys
from pathlib import Path

import ir_measures
import numpy as np
import ranx
from ir_measures.providers.pytrec_eval_provider import PytrecEvalProvider
from ranx.statistical_tests import fisher_randomization_test
from scipy.stats import permutation_test
from statsmodels.stats.multitest import multipletests

TOLERANCE = 0.5e-4
OURS = 100_000
THEIRS = 20_000
RANX_NAMES = {
    "AP": "map", "AP@10": "map@10", "P@10": "precision@10", "R@100": "recall@100", "RR": "mrr", "nDCG@10": "ndcg@10",
    "nDCG": "ndcg", "Success@1": "hit_rate@1", "Rprec": "r-precision",
}  # fmt: skip


def close(ours: float, theirs: float) -> bool:
    return abs(ours - theirs) <= TOLERANCE


def ranx_scores(qrels: dict, run: dict, measure: str) -> dict[str, float]:
    """Values by query; a judged query that the run leaves out has 0."""
    judged = {query: {d: g for d, g in grades.items() if g > 0} for query, grades in qrels.items()}
    asked = [query for query in judged if judged[query] and query in run]
    values = ranx.evaluate(
        ranx.Qrels({query: judged[query] for query in asked}),
        ranx.Run({query: run[query] for query in asked}),
        RANX_NAMES[measure],
        return_mean=False,
    )
    scores = dict.fromkeys(qrels, 0.0)
    scores.update(zip(sorted(asked), values, strict=True))
    return scores


def figure_problems(folder: Path, systems: dict, qrels: list, grades: dict) -> list[str]:
    problems = []
    checked = {"ir_measures": 0, "ranx": 0}
    for name, figures in systems.items():
        run = list(ir_measures.read_trec_run(str(folder / Path(name).name)))
        measures = {label: ir_measures.parse_measure(label) for label in figures}
        theirs = PytrecEvalProvider().calc_aggregate(list(measures.values()), qrels, run)
        answers: dict[str, dict[str, float]] = {}
        for answer in run:
            answers.setdefault(answer.query_id, {})[answer.doc_id] = answer.score
        tied = any(len(set(scores.values())) < len(scores) for scores in answers.values())
        for label, measure in measures.items():
            checked["ir_measures"] += 1
            if not close(figures[label], theirs[measure]):
                problems.append(f"{name}: {label} is {figures[label]:.6f} here, {theirs[measure]:.6f} in ir_measures")
            if tied or label not in RANX_NAMES:
                continue
            checked["ranx"] += 1
            other = float(np.mean(list(ranx_scores(grades, answers, label).values())))
            if not close(figures[label], other):
                problems.append(f"{name}: {label} is {figures[label]:.6f} here and {other:.6f} in ranx")
    print(f"{len(systems)} runs: " + ", ".join(f"{n} figures compared with {who}" for who, n in checked.items()))
    return problems if min(checked.values()) > 0 else [*problems, f"too little was compared: {checked}"]


def test_problems(folder: Path, tests: list[dict], grades: dict) -> list[str]:
    problems = []
    runs: dict[str, dict] = {}
    for name in {name for test in tests for name in test["systems"]}:
        answers = runs.setdefault(name, {})
        for answer in ir_measures.read_trec_run(str(folder / Path(name).name)):
            answers.setdefault(answer.query_id, {})[answer.doc_id] = answer.score
    furthest = 0.0
    for test in tests:
        a, b = (np.array(list(ranx_scores(grades, runs[name], test["measure"]).values())) for name in test["systems"])
        label = f"{test['measure']} of {' and '.join(test['systems'])}"
        if not close(test["difference"], float((a - b).mean())):
            problems.append(f"{label}: the difference is {test['difference']} here, {(a - b).mean()} in ranx")
        by_ranx, _ = fisher_randomization_test(a, b, n_permutations=THEIRS)
        by_scipy = permutation_test(
            (a - b,), lambda x, axis: x.mean(axis=axis), permutation_type="samples", n_resamples=THEIRS, vectorized=True, rng=1
        ).pvalue  # fmt: skip
        # With what one draw varies by: SciPy doubles the smaller of two one-sided probabilities.
        others = {"SciPy": (by_scipy, by_scipy * (2 - by_scipy)), "ranx": (by_ranx, by_ranx * (1 - by_ranx))}
        if test["measure"].startswith("P@"):
            # Many patterns give the very same difference here, and ranx leaves no room for rounding when it compares.
            del others["ranx"]
        for who, (p, variance) in others.items():
            ours = max(test["p"] * (1 - test["p"]), 1 / OURS)
            errors = abs(p - test["p"]) / math.sqrt(ours / OURS + max(variance, 1 / THEIRS) / THEIRS)
            furthest = max(furthest, errors)
            if errors > 5:
                problems.append(f"{label}: p is {test['p']:.5f} here and {p:.5f} in {who}")
    holm = multipletests([test["p"] for test in tests], method="holm")[1]
    problems += [
        f"p after Holm's correction is {test['pHolm']} here and {theirs} in statsmodels"
        for test, theirs in zip(tests, holm, strict=True)
        if abs(test["pHolm"] - theirs) > 1e-9
    ]
    print(f"{len(tests)} tests compared with ranx, SciPy and statsmodels; at most {furthest:.1f} standard errors apart")
    return problems if tests else ["no test to compare"]


def main(folder: Path, evaluated: Path, compared: Path) -> int:
    qrels = list(ir_measures.read_trec_qrels(str(folder / "qrels.txt")))
    grades: dict[str, dict[str, int]] = {}
    for judgement in qrels:
        grades.setdefault(judgement.query_id, {})[judgement.doc_id] = judgement.relevance
    systems = json.loads(evaluated.read_text(encoding="utf-8"))["systems"]
    problems = figure_problems(folder, systems, qrels, grades)
    problems += test_problems(folder, json.loads(compared.read_text(encoding="utf-8"))["tests"], grades)
    if len(systems) != len(list(folder.glob("run-*.txt"))):
        problems.append(f"{len(systems)} runs were judged")
    for problem in problems[:20]:
        print(f"FAILED: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(*map(Path, sys.argv[1:])))
