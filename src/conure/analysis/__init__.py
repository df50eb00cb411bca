"""Proofs about programs: what runs in parallel, what cannot fail, what may be reordered."""
