"""Real parts killed, frozen and starved while mail is on its way, and the count of what was lost."""
