"""Searching for formats: try a plan's alternatives on evaluation samples, recomputing only what they change.

* ``incremental``: a base plan with its tensors, and the outputs of a plan that differs from it in some blocks.
* ``bases``: the first base plan, and the next one from it.
* ``cache``: which of the tensors are kept, in the smallest integer type, within so many bytes.
* ``scoring``: what a candidate's outputs are worth, and which samples to try first.
* ``race``: the best of several candidates without finishing the others.
* ``workers``, ``sharing``: candidates in other threads, processes or machines.
* ``evaluator``: the losses of single candidates, given up at a bound.
* ``state``: the file from which an interrupted search goes on.
* ``problem``: a plan and what may be changed in it.
* ``greedy``: one change after the other, the best each time (DoubleQ Algorithm 1).
"""

from hlsq.search.bases import first_base, next_base
from hlsq.search.greedy import GreedySearch, Round, Settings
from hlsq.search.incremental import Base, Candidate
from hlsq.search.problem import Change, Problem
from hlsq.search.scoring import Accuracy, Custom, Scoring, scoring_for

__all__ = [
    "Accuracy",
    "Base",
    "Candidate",
    "Change",
    "Custom",
    "GreedySearch",
    "Problem",
    "Round",
    "Scoring",
    "Settings",
    "first_base",
    "next_base",
    "scoring_for",
]
