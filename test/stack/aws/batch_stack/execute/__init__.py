"""Ways to run one attempt."""
