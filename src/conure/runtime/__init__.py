"""Runs artifacts: loading, calling, the worker pool, the cache, snapshots, events."""
