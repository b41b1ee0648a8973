"""Reads the Public Suffix List and writes it with domains beyond ASCII in Punycode (RFC 3492)."""

import sys
import unicodedata


def ascii_label(label):
    if label.isascii():
        return label
    return "xn--" + unicodedata.normalize("NFC", label.lower()).encode("punycode").decode()


for line in sys.stdin:
    # Comments stay: they divide the list into sections.
    if line.strip() and not line.startswith("//"):
        line = ".".join(ascii_label(label) for label in line.split()[0].split(".")) + "\n"
    sys.stdout.write(line)
