"""A headless Chromium for tests of pages; None where it or Selenium is not installed."""

import shutil

from processes import HANG_SECONDS

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.support.wait import WebDriverWait
except ImportError:
    webdriver = None

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
IS_THERE = webdriver is not None and CHROMIUM is not None and DRIVER is not None

OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    "--hide-scrollbars",
)


def start(downloads):
    """A browser that saves downloads in a folder; the caller quits it."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for option in OPTIONS:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    return webdriver.Chrome(options=options, service=Service(DRIVER))


def resize(browser, width):
    """Show a page of this width."""
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def wait_for_download(path):
    """Wait until a file is there as a whole: Chromium puts an empty one in its place at first."""
    wait_for(lambda: path.exists() and path.stat().st_size)


def wait_for(what):
    """What a function returns once it is true."""
    return WebDriverWait(None, HANG_SECONDS, poll_frequency=0.02).until(lambda _: what())
