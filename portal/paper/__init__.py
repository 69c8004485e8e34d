"""Paper: what people print and file, as PDF."""
