"""Rewrites of programs, one file each, named for what it does."""
