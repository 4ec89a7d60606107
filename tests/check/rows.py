#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""rows.py SCHEMA...: every line of stdin follows one of docs/SCHEMA.schema.json, and has no member
that the schema does not name; prints how many lines of which event there were."""
import collections
import json
import sys

import jsonschema


def closed(node):
    """The same schema, in which an object with named members may have no others."""
    if isinstance(node, dict):
        node = {key: closed(value) for key, value in node.items()}
        if 'properties' in node:
            node['additionalProperties'] = False
    return [closed(value) for value in node] if isinstance(node, list) else node


schemas = []
for name in sys.argv[1:]:
    with open(f'docs/{name}.schema.json', encoding='utf-8') as f:
        schemas.append(closed(json.load(f)))
    jsonschema.Draft202012Validator.check_schema(schemas[-1])

checker = jsonschema.FormatChecker()
validators = [jsonschema.Draft202012Validator(s, format_checker=checker) for s in schemas]
counts = collections.Counter()
for line in sys.stdin:
    row = json.loads(line)
    errors = [list(v.iter_errors(row)) for v in validators]
    if all(errors):
        sys.exit(f'{line}: ' + '; '.join(e.message for found in errors for e in found))
    counts[row['event']] += 1
print(' '.join(f'{event}:{n}' for event, n in sorted(counts.items())))
sys.exit(not counts)
