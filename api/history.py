"""How what agents and other systems ask reads."""

from audit.history import verbs

verbs({"tool.called": "asked through a tool about"})
