#!/usr/bin/env python3
"""Makes one net of several that answer the same question: its answer is the mean of theirs.

  merge.py OUT NET.onnx NET.onnx ...

All take `image` and give `probabilities`. Needs Debian's python3-onnx.
"""
import sys

import onnx
from onnx import compose, helper


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    nodes, weights, answers = [], [], []
    for i, path in enumerate(sys.argv[2:]):
        net = compose.add_prefix(onnx.load(path), f"{i}_")
        for node in net.graph.node:
            node.input[:] = ["image" if name == f"{i}_image" else name for name in node.input]
        nodes += net.graph.node
        weights += net.graph.initializer
        answers.append(f"{i}_probabilities")
    nodes.append(helper.make_node("Mean", answers, ["probabilities"]))
    first = onnx.load(sys.argv[2])
    graph = helper.make_graph(nodes, "mean", first.graph.input, first.graph.output, weights)
    merged = helper.make_model(graph, opset_imports=first.opset_import, ir_version=first.ir_version)
    onnx.checker.check_model(merged)
    onnx.save(merged, sys.argv[1])


if __name__ == "__main__":
    main()
