"""Make 50 random runs to be judged: python make_runs.py FOLDER

One qrels.txt of 60 queries (grades 0 to 3; one query has nothing relevant) and run-00.txt … run-49.txt of 100 to 200
answers per query, better and worse ones. Every other run has many tied scores; some leave a query out, or answer one
that nobody judged.
"""

import random
import sys
from pathlib import Path

QUERIES = 60
DOCUMENTS = 300
RUNS = 50


def main(folder: Path) -> int:
    rng = random.Random(50)
    folder.mkdir(parents=True, exist_ok=True)
    documents = [f"d{i:03}" for i in range(DOCUMENTS)]
    grades = {}
    for query in range(QUERIES):
        judged = rng.sample(documents, rng.randint(20, 80))
        grades[f"q{query}"] = {document: 0 if query == 7 else rng.choice((0, 0, 1, 1, 2, 3)) for document in judged}
    with (folder / "qrels.txt").open("w") as file:
        for query, judged in grades.items():
            file.writelines(f"{query} 0 {document} {grade}\n" for document, grade in judged.items())
    for run in range(RUNS):
        quality = rng.uniform(0, 0.6)
        with (folder / f"run-{run:02}.txt").open("w") as file:
            for query in [*grades, "unjudged"]:
                if rng.random() < 0.02 or (query == "unjudged" and run % 3):
                    continue
                answered = rng.sample(documents, rng.randint(100, 200))
                for rank, document in enumerate(answered, 1):
                    score = rng.gauss(quality * grades.get(query, {}).get(document, 0), 1)
                    text = f"{score:.1f}" if run % 2 else f"{score:.12f}"
                    file.write(f"{query} Q0 {document} {rank} {text} random\n")
    print(f"made {RUNS} runs of {QUERIES} queries")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
