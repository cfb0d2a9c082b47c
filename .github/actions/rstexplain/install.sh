#!/usr/bin/env bash
# Installs rstexplain from a release, unless it is installed already. The archive must match the release's checksums.
set -euo pipefail
if command -v rstexplain >/dev/null; then
	rstexplain --version
	exit
fi
case "$(uname -s)-$(uname -m)" in
Linux-x86_64) name=linux_amd64.tar.gz ;;
Linux-aarch64) name=linux_arm64.tar.gz ;;
Darwin-x86_64) name=darwin_amd64.tar.gz ;;
Darwin-arm64) name=darwin_arm64.tar.gz ;;
*)
	echo "::error::no release of rstexplain for $(uname -s) on $(uname -m); install it before this action"
	exit 2
	;;
esac
dir=$RUNNER_TEMP/rstexplain-bin
mkdir -p "$dir"
cd "$dir"
tag=()
[ "$VERSION" = latest ] || tag=("$VERSION")
gh release download "${tag[@]}" --repo rstexplain/rstexplain --pattern "*_$name" --pattern SHA256SUMS --clobber
grep "_$name\$" SHA256SUMS | if command -v sha256sum >/dev/null; then sha256sum -c -; else shasum -a 256 -c -; fi
tar -xzf ./*_"$name" rstexplain
echo "$dir" >>"$GITHUB_PATH"
"$dir/rstexplain" --version
