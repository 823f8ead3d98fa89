"""One exporter per layer kind; each module registers its own."""
