"""What TensorFlow nodes stand for a UFF operation; a new one is a function in a module here."""
