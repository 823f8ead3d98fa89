"""Everything that needs TensorRT or CUDA; imported in worker processes only.

The modules import neither at load time, so that a machine without them can still say so.
"""
