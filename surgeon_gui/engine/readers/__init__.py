"""One reader per LayerType; each module registers its own."""
