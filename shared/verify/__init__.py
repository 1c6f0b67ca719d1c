"""The invariants of the whole history, recomputed from what is stored (security.md 3.1)."""

from shared.verify.findings import Finding, Progress
from shared.verify.whole import verify, verify_by_processes

__all__ = ["Finding", "Progress", "verify", "verify_by_processes"]
