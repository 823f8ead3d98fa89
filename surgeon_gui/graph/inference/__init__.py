"""Static shape and dtype inference: one function per op or family, found by `shapes.infer_node`."""
