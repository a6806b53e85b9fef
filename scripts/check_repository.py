#!/usr/bin/env python3
"""Checks what no compiler checks: the repository's own promises. Part of `./dev lint`.

    python3 scripts/check_repository.py [NAME]...

Looks at every file that git tracks or would track. Prints one line per finding and fails if there is any.
Needs nothing but Python's standard library and git.
"""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FILE = 500

# Written so that the pattern does not find itself. A path inside a URL or a longer path is no match.
MACHINE_PATH = re.compile(r"(?<![\w.~$})-])/(?:work|root|home)/[\w.]")
FENCE = re.compile(r"^\s*(```+|~~~+)")
LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
REFERENCE = re.compile(r"^\s*\[[^\]]+\]:\s*<?(\S+?)>?\s*$")
CODE_SPAN = re.compile(r"`[^`]*`")


def repository_files():
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split("\0")
    return sorted(path for name in listed if name and (path := ROOT / name).is_file())


def text_of(path):
    """The file's text; None when it is binary."""
    data = path.read_bytes()
    return None if b"\0" in data else data.decode("utf-8", errors="replace")


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def file_length(files):
    """No Rust file is longer than a reader can hold: a second thing inside wants its own file."""
    for path in files:
        if path.suffix == ".rs":
            lines = text_of(path).count("\n")
            if lines > LONGEST_FILE:
                yield f"{name_of(path)}: {lines} lines, at most {LONGEST_FILE}"


def machine_paths(files):
    """No file names a directory that exists only on the machine of the person who wrote it."""
    for path in files:
        text = text_of(path)
        if text is None or path.suffix == ".csv":
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if MACHINE_PATH.search(line):
                yield f"{name_of(path)}:{number}: absolute path of one machine: {line.strip()[:80]}"


def prose_lines(text):
    """The numbered lines of a Markdown text outside fenced code."""
    fence = None
    for number, line in enumerate(text.splitlines(), 1):
        mark = FENCE.match(line)
        if fence is None and mark:
            fence = mark.group(1)
        elif fence is not None:
            if mark and line.strip().startswith(fence):
                fence = None
        else:
            yield number, line


def anchors(text):
    """The anchors that GitHub gives a document's headings."""
    seen, found = {}, set()
    for _, line in prose_lines(text):
        heading = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if heading:
            title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.group(1))
            slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
            count = seen.get(slug, 0)
            seen[slug] = count + 1
            found.add(f"{slug}-{count}" if count else slug)
    return found


def links(files):
    """Every relative link in a document leads somewhere, and so does its anchor."""
    for path in files:
        if path.suffix != ".md":
            continue
        text = text_of(path)
        for number, line in prose_lines(text):
            line = CODE_SPAN.sub("", line)
            targets = LINK.findall(line) + REFERENCE.findall(line)
            for target in targets:
                if re.match(r"[a-z][a-z0-9+.-]*:", target):
                    continue
                place, _, anchor = target.partition("#")
                there = (path.parent / unquote(place)).resolve() if place else path
                if not there.is_relative_to(ROOT) or not there.exists():
                    yield f"{name_of(path)}:{number}: no such file: {target}"
                elif anchor and there.suffix == ".md" and anchor not in anchors(text_of(there)):
                    yield f"{name_of(path)}:{number}: no such heading: {target}"


def crates_in_architecture(text):
    """What ARCHITECTURE.md names: `crates/core` anywhere, or an indented `core/` in the tree below `crates/`."""
    named = set(re.findall(r"\b((?:crates|services)/[a-z][a-z0-9_-]*)", text))
    parent = None
    for line in text.splitlines():
        top = re.match(r"(\S+?)/(?=\s|$)", line)
        if top or not line.startswith(" "):
            parent = top.group(1) if top and top.group(1) in ("crates", "services") else None
        elif parent:
            leading = re.match(r"\s+((?:[a-z][a-z0-9_-]*/\s*)+)", line)
            for child in re.findall(r"[a-z0-9_-]+(?=/)", leading.group(1)) if leading else []:
                named.add(f"{parent}/{child}")
    return named


def architecture(_files):
    """ARCHITECTURE.md names the crates that exist, all of them and no others."""
    page = ROOT / "ARCHITECTURE.md"
    if not page.exists():
        yield "ARCHITECTURE.md: missing"
        return
    named = crates_in_architecture(text_of(page))
    present = {
        f"{manifest.parent.parent.name}/{manifest.parent.name}"
        for folder in ("crates", "services")
        for manifest in ROOT.glob(f"{folder}/*/Cargo.toml")
    }
    for crate in sorted(present - named):
        yield f"ARCHITECTURE.md: does not mention {crate}"
    for crate in sorted(named - present):
        yield f"ARCHITECTURE.md: mentions {crate}, which does not exist"


CHECKS = {"file-length": file_length, "machine-paths": machine_paths, "links": links, "architecture": architecture}


def main(names):
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        sys.exit(f"unknown check: {', '.join(unknown)}; there are: {', '.join(CHECKS)}")
    files = repository_files()
    failed = False
    for name in names or CHECKS:
        findings = list(CHECKS[name](files))
        failed = failed or bool(findings)
        print(f"  {name}: {'ok' if not findings else len(findings)}")
        for finding in findings:
            print(f"    {finding}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
