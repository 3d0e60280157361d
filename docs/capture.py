"""Record the README's animation of the player: a browser plays a neuron's page, and its frames become a GIF.

``python docs/capture.py`` writes ``docs/images/player.gif``. It needs chromium with its driver, selenium and Pillow.
"""

import argparse
import io
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from autograd import Value, player  # noqa: E402 - found through the path set above

PICTURE = ROOT / "docs" / "images" / "player.gif"
WIDTH, HEIGHT, SCALE = 940, 590, 800 / 940  # of the page, and how much of it a pixel of the picture shows
COLOURS = 128
FRAME = 150  # milliseconds
FRAMES = 6  # of one step
FIRST, LAST = 900, 2400  # milliseconds before the first step and after the last
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars")


def neuron(x: Value, w: Value, b: Value) -> Value:
    """Return the output of a neuron of one input."""
    return (x * w + b).tanh()


def browser(folder: str) -> Any:
    """Start a browser whose window is as large as the picture."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in (*FLAGS, f"--user-data-dir={folder}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": SCALE, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    light = {"features": [{"name": "prefers-color-scheme", "value": "light"}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", light)
    return driver


def shot(driver: Any, moment: int) -> Image.Image:
    """Take a screenshot of the page, with its animation `moment` milliseconds after a step."""
    driver.execute_script(
        "document.getAnimations().forEach(each => { each.pause(); each.currentTime = arguments[0]; })", moment
    )
    return Image.open(io.BytesIO(driver.get_screenshot_as_png())).convert("RGB")


def record(driver: Any) -> list[tuple[Image.Image, int]]:
    """Play the page from its start to its end, and return frames with their milliseconds."""
    frames = [(shot(driver, 0), FIRST)]
    for _ in range(int(driver.execute_script("return document.getElementById('time').max"))):
        driver.execute_script("document.getElementById('step').click()")
        frames += [(shot(driver, moment * FRAME), FRAME) for moment in range(FRAMES)]
    return [*frames, (frames[-1][0], LAST)]


def main() -> None:
    """Write the picture, with one palette for all frames so that nothing flickers."""
    with tempfile.TemporaryDirectory() as folder:
        page = player(neuron, Path(folder) / "page.html", Value(2.0), Value(-0.75), Value(1.0))
        driver = browser(str(Path(folder) / "profile"))
        try:
            driver.get(page.as_uri())
            frames = record(driver)
        finally:
            driver.quit()
    both = Image.new("RGB", (frames[0][0].width, 2 * frames[0][0].height))
    both.paste(frames[0][0], (0, 0))  # what has no gradient has colours of its own
    both.paste(frames[-1][0], (0, frames[0][0].height))
    palette = both.quantize(COLOURS, dither=Image.Dither.NONE)
    images = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image, _ in frames]
    durations = [duration for _, duration in frames]
    images[0].save(PICTURE, save_all=True, append_images=images[1:], duration=durations, loop=0, optimize=True)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    main()
