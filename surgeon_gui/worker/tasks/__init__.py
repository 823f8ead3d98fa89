"""A module per kind of job."""
