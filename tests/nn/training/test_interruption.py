"""Ctrl-C as a request, in loops of one's own."""

import signal

import pytest

from nn.training import Interruption


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def test_notes_the_first_and_raises_on_the_second() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interruption("") as interruption:
        assert not interruption.requested
        press()
        assert interruption.requested
        with pytest.raises(KeyboardInterrupt):
            press()
    assert signal.getsignal(signal.SIGINT) is before


def test_the_outer_one_speaks_and_raises(capfd: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interruption("outer") as outer:
        with Interruption("inner") as inner:
            press()
            assert inner.requested
            with pytest.raises(KeyboardInterrupt):
                press()
        with Interruption("later") as later:
            assert later.requested
        assert outer.requested
    assert capfd.readouterr().err == "outer"
    assert signal.getsignal(signal.SIGINT) is before


def test_what_an_inner_one_ended_with_does_not_outlast_the_outer() -> None:
    with Interruption(""), Interruption("") as inner:
        press()
    assert inner.requested
    with Interruption("") as fresh:
        assert not fresh.requested
