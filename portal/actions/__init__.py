"""The verbs: what people do. An action changes rows, records it and writes its letters; it never commits."""
