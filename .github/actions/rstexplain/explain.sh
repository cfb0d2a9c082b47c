#!/usr/bin/env bash
# Explains $CAPTURES, writes the job summary, and leaves the exit code of the gate as an output: the step itself
# succeeds, so that the report is kept before the job fails.
set -uo pipefail
captures=()
while IFS= read -r line; do
	line=${line#"${line%%[![:space:]]*}"}
	line=${line%"${line##*[![:space:]]}"}
	[ -n "$line" ] && captures+=("$line")
done <<<"$CAPTURES"
if [ ${#captures[@]} -eq 0 ]; then
	echo "::error::no captures named: the input captures is empty"
	echo "code=2" >>"$GITHUB_OUTPUT"
	exit
fi
out=$RUNNER_TEMP/rstexplain
rm -rf "$out"
mkdir -p "$out"
gate=()
[ -n "${FAIL_ON:-}" ] && gate+=(--fail-on "$FAIL_ON")
[ -n "${FAIL_SEVERITY:-}" ] && gate+=(--fail-severity "$FAIL_SEVERITY")

rstexplain --format json --output "$out/report.json" ${gate[@]+"${gate[@]}"} -- "${captures[@]}" 2> >(tee "$out/messages.txt" >&2)
code=$?
if [ ! -s "$out/report.json" ]; then
	echo "::error::rstexplain wrote no report"
	echo "code=$code" >>"$GITHUB_OUTPUT"
	exit
fi
for format in html:html md:markdown xml:junit; do
	rstexplain render "$out/report.json" --format "${format#*:}" --output "$out/report.${format%%:*}"
done
cat "$out/report.md" >>"$GITHUB_STEP_SUMMARY"

if [ "${ANNOTATE:-true}" = true ]; then
	n=0
	for capture in "${captures[@]}"; do
		[ -f "$capture" ] || continue # a directory
		n=$((n + 1))
		rstexplain annotate "$capture" --output "$out/$n-$(basename "$capture").pcapng" || true
	done
fi
list=$(rstexplain render "$out/report.json" --format list | grep -v '^#')
{
	echo "resets=$(grep -c . <<<"$list")"
	echo "incidents=$(cut -f 7 <<<"$list" | sort -u | grep -c .)"
	echo "directory=$out"
	echo "code=$code"
} >>"$GITHUB_OUTPUT"
