"""Named rewrites, a module for each family; see `surgeon_gui.rewrite.actions`."""
