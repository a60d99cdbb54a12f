"""Who may do what: pure rules over roles, tokens and claims."""
