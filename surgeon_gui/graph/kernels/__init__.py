"""TensorFlow's operations in numpy: one function per op or family, found by `evaluate`."""
