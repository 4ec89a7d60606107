#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""style.py includes|licences|widths|blanks|functions|files|words: where files break that rule."""
import fnmatch
import os
import re
import sys

LIBRARIES = {'bpf', 'event2', 'gelf.h', 'json-c', 'libelf.h', 'libpsl.h', 'pcap', 'pcap.h'}
LINE_MAX, FUNCTION_MAX, FILE_MAX = 100, 80, 600


def project_files():
    for folder, folders, names in os.walk('.'):
        folders[:] = [f for f in folders if f not in ('.git', 'build', '__pycache__')]
        for name in names:
            path = os.path.normpath(os.path.join(folder, name))
            if os.path.isfile(path) and not os.path.islink(path):
                yield path


def is_code(path):
    """C, scripts (known by their first line) and the Makefile; prose and data have other rules."""
    if path.endswith(('.c', '.h', '.sh', '.py')) or path == 'Makefile':
        return True
    with open(path, 'rb') as f:
        return f.read(2) == b'#!'


FILES = sorted(p for p in project_files() if is_code(p))
C_FILES = [p for p in FILES if p.endswith(('.c', '.h'))]


def lines(path):
    with open(path, encoding='utf-8') as f:
        return f.read().split('\n')


def fits(name, pattern):
    """As a shell does it: * does not cross a slash."""
    return name.count('/') == pattern.count('/') and fnmatch.fnmatchcase(name, pattern)


def allowed_of(path):
    """The patterns of the first line of deps.txt that fits."""
    lists = {}
    for line in lines('tests/check/deps.txt'):
        pattern, _, rest = line.partition(':')
        if ' = ' in line and not line.startswith('#'):
            name, _, rest = line.partition(' = ')
            lists[name] = rest.split()
        elif not line.startswith('#') and fits(path, pattern):
            return [p for word in rest.split() for p in lists.get(word, [word])]
    return []


def header_name(path, header):
    """As deps.txt has it: below user/, or headers/ and bpf/ from the top."""
    folder = os.path.dirname(path)
    for place in (folder, 'user', 'headers', 'bpf'):
        found = os.path.normpath(os.path.join(place, header))
        if os.path.exists(found):
            return found.removeprefix('user/')
    return header


def is_free(path, header):
    """The C library's and the kernel's headers are, for user space."""
    return path.startswith('user/') and header.split('/')[0] not in LIBRARIES


def includes():
    for path in C_FILES:
        if not path.startswith(('user/', 'headers/', 'bpf/')):
            continue
        for number, line in enumerate(lines(path), 1):
            found = re.match(r'#\s*include ([<"])([^>"]*)', line)
            if not found or found[1] == '<' and is_free(path, found[2]):
                continue
            name = found[2] if found[1] == '<' else header_name(path, found[2])
            if not any(fits(name, p) for p in allowed_of(path)):
                yield f'{path}:{number}: may not include {name}'


def licences():
    for path in FILES:
        if 'SPDX-License-Identifier: GPL-2.0-or-later' not in ''.join(lines(path)[:2]):
            yield f'{path}: no SPDX line'


def widths():
    """But for a test's list of sources, which the Makefile wants in one line, and the Makefile."""
    for path in FILES:
        for number, line in enumerate(lines(path), 1):
            width = len(line.expandtabs(8))
            if width > LINE_MAX and 'sources:' not in line and path != 'Makefile':
                yield f'{path}:{number}: {width} columns'


def blanks():
    for path in FILES:
        for number, line in enumerate(lines(path), 1):
            if line != line.rstrip():
                yield f'{path}:{number}: ends with blanks'


def functions():
    """A function stands between a line that is { and one that is }."""
    for path in C_FILES:
        start = 0
        for number, line in enumerate(lines(path), 1):
            if line == '{':
                start = number
            elif line == '}' and start:
                if number - start - 1 > FUNCTION_MAX:
                    yield f'{path}:{start}: a function of {number - start - 1} lines'
                start = 0


def files():
    for path in C_FILES:
        count = len(lines(path)) - 1
        if path.endswith('.c') and path.startswith(('user/', 'bpf/')) and count > FILE_MAX:
            yield f'{path}: {count} lines'


def words():
    for path in FILES:
        for number, line in enumerate(lines(path), 1):
            if re.search(r'\b(TO' r'DO|FIX' r'ME|X' r'XX)\b', line):
                yield f'{path}:{number}: {line.strip()}'


def main():
    checks = {f.__name__: f for f in (includes, licences, widths, blanks, functions, files, words)}
    if len(sys.argv) != 2 or sys.argv[1] not in checks:
        sys.exit(__doc__)
    wrong = list(checks[sys.argv[1]]())
    print('\n'.join(wrong))
    sys.exit(bool(wrong))


main()
