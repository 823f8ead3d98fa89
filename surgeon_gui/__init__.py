"""Graph Surgeon: takes a TensorFlow graph to TensorRT by surgery."""

__version__ = "0.1.0"
