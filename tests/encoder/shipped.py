"""The weights that ship, back from their eight bits, so that training can go on from them."""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from tests.encoder.network import Network


def take_shipped(network: Network, path: Path) -> None:
    """Fill a network with what was exported to ``path``; the frozen words stay as they are.

    Each weight comes back to within half a step of its column's 127 steps. ValueError where the
    file holds another network.
    """
    graph = onnx.load(str(path)).graph
    held = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    found: dict[str, Tensor] = {
        name.removeprefix("network."): torch.from_numpy(value.copy())
        for name, value in held.items()
        if name.startswith("network.") and value.dtype == np.float32 and value.ndim
    }
    for node in graph.node:
        if node.op_type == "MatMulInteger":
            weights, zero = held[node.input[1]], held[node.input[3]]
            steps = held[node.input[1].removesuffix("quantized") + "scale"]
            real = (weights.astype(np.float32) - zero.astype(np.float32)) * steps
            # "/network/layers.0/q/MatMul_quant", "/network/severity/Gemm_MatMul_quant"
            name = ".".join(node.name.split("/")[2:-1])
            found[f"{name}.weight"] = torch.from_numpy(real.T.copy())
    state = network.state_dict()
    wanted = set(state) - {"word.weight"}
    taken = {name: value for name, value in found.items() if name in wanted}
    if missing := sorted(wanted - set(taken)):
        raise ValueError(f"{path} lacks {', '.join(missing[:5])}")
    network.load_state_dict(state | taken)
