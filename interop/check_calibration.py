"""scikit-learn judges our calibration: python check_calibration.py FOLDER

FOLDER holds what interop/write_calibration.ts writes: `calibration.json` with random examples and what we make of them. The values of
isotonic regressions, the probabilities of penalised logistic regressions and of Platt scaling, Brier scores, reliability
curves, AUROC, false-positive rates and the F1 of sets must be those of scikit-learn; conformal quantiles those of
numpy.quantile; calibration errors, the standard error of DeLong et al. and the best threshold those of their definitions.
Largest difference: 1e-9; of logistic regressions 1e-6, of Platt scaling 1e-4, where scikit-learn's own solvers stop.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
import sklearn
from sklearn.calibration import _SigmoidCalibration, calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, f1_score, roc_auc_score, roc_curve
from sklearn.preprocessing import StandardScaler

TOLERANCE = 1e-9


class Judge:
    """Collects the largest difference of each kind, and what is too far off."""

    def __init__(self):
        self.worst = {}
        self.count = {}
        self.problems = []

    def compare(self, kind, number, ours, theirs, tolerance=TOLERANCE):
        ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
        self.count[kind] = self.count.get(kind, 0) + ours.size
        if ours.shape != theirs.shape or ours.size == 0:
            self.problems.append(f"{kind} {number}: {ours.shape} values of ours, {theirs.shape} of theirs")
            return
        error = float(np.max(np.abs(ours - theirs)))
        self.worst[kind] = max(self.worst.get(kind, 0.0), error)
        if not error <= tolerance:
            self.problems.append(f"{kind} {number}: off by {error:.3g}")


def isotonic(judge, number, task):
    x, y = np.array(task["x"]), np.array(task["y"])
    weights = np.array(task.get("weights", np.ones(len(x))))
    if task["shrink"] > 0:
        # The two invented points.
        x, y = np.r_[x, x.min(), x.max()], np.r_[y, 1, 0]
        weights = np.r_[weights, task["shrink"], task["shrink"]]
    theirs = IsotonicRegression(out_of_bounds="clip").fit(x, y, weights).predict(task["at"])
    judge.compare("isotonic regression", number, task["whole"], theirs)
    judge.compare("isotonic regression by fewer knots", number, task["reduced"], theirs, task["deviation"] + TOLERANCE)
    if task["knots"] > 64:
        judge.problems.append(f"isotonic regression {number}: {task['knots']} knots")


def logistic(judge, number, task):
    rows, labels, weights, model = np.array(task["rows"]), task["labels"], task.get("weights"), task["model"]
    scaler = StandardScaler().fit(rows, sample_weight=weights)
    theirs = LogisticRegression(C=1 / task["l2"], tol=1e-12, max_iter=100_000, solver="newton-cholesky")
    theirs.fit(scaler.transform(rows), labels, sample_weight=weights)
    judge.compare("means and scales of features", number, [model["means"], model["scales"]], [scaler.mean_, scaler.scale_])
    judge.compare("logistic regression: weights", number, [*model["weights"], model["bias"]], [*theirs.coef_[0], *theirs.intercept_], 1e-6)
    judge.compare("logistic regression: probabilities", number, task["probabilities"], theirs.predict_proba(scaler.transform(rows))[:, 1], 1e-6)
    if not model["converged"]:
        judge.problems.append(f"logistic regression {number} has not converged")


def platt(judge, number, task):
    theirs = _SigmoidCalibration().fit(np.array(task["scores"]), np.array(task["labels"]))
    judge.compare("Platt scaling", number, task["probabilities"], theirs.predict(np.array(task["scores"])), 1e-4)


def conformal(judge, number, task):
    scores, n = np.array(task["scores"]), len(task["scores"])
    rank = math.ceil(round((n + 1) * task["confidence"], 9))
    if (rank > n) != (task["quantile"] is None) or (n < task["fewest"]) != (rank > n):
        judge.problems.append(f"conformal quantile {number}: {task['quantile']} of {n} scores at {task['confidence']}")
    if rank > n:
        return
    # Between two steps, so that rounding chooses neither.
    theirs = np.quantile(scores, (rank - 0.5) / n, method="inverted_cdf")
    judge.compare("conformal quantile", number, [task["quantile"]], [theirs], 0)
    # At (rank − 1)/(n − 1), less half a step, `higher` takes the same score. At rank/n it takes the next one.
    higher = np.quantile(scores, max(0, rank - 1.5) / max(1, n - 1), method="higher") if rank > 1 else scores.min()
    judge.compare("conformal quantile by `higher`", number, [task["quantile"]], [higher], 0)


def probabilities(judge, number, task):
    confidences, right = np.array(task["confidences"]), np.array(task["right"])
    weights = np.array(task.get("weights", np.ones(len(right))))
    inside = np.digitize(confidences, np.linspace(0, 1, task["bins"] + 1)[1:-1])
    gaps = np.bincount(inside, weights * (right - confidences), minlength=task["bins"])
    judge.compare("calibration error", number, [task["error"]], [np.abs(gaps).sum() / weights.sum()])
    judge.compare("Brier score", number, [task["brier"]], [brier_score_loss(right, confidences, sample_weight=weights, pos_label=1)])
    accuracy, confidence = calibration_curve(right, confidences, n_bins=task["bins"], pos_label=1)
    ours = [[part["accuracy"] for part in task["curve"]], [part["confidence"] for part in task["curve"]]]
    judge.compare("reliability curve", number, ours, [accuracy, confidence])


def detection(judge, number, task):
    known, unknown = np.array(task["known"]), np.array(task["unknown"])
    truth, scores = np.r_[np.ones(len(known)), np.zeros(len(unknown))], np.r_[known, unknown]
    judge.compare("AUROC", number, [task["auroc"]], [roc_auc_score(truth, scores)])
    pairs = (known[:, None] > unknown) + 0.5 * (known[:, None] == unknown)
    error = np.sqrt(pairs.mean(1).var(ddof=1) / len(known) + pairs.mean(0).var(ddof=1) / len(unknown))
    judge.compare("standard error of AUROC", number, [task["standardError"]], [error])
    false, true, _ = roc_curve(truth, scores, drop_intermediate=False)
    judge.compare("false-positive rate", number, [task["rate"]], [false[np.argmax(true >= 0.95)]])


def sets_at(task, threshold):
    """Relevant and returned pictures as matrices: those that are in no answer stand at the end."""
    width = max(len(answers) for answers in task["lists"]) + 4
    relevant = np.zeros((len(task["lists"]), width), bool)
    returned = np.zeros_like(relevant)
    for q, (answers, total) in enumerate(zip(task["lists"], task["totals"], strict=True)):
        for i, answer in enumerate(answers):
            relevant[q, i] = answer["relevant"]
            returned[q, i] = answer["score"] >= threshold
        missed = total - int(relevant[q].sum())
        relevant[q, len(answers) : len(answers) + missed] = True
    return relevant, returned


def f1_at(task, threshold):
    return f1_score(*sets_at(task, threshold), average="samples", zero_division=1.0)


def sets(judge, number, task):
    relevant, returned = sets_at(task, 0.5)
    half, hits, sizes = task["half"], (relevant & returned).sum(1), returned.sum(1)
    judge.compare("F1 of sets", number, [half["f1"]], [f1_at(task, 0.5)])
    ours = [half[name] for name in ("coverage", "meanSize", "medianSize", "emptyShare")]
    judge.compare("coverage and sizes", number, ours, [(hits > 0).mean(), sizes.mean(), np.median(sizes), (sizes == 0).mean()])
    tried = {threshold: f1_at(task, threshold) for threshold in {a["score"] for answers in task["lists"] for a in answers} | {np.inf}}
    best = max(tried.values())
    chosen = np.inf if task["best"]["threshold"] is None else task["best"]["threshold"]
    judge.compare("best F1 of a threshold", number, [task["best"]["f1"], tried[chosen]], [best, best])
    if chosen != max(threshold for threshold, f1 in tried.items() if f1 >= best - 1e-12):
        judge.problems.append(f"best threshold {number}: {chosen} is not the highest")


CHECKS = [isotonic, logistic, platt, conformal, probabilities, detection, sets]


def main(folder: Path) -> int:
    tasks = json.loads((folder / "calibration.json").read_text())
    judge = Judge()
    for check in CHECKS:
        for number, task in enumerate(tasks[check.__name__]):
            check(judge, number, task)
    print(f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}")
    for kind, count in judge.count.items():
        print(f"  {kind}: {count} values, largest difference {judge.worst.get(kind, math.nan):.2g}")
    for problem in judge.problems:
        print(f"FAILED: {problem}")
    return 1 if judge.problems else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
