"""Print scores of the estimators on sets of scikit-learn, trained and untrained, and of baselines."""

import argparse

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import twinohm

SETS = {"iris": load_iris, "wine": load_wine, "breast-cancer": load_breast_cancer, "diabetes": load_diabetes}
parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("sets", nargs="*", metavar="SET", help=f"{', '.join(SETS)}; none: all")
parser.add_argument("--boards", type=int, default=8, help="number of virtual boards, seeds 0, 1, ..")
given = parser.parse_args()


def untrained(kind):
    """Return a kind of estimator whose taps are set to 64 after training."""

    class Untrained(kind):
        def fit(self, X, y):
            """Train, then forget."""
            super().fit(X, y)
            self.taps_ = np.full_like(self.taps_, 64)
            return self

    return Untrained


def folds(kind, X, y, cv):
    """Return the median of the scores of the boards, with the lowest and the highest."""
    scores = [cross_val_score(kind(seed=seed), X, y, cv=cv).mean() for seed in range(given.boards)]
    return f"{np.median(scores):.3f} [{min(scores):.3f}, {max(scores):.3f}]"


for name in given.sets or SETS:
    X, y = SETS[name](return_X_y=True)
    number = name == "diabetes"
    cv = (KFold if number else StratifiedKFold)(5, shuffle=True, random_state=0)
    kind = twinohm.TwinRegressor if number else twinohm.TwinClassifier
    base = LinearRegression() if number else LogisticRegression()
    dummy = DummyRegressor() if number else DummyClassifier()
    print(
        name,
        folds(kind, X, y, cv),
        folds(untrained(kind), X, y, cv),
        *(f"{cross_val_score(one, X, y, cv=cv).mean():.3f}" for one in (dummy, make_pipeline(StandardScaler(), base))),
        flush=True,
    )
