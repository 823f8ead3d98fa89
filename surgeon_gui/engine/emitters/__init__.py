"""One emitter per layer kind; each module registers its own."""
