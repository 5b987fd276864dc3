"""Asks a JSON API for the weather. usage: python client.py [URL]"""

import json
import sys
import urllib.error
import urllib.request

DEFAULT = "https://api.example.com/v1/forecast"


def fetch(url, timeout=5):
    """The decoded JSON answer."""
    request = urllib.request.Request(url, headers={"Accept": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout) as response:
        return json.load(response)


def main():
    url = sys.argv[1] if len(sys.argv) > 1 else DEFAULT
    try:
        forecast = fetch(url)
    except urllib.error.URLError as error:
        print(f"cannot fetch {url}: {error.reason}", file=sys.stderr)
        return 1
    print(f"{forecast['place']}: {forecast['temperature']} degrees")
    return 0


if __name__ == "__main__":
    sys.exit(main())
