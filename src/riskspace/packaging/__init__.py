"""A fitted pipeline as a float64 ONNX graph, and the proof that both answer alike."""
