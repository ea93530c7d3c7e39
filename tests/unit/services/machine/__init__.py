"""A campaign against a model of it, through random verbs and random outcomes of workers."""
