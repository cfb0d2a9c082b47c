#!/usr/bin/env bash
# Builds a snapshot of a release twice and compares, then installs the .deb below a scratch root, runs the program and
# its manual page, and removes it. It needs goreleaser, dpkg and Go, and no network once the modules are there.
set -euo pipefail
goreleaser=${1:-goreleaser}
cd "$(dirname "$0")/.."
if ! command -v "$goreleaser" >/dev/null; then
	echo "release-check: goreleaser is not installed: go install github.com/goreleaser/goreleaser/v2@v2.15.1" >&2
	exit 1
fi
skip=docker,homebrew,publish,announce
if ! command -v cyclonedx-gomod >/dev/null; then
	echo "release-check: without SBOMs, cyclonedx-gomod is not installed" >&2
	skip+=,sbom
fi
snapshot() { "$goreleaser" release --snapshot --clean --timeout=6h --skip="$skip" >&2; }
sums() { (cd dist/release && find . -maxdepth 1 -name 'rstexplain_*' -type f -print0 | sort -z | xargs -0 sha256sum); }
snapshot
first=$(sums)
if [ "${ONCE:-}" = "" ]; then
	snapshot
	diff <(echo "$first") <(sums) || {
		echo "release-check: a second build gives other bytes" >&2
		exit 1
	}
fi

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates"
touch "$root/var/lib/dpkg/status"
deb=$(ls dist/release/*_amd64.deb | head -n 1)
dpkg --root="$root" --force-not-root --force-depends --install "$deb"
"$root/usr/bin/rstexplain" --version
"$root/usr/bin/rstexplain" --summary testdata/data-after-fin/capture.pcapng
for file in usr/share/man/man1/rstexplain.1.gz usr/share/man/man1/rstexplain.1 usr/share/bash-completion/completions/rstexplain \
	usr/share/zsh/site-functions/_rstexplain usr/share/fish/vendor_completions.d/rstexplain.fish; do
	[ -s "$root/$file" ] && echo "installed: $file"
done
[ -s "$root/usr/share/bash-completion/completions/rstexplain" ]
ls "$root"/usr/share/man/man1/rstexplain.1* >/dev/null
dpkg --root="$root" --force-not-root --remove rstexplain
if [ -e "$root/usr/bin/rstexplain" ]; then
	echo "release-check: the package is not removed" >&2
	exit 1
fi
echo "release-check: passed"
