"""The doctor's checks: each made to fail for real once, and well on a good set-up."""
