#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The pages in docs/ are well formed and say what the program's own --help says; README.md keeps its
# size and names every folder; what the documents point at exists.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/net/tap.sh
. tests/net/tap.sh
hayrake=build/hayrake

page_clean() { # PAGE
	local said
	said=$(groff -mdoc -ww -z -Tutf8 "$1" 2>&1; man --warnings -l "$1" 2>&1 >/dev/null)
	is "$said" ""
}

commands() {
	$hayrake --help | sed -n 's/^  hayrake \([a-z]*\) .*/\1/p' | sort
}

# Options as "-i --interface VALUE", from --help and from a page's list of options. ROLE's default
# and other parts of a value in brackets are left out.
options_of_help() { # COMMAND
	$hayrake "$1" --help | grep '^  ' | cut -c3-36 | sed 's/,/ /; s/\[.*//' |
		awk '{ $1 = $1; print }' | sort
}

options_of_page() { # PAGE
	sed -n '/^\.Sh OPTIONS/,/^\.El/s/^\.It //p' "$1" |
		sed 's/ Ns .*//; s/Fl \([^ ]*\)/-\1/g; s/Ar //g; s/,/ /' |
		awk '{ $1 = $1; print }' | sort
}

options_agree() { # COMMAND
	local page=docs/hayrake-$1.8
	[ -n "$(options_of_page "$page")" ] &&
		diff <(options_of_help "$1") <(options_of_page "$page")
}

pages_of_commands() {
	is "$(printf '%s\n' docs/hayrake-*.8 | sed 's,.*hayrake-\(.*\)\.8,\1,' | sort)" \
		"$(commands)"
}

readme_size() {
	local lines
	lines=$(wc -l <README.md)
	if [ "$lines" -lt 60 ] || [ "$lines" -gt 100 ]; then
		echo "$lines lines"
		return 1
	fi
}

readme_folders() {
	local folder missing=
	for folder in $(git ls-files | sed -n 's,^\([^.][^/]*/\).*,\1,p' | sort -u); do
		grep -qF "\`$folder" README.md || missing="$missing $folder"
	done
	is "$missing" ""
}

# shellcheck disable=SC2016 # a literal
# Paths in backquotes and links in parentheses. Files that make builds are not asked for.
document_paths() { # DOCUMENT
	local path top missing=""
	top=$(dirname "$1")
	for path in \
		$(sed -n '/^```/,/^```/!p' "$1" |
			grep -oE '`[a-z_.]+/[A-Za-z0-9_./-]*`' | tr -d '`') \
		$(grep -oE '\]\([^)#:]+' "$1" | cut -c3-); do
		case $path in build/* | /*) continue ;; esac
		[ -e "$path" ] || [ -e "$top/$path" ] || missing="$missing $path"
	done
	is "$missing" ""
}

if [ ! -x $hayrake ]; then
	echo "nothing is built: say make all"
	exit 77
fi
for page in docs/*.8; do
	tap "$page: no warning" page_clean "$page"
done
tap "every command has a page, every page a command" pages_of_commands
for command in $(commands); do
	tap "hayrake-$command.8: the options of --help, no others" options_agree "$command"
done
tap "README.md has 60 to 100 lines" readme_size
tap "README.md names every folder" readme_folders
for document in README.md docs/*.md; do
	tap "$document: what it points at exists" document_paths "$document"
done
tap_end
