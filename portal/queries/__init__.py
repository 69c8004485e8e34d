"""The questions: every SELECT that is more than a load by id. Nothing here changes anything."""
