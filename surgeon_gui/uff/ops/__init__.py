"""A converter to UFF per operation; a new one is a function in one of these modules."""
