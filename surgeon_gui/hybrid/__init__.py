"""TensorRT segments with TensorFlow around them: planned, built into a folder, run, verified."""
