#!/usr/bin/env python3
"""Makes vectors/ anew: contents coded by the reference tools (gzip, zlib as Python has it, zstd, brotli).

tests/coding/contents.rs makes the same contents. A file's name says which content it has, how it was made, and its coding.
"""
import pathlib
import subprocess
import zlib

FOLDER = pathlib.Path(__file__).parent / "vectors"


def lines(count):
    words = ["GET", "HEAD", "PUT", "OPTIONS", "POST", "DELETE", "PATCH", "TRACE"]
    return "".join(
        f"{i} {words[i * i % 8]} /item/{i * i * 7919 % 9973}?page={i * 31 % 600} HTTP/1.1\n" for i in range(count)
    ).encode()


def noise(count):
    number, made = 1, bytearray()
    for _ in range(count):
        number = (number * 6364136223846793005 + 1442695040888963407) % 2**64
        made.append(number >> 56)
    return bytes(made)


CONTENTS = {
    "empty": b"",
    "short": b"hello, hello, hello",
    "lines": lines(4000),
    "noise": noise(3000),
    "zeros": bytes(300_000),
    # Far apart repetitions, and what does not compress in between.
    "mixed": lines(300) + noise(2000) + lines(300) + bytes(70000) + noise(2000) + lines(320),
}


def run(command, content):
    return subprocess.run(command, input=content, stdout=subprocess.PIPE, check=True).stdout


def zstd(content, *options):
    return run(["zstd", "-q", "-c", *options], content)


def zstd_sized(content, *options):
    path = pathlib.Path("/tmp/xenon-vector")
    path.write_bytes(content)
    coded = run(["zstd", "-q", "-c", *options, str(path)], b"")
    path.unlink()
    return coded


def gzip(content, *options):
    return run(["gzip", "-n", "-c", *options], content)


def deflate(content, bits, level=9, strategy=zlib.Z_DEFAULT_STRATEGY):
    coder = zlib.compressobj(level, zlib.DEFLATED, bits, 9, strategy)
    return coder.compress(content) + coder.flush()


def flushed(content):
    coder = zlib.compressobj(6, zlib.DEFLATED, 31)
    pieces = [content[at : at + 500] for at in range(0, len(content), 500)]
    return b"".join(coder.compress(piece) + coder.flush(zlib.Z_SYNC_FLUSH) for piece in pieces) + coder.flush()


def write(name, coded):
    (FOLDER / name).write_bytes(coded)


def main():
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    for name, content in CONTENTS.items():
        write(f"{name}.gzip", gzip(content))
        write(f"{name}-zlib.deflate", deflate(content, 15))
        write(f"{name}-raw.deflate", deflate(content, -15))
        write(f"{name}.zstd", zstd_sized(content))
        write(f"{name}-unsized-unchecked.zstd", zstd(content, "--no-check"))
        write(f"{name}.br", run(["brotli", "-c", "-q", "11"], content))
    short, mixed, many = CONTENTS["short"], CONTENTS["mixed"], CONTENTS["lines"]
    write("mixed-fast.gzip", gzip(mixed, "-1"))
    write("mixed-flushed.gzip", flushed(mixed))
    write("noise-stored.deflate", deflate(CONTENTS["noise"], 15, 0))
    write("mixed-fixed.deflate", deflate(mixed, -15, 9, zlib.Z_FIXED))
    write("short-huffman.deflate", deflate(short, -9, 9, zlib.Z_HUFFMAN_ONLY))
    write("mixed-runs.deflate", deflate(mixed, 12, 9, zlib.Z_RLE))
    write("short-members.gzip", gzip(short[:7]) + gzip(b"") + gzip(short[7:]))
    for level in ["--fast=7", "-1", "-6", "-12", "-19"]:
        write(f"mixed-level{level}.zstd", zstd_sized(mixed, level))
    write("lines-level-19.zstd", zstd(many, "-19"))
    write("lines-blocks.zstd", zstd(many, "-5", "-B50000", "--zstd=wlog=16"))
    skippable = b"\x5a\x2a\x4d\x18\x05\0\0\0abcde" + b"\x50\x2a\x4d\x18\0\0\0\0"
    write("short-frames.zstd", skippable + zstd(short[:7]) + zstd(b"") + skippable + zstd_sized(short[7:]) + skippable)
    for quality in ["0", "5", "9"]:
        write(f"mixed-quality{quality}.br", run(["brotli", "-c", "-q", quality], mixed))
    write("lines-window.br", run(["brotli", "-c", "-w", "10"], many))


main()
