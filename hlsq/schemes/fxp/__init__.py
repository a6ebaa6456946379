"""What the schemes of FxP-QNet are made of: data-structures, initial formats, costs, their optimisation, reduction.

The words are the paper's: a *data-structure* is one tensor with a word length and a fraction length of its own.
"""
