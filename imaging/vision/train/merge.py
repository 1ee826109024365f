#!/usr/bin/env python3
"""Makes one net of several that answer the same question: its answer is the mean of theirs.

  merge.py OUT NET.onnx NET.onnx ...
  merge.py --half OUT NET.onnx NET.onnx ...

All take `image` and give `probabilities`. With --half the weights are kept in half precision, in half the
room; they are reckoned with as floats all the same. Needs Debian's python3-onnx and python3-numpy.
"""
import sys

import numpy as np
import onnx
from onnx import compose, helper, numpy_helper


def halved(graph):
    """Weights as halves, each made a float again by a node of its own, which the runtime does once."""
    casts, weights = [], []
    for w in graph.initializer:
        value = numpy_helper.to_array(w)
        if value.dtype != np.float32 or value.size < 64:
            weights.append(w)
            continue
        weights.append(numpy_helper.from_array(value.astype(np.float16), w.name + "_half"))
        casts.append(helper.make_node("Cast", [w.name + "_half"], [w.name], to=onnx.TensorProto.FLOAT))
    return casts, weights


def main():
    half = "--half" in sys.argv
    paths = [a for a in sys.argv[1:] if a != "--half"]
    if len(paths) < 2:
        sys.exit(__doc__)
    nodes, weights, answers = [], [], []
    for i, path in enumerate(paths[1:]):
        net = compose.add_prefix(onnx.load(path), f"{i}_")
        for node in net.graph.node:
            node.input[:] = ["image" if name == f"{i}_image" else name for name in node.input]
        casts, own = halved(net.graph) if half else ([], net.graph.initializer)
        nodes += casts
        nodes += net.graph.node
        weights += own
        answers.append(f"{i}_probabilities")
    nodes.append(helper.make_node("Mean", answers, ["probabilities"]))
    first = onnx.load(paths[1])
    graph = helper.make_graph(nodes, "mean", first.graph.input, first.graph.output, weights)
    merged = helper.make_model(graph, opset_imports=first.opset_import, ir_version=first.ir_version)
    onnx.checker.check_model(merged)
    onnx.save(merged, paths[0])


if __name__ == "__main__":
    main()
