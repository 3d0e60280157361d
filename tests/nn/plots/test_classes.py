"""Confusions and mistakes hold what was counted by hand, and say what is wrong with labels and scores."""

from typing import Any

import numpy as np
import pytest

import nn
from autograd import DtypeError, ShapeError

plots: Any = nn.plots  # so that wrong calls need no excuse


class TestConfusion:
    def test_counts(self) -> None:
        generator = np.random.default_rng(0)
        labels, guesses = generator.integers(0, 4, (2, 50))
        by_hand = [[sum(labels[guesses == guess] == label) for guess in range(4)] for label in range(4)]
        ax = plots.confusion_matrix(labels, guesses)
        shown = ax.images[0].get_array()
        assert isinstance(shown, np.ma.MaskedArray)
        np.testing.assert_array_equal(shown.data, by_hand)
        np.testing.assert_array_equal(shown.mask, np.eye(4, dtype=bool))
        assert f"{np.trace(by_hand)} of 50 right" in ax.get_title()
        written = {text.get_position(): int(text.get_text()) for text in ax.texts}
        assert written == {(j, i): n for i, row in enumerate(by_hand) for j, n in enumerate(row) if n}
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("guess", "label")

    def test_scores_are_guesses_and_tell_the_classes(self) -> None:
        ax = plots.confusion_matrix(nn.Parameter(np.zeros(2)).data.astype(int), np.array([[0, 3, 1], [5, 1, 2]]))
        assert ax.images[0].get_array().data.tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 0]]

    def test_names_and_many_classes(self) -> None:
        ax = plots.confusion_matrix([0, 1], [1, 1], names=["cat", "$\\dog"])
        assert [text.get_text() for text in ax.get_xticklabels()] == ["cat", "\\$\\dog"]
        ax.figure.canvas.draw()
        many = plots.confusion_matrix(np.arange(30), np.arange(30))
        assert not many.texts
        plots.confusion_matrix(np.zeros(0, int), np.zeros((0, 3))).figure.canvas.draw()

    def test_errors(self) -> None:
        with pytest.raises(ShapeError, match=r"has 2 rows, but labels of shape \(2, 2\): use labels.argmax\(axis=1\)"):
            plots.confusion_matrix(np.eye(2), [0, 1])
        with pytest.raises(ShapeError, match=r"labels of shape \(3,\): they should have shape \(2,\)"):
            plots.confusion_matrix([0, 1, 1], [0, 1])
        with pytest.raises(DtypeError, match=r"class indices, but have dtype float64: use labels.astype\(int\)"):
            plots.confusion_matrix([0.0, 1.0], [0, 1])
        with pytest.raises(ShapeError, match=r"not float64 of shape \(2,\)"):
            plots.confusion_matrix([0, 1], [0.0, 1.0])
        with pytest.raises(ValueError, match="the label -1 is below 0"):
            plots.confusion_matrix([0, -1], [0, 1])
        with pytest.raises(ValueError, match="has 2 classes, 0 to 1, but there is a class 2"):
            plots.confusion_matrix([0, 2], np.eye(2))
        with pytest.raises(ValueError, match="has 3 classes, but 2 names"):
            plots.confusion_matrix([0, 1], np.eye(2, 3), names=["a", "b"])
        with pytest.raises(DtypeError, match="draws numbers, but guesses has dtype <U1"):
            plots.confusion_matrix([0], ["a"])


class TestMistakes:
    logits = np.array([[3.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 4.0], [2.0, 0.0, 0.0]])
    labels = (0, 0, 1, 2)  # the first is right; the worst is row 2, then 3, then 1

    def test_the_surest_come_first_with_their_pictures(self) -> None:
        images = np.random.default_rng(0).random((4, 5, 6))
        ax = plots.mistakes(images, self.labels, self.logits, names="abc")
        assert [text.get_text().splitlines()[0] for text in ax.texts] == ["b → c", "c → a", "a → b"]
        for picture, row in zip(ax.images, (2, 3, 1), strict=True):
            np.testing.assert_array_equal(picture.get_array(), images[row])
        e = np.exp(4)
        assert ax.texts[0].get_text() == f"b → c\n{e / (e + 2):.1%}"
        assert ax.get_title().startswith("3 mistakes")
        few = plots.mistakes(images, self.labels, self.logits, count=2)
        assert (len(few.images), few.get_title()[:20]) == (2, "The 2 worst of 3 mis")

    def test_they_are_listed_in_the_order_of_the_number_shown(self) -> None:
        scores = np.array([[0.01, 0.50, 0.49], [0.04, 0.96, 0.0], [0.30, 0.60, 0.10]])
        ax = plots.mistakes(np.zeros((3, 9)), [0, 0, 0], scores)
        assert [text.get_text().splitlines()[1] for text in ax.texts] == ["96.0%", "60.0%", "50.0%"]
        few = plots.mistakes(np.zeros((3, 9)), [0, 0, 0], scores, count=2)  # the two whose losses are largest
        assert [text.get_text().splitlines()[1] for text in few.texts] == ["96.0%", "50.0%"]

    def test_logits_and_probabilities_are_the_same(self) -> None:
        probabilities = nn.functional.softmax(self.logits, axis=1)
        expected = [text.get_text() for text in plots.mistakes(np.zeros((4, 9)), self.labels, self.logits).texts]
        for scores in (probabilities, np.log(probabilities)):
            ax = plots.mistakes(np.zeros((4, 9)), self.labels, scores)
            assert [text.get_text() for text in ax.texts] == expected

    @pytest.mark.parametrize(
        ("shape", "drawn"),
        [((4, 9), (3, 3)), ((4, 1, 5, 6), (5, 6)), ((4, 3, 5, 6), (5, 6, 3)), ((4, 5, 6, 3), (5, 6, 3))],
    )
    def test_shapes_of_images(self, shape: tuple[int, ...], drawn: tuple[int, ...]) -> None:
        images = np.random.default_rng(0).normal(size=shape)
        ax = plots.mistakes(images, self.labels, self.logits)
        assert {np.shape(picture.get_array()) for picture in ax.images} == {drawn}
        ax.figure.canvas.draw()

    def test_no_mistakes(self) -> None:
        ax = plots.mistakes(np.zeros((2, 4)), [0, 1], np.eye(2))
        assert (ax.get_title(), len(ax.images)) == ("No mistakes", 0)
        ax.figure.canvas.draw()

    def test_errors(self) -> None:
        images = np.zeros((4, 5, 6))
        with pytest.raises(ShapeError, match=r"not \(4, 10\): use images.reshape\(n, height, width\)"):
            plots.mistakes(np.zeros((4, 10)), self.labels, self.logits)
        with pytest.raises(ShapeError, match=r"has 4 images, but scores of shape \(3, 3\)"):
            plots.mistakes(images, self.labels, self.logits[:3])
        with pytest.raises(ShapeError, match=r"not \(4, 1\): for one probability p a row use np.stack"):
            plots.mistakes(images, self.labels, self.logits[:, :1])
        with pytest.raises(ValueError, match="3 of the scores are nan or infinite"):
            plots.mistakes(images, self.labels, np.where(self.logits > 1, np.nan, 0.0))
        with pytest.raises(ValueError, match="there is a class 5"):
            plots.mistakes(images, [0, 1, 5, 2], self.logits)
        with pytest.raises(ValueError, match="count=0 images"):
            plots.mistakes(images, self.labels, self.logits, count=0)
