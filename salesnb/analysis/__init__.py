"""One question a module, one frozen result a question."""
