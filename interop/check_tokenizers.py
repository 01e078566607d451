"""PyPI's tokenizers reads a tokenizer.json that Neurodex trained: python check_tokenizers.py FOLDER

FOLDER is what write_tokenizer.ts wrote. Every string must have the same ids in both, and the ids must give the string back
without its spaces. The trainer of tokenizers must learn the same merges, in the same order, of the same corpus.
"""

import json
import sys
import unicodedata
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer

FEWEST = 10_000


def string_problems(tokenizer: Tokenizer, strings: list[dict]) -> list[str]:
    problems = []
    for string in strings:
        text, ids = string["text"], string["ids"]
        theirs = tokenizer.encode(text).ids
        if theirs != ids:
            problems.append(f"{text!r} is {ids} here and {theirs} in tokenizers")
        elif tokenizer.decode(ids) != unicodedata.normalize("NFC", text).replace(" ", ""):
            problems.append(f"{text!r} comes back as {tokenizer.decode(ids)!r}")
    return problems


def training_problems(tokenizer: Tokenizer, file: dict, corpus: list[str], vocabulary: int) -> list[str]:
    """Their trainer, with the parts of the tokenizer that was loaded."""
    other = Tokenizer(BPE())
    other.normalizer, other.pre_tokenizer = tokenizer.normalizer, tokenizer.pre_tokenizer
    alphabet = ByteLevel.alphabet()
    other.train_from_iterator(
        corpus, BpeTrainer(vocab_size=vocabulary, min_frequency=2, initial_alphabet=alphabet, show_progress=False)
    )
    theirs, ours = json.loads(other.to_str())["model"], file["model"]
    problems = []
    if sorted(alphabet) != sorted(ours["vocab"], key=ours["vocab"].get)[:256]:
        problems.append("the tokens of single bytes are not sorted(ByteLevel.alphabet())")
    for at, (left, right) in enumerate(zip(ours["merges"], theirs["merges"])):
        if left != right:
            problems.append(f"merge {at} is {left} here and {right} in tokenizers")
            break
    if ours["vocab"] != theirs["vocab"]:
        problems.append(f"{len(ours['vocab'])} tokens here, {len(theirs['vocab'])} in tokenizers, and they are not the same")
    return problems


def main(folder: Path) -> int:
    file = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    strings = texts["strings"]
    problems = [] if len(strings) >= FEWEST else [f"{len(strings)} strings, and there should be {FEWEST}"]
    problems += string_problems(tokenizer, strings)
    problems += training_problems(tokenizer, file, texts["corpus"], texts["vocabulary"])
    tokens = sum(len(string["ids"]) for string in strings)
    print(f"{len(strings)} strings, {tokens} tokens of {tokenizer.get_vocab_size()}, {len(file['model']['merges'])} merges")
    for problem in problems[:20]:
        print(f"FAILED: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
