"""Language models small enough to enumerate, and what trains them."""
