"""Tables on their way into the portal: their columns, what is wrong with a row, step by step (S9)."""
