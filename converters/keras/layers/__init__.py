"""One file per layer family; every module of this folder is loaded, so a new family is one new file."""
