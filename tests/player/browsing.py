"""What tests do in a browser, and what they show it."""

from typing import Any

import numpy as np

import nn
from autograd import Value


def press(browser: Any, *keys: str) -> None:
    browser.switch_to.active_element.send_keys(*keys)


def text(browser: Any, selector: str) -> str:
    return str(browser.execute_script("return document.querySelector(arguments[0]).textContent", selector))


def texts(browser: Any, selector: str) -> list[str]:
    script = "return [...document.querySelectorAll(arguments[0])].map(each => each.textContent)"
    return list(browser.execute_script(script, selector))


def shown(browser: Any, selector: str) -> list[str]:
    script = """return [...document.querySelectorAll(arguments[0])]
        .filter(each => each.style.display !== 'none').map(each => each.tagName === 'g'
            ? [...each.querySelectorAll('text')].map(part => part.textContent).join('') : each.textContent)"""
    return list(browser.execute_script(script, selector))


def exactly(browser: Any, place: int) -> dict[str, str]:
    """Choose a step in the list, and return the numbers in full that the details have under each heading."""
    script = """document.getElementById('item' + arguments[0]).click();
        return Object.fromEntries([...document.querySelectorAll('#details .number')]
            .map(each => [each.previousElementSibling.textContent, each.textContent.replace('−', '-')]))"""
    return dict(browser.execute_script(script, place))


def small() -> tuple[Value, dict[str, Value]]:
    a, b = Value(2.0), Value(-3.0)
    return (a * b + a * 3.5).tanh() * a, {"a": a, "b": b}


def model() -> tuple[Any, Any, nn.Module]:
    layers = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1))
    return lambda x: (layers(x) ** 2).mean(), np.ones((3, 4), np.float32), layers
